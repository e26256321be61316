package main

import (
	"bufio"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"chengshu/app"
	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/kernel/geo"
	"chengshu/kernel/identity"
)

func (c *cli) user() *cobra.Command {
	cmd := &cobra.Command{
		Use: "user", Short: "Organisations, people, posts and passwords",
		Long: "Organisations, people, posts and passwords.\n\nWithout --as the commands act as the system: access to the machine is the permission, and the journal names the\n" +
			"operating system's user. With --as USERNAME they act as that administrator, whose password is read from\nCHENGSHU_PASSWORD or the first line of the input, and within that administrator's power: people and posts are the\n" +
			"system administrator's, roles the security administrator's. Either way the three powers never meet in one person.",
	}
	cmd.PersistentFlags().String("as", "", "act as this administrator")
	cmd.AddCommand(c.userBootstrap(), c.userOrg(), c.userAdd(), c.userList(), c.userPost(), c.userDisable(), c.userEnable(), c.userPassword())
	return cmd
}

// operated is what a command of the operator works with.
type operated struct {
	*cli
	app   *app.App
	actor identity.Actor
}

// operate opens the app and runs fn as the operator.
func (c *cli) operate(cmd *cobra.Command, fn func(o *operated) error) error {
	a, err := c.open(cmd)
	if err != nil {
		return err
	}
	defer a.Close()
	o := &operated{cli: c, app: a, actor: operator()}
	as := cmd.Flags().Lookup("as") // commands that only look have none
	if as == nil || as.Value.String() == "" {
		return fn(o)
	}
	password := os.Getenv("CHENGSHU_PASSWORD")
	if password == "" {
		line, err := bufio.NewReader(c.in).ReadString('\n')
		if password = strings.TrimRight(line, "\r\n"); password == "" {
			return fault.New(fault.Anonymous, "signin.failed").With(err)
		}
	}
	in, err := a.Identity.SignIn(cmd.Context(), as.Value.String(), password, identity.Meta{Via: "cli", Agent: "chengshu", Request: operator().Request})
	if err != nil {
		return err
	}
	defer func() { _ = a.Identity.SignOut(cmd.Context(), in.Token) }()
	if o.actor, err = a.Identity.Authenticate(cmd.Context(), in.Token, ""); err != nil {
		return err
	}
	o.actor.Via, o.actor.Request = "cli", operator().Request
	return fn(o)
}

// operator is the system on behalf of whoever runs the command; the journal keeps the name in the request.
func operator() identity.Actor {
	a := identity.System("cli")
	a.Request = "cli"
	if u, err := user.Current(); err == nil {
		a.Request = "cli:" + u.Username
	}
	return a
}

// find gives the account of a username.
func (o *operated) find(cmd *cobra.Command, username string) (identity.Standing, error) {
	all, err := o.app.Identity.Review(cmd.Context(), identity.System("cli"))
	if err != nil {
		return identity.Standing{}, err
	}
	for _, s := range all {
		if s.Username == identity.Username(username) {
			return s, nil
		}
	}
	return identity.Standing{}, fault.New(fault.NotFound, "user.unknown", "username", username)
}

func (c *cli) userBootstrap() *cobra.Command {
	return &cobra.Command{
		Use: "bootstrap", Short: "Make the three first administrators with random passwords, shown once", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := c.open(cmd)
			if err != nil {
				return err
			}
			defer a.Close()
			made, err := a.Bootstrap(cmd.Context())
			if err != nil {
				return err
			}
			for _, m := range made {
				fmt.Fprintf(c.out, "%s\t%s\t%s\n", m.Role, m.Username, m.Password)
			}
			return nil
		},
	}
}

func (c *cli) userOrg() *cobra.Command {
	var o identity.Organisation
	cmd := &cobra.Command{
		Use: "org PATH", Short: "Make an organisation or change its name, \"/county/water/\"", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.operate(cmd, func(x *operated) error {
				o.Path = args[0]
				if err := x.app.Identity.SaveOrg(cmd.Context(), x.actor, o); err != nil {
					return err
				}
				_, err := fmt.Fprintf(c.out, "%s %s\n", o.Path, o.Name)
				return fault.Wrap("print", err)
			})
		},
	}
	cmd.Flags().StringVar(&o.Name, "name", "", "its name")
	cmd.Flags().StringVar(&o.Kind, "kind", "", "what it is: bureau, township, village …")
	must(cmd, "name")
	return cmd
}

func (c *cli) userAdd() *cobra.Command {
	var p identity.Person
	var post identity.Post
	cmd := &cobra.Command{
		Use: "add USERNAME", Short: "Make a person with an account; the random first password is shown once", Args: cobra.ExactArgs(1),
		Long: "Make a person with an account. The random first password is shown once and must be changed at the first sign-in.\nWith --org the person gets a post as by \"chengshu user post\".",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.operate(cmd, func(o *operated) error {
				if post.Org != "" || len(post.Roles) > 0 {
					if err := o.checkPost(post); err != nil { // before anything is made
						return err
					}
				}
				made, password, err := o.app.Identity.CreatePerson(cmd.Context(), o.actor, p, args[0])
				if err != nil {
					return err
				}
				fmt.Fprintf(c.out, "%s\t%s\t%s\n", identity.Username(args[0]), made.ID, password)
				if post.Org == "" {
					return nil
				}
				post.Person = made.ID
				return o.savePost(cmd, post)
			})
		},
	}
	cmd.Flags().StringVar(&p.Name, "name", "", "the person's name")
	cmd.Flags().StringVar(&p.Phone, "phone", "", "the person's telephone number")
	postFlags(cmd, &post)
	must(cmd, "name")
	return cmd
}

func postFlags(cmd *cobra.Command, p *identity.Post) {
	cmd.Flags().StringVar(&p.Org, "org", "", "organisation of the post, \"/county/water/\"")
	cmd.Flags().StringVar(&p.Area, "area", "", "area the post covers, \"/\" is the whole county")
	cmd.Flags().StringSliceVar(&p.Roles, "role", nil, "roles of the post; repeat or separate by commas")
	cmd.Flags().StringVar(&p.From, "from", "", "first day, yyyy-mm-dd")
	cmd.Flags().StringVar(&p.To, "to", "", "last day, yyyy-mm-dd")
}

func must(cmd *cobra.Command, names ...string) {
	for _, n := range names {
		if err := cmd.MarkFlagRequired(n); err != nil {
			panic(err) // a name that is no flag: a defect of this file
		}
	}
}

// checkPost refuses what the post names and is not there, and roles that one person may not hold together.
func (o *operated) checkPost(p identity.Post) error {
	if _, ok := o.app.Identity.Directory().Org(p.Org); !ok {
		return fault.New(fault.NotFound, "identity.org", "path", p.Org)
	}
	for _, r := range p.Roles {
		if o.app.Policy.Role(r) == nil {
			return fault.New(fault.Invalid, "identity.role", "role", r)
		}
	}
	if parts := strings.Split(strings.Trim(p.Area, "/"), "/"); p.Area != "" && p.Area != "/" {
		index, code := o.app.Atlas.Index(), parts[len(parts)-1]
		_, area := index.Area(code)
		if _, grid := index.Grid(geo.General, code); !area && !grid {
			return fault.New(fault.NotFound, "field.unknown.area", "id", p.Area)
		}
	}
	return o.app.Policy.Compatible(p.Roles)
}

// savePost makes or changes a post and gives it its roles, which are two powers and two entries.
func (o *operated) savePost(cmd *cobra.Command, p identity.Post) error {
	saved, err := o.app.Identity.SavePost(cmd.Context(), o.actor, p)
	if err != nil {
		return err
	}
	if len(p.Roles) > 0 {
		if err := o.app.Identity.Grant(cmd.Context(), o.actor, saved.ID, p.Roles); err != nil {
			fmt.Fprintf(o.out, "post %s has been saved without roles\n", saved.ID)
			return err
		}
		saved.Roles = p.Roles
	}
	_, err = fmt.Fprintln(o.out, "post", describe(saved))
	return fault.Wrap("print", err)
}

func (c *cli) userPost() *cobra.Command {
	var p identity.Post
	cmd := &cobra.Command{
		Use: "post USERNAME", Short: "Give a person a post, or change one of theirs", Args: cobra.ExactArgs(1),
		Long: "Give a person a post, or with --id change one of theirs: what is not named stays, except that a post which moves or is\nprolonged loses its roles, because they were granted for that place and term: name them again.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.operate(cmd, func(o *operated) error {
				who, err := o.find(cmd, args[0])
				if err != nil {
					return err
				}
				next := p
				next.Person = who.Person
				if p.ID != "" {
					if next, err = o.changedPost(cmd, who.Person, p); err != nil {
						return err
					}
				}
				if err := o.checkPost(next); err != nil {
					return err
				}
				return o.savePost(cmd, next)
			})
		},
	}
	postFlags(cmd, &p)
	cmd.Flags().StringVar(&p.ID, "id", "", "the post to change; \"chengshu user list\" shows it")
	return cmd
}

// changedPost is a person's post with what the flags say. Roles are set only where they are named.
func (o *operated) changedPost(cmd *cobra.Command, person string, p identity.Post) (identity.Post, error) {
	member, ok := o.app.Identity.Directory().Member(person)
	if !ok {
		return p, fault.New(fault.NotFound, "identity.person", "id", person)
	}
	at := slices.IndexFunc(member.Posts, func(q identity.Post) bool { return q.ID == p.ID })
	if at < 0 {
		return p, fault.New(fault.NotFound, "identity.post", "id", p.ID)
	}
	next := member.Posts[at]
	next.Roles = p.Roles
	for flag, field := range map[string][2]*string{
		"org": {&next.Org, &p.Org}, "area": {&next.Area, &p.Area}, "from": {&next.From, &p.From}, "to": {&next.To, &p.To},
	} {
		if cmd.Flags().Changed(flag) {
			*field[0] = *field[1]
		}
	}
	return next, nil
}

func (c *cli) userList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List accounts with their posts, and what a review should look at", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.operate(cmd, func(o *operated) error {
				all, err := o.app.Identity.Review(cmd.Context(), o.actor)
				if err != nil {
					return err
				}
				for _, s := range all {
					fmt.Fprintf(c.out, "%s\t%s\t%s\n", s.Username, s.Name, strings.Join(remarks(s), ", "))
					if m, ok := o.app.Identity.Directory().Member(s.Person); ok {
						for _, p := range m.Posts {
							fmt.Fprintln(c.out, "\tpost", describe(p))
						}
					}
				}
				_, err = fmt.Fprintf(c.out, "%d accounts\n", len(all))
				return fault.Wrap("print", err)
			})
		},
	}
}

// remarks are what a review of accounts asks about.
func remarks(s identity.Standing) []string {
	out := []string{"active"}
	if !s.Disabled.IsZero() {
		out[0] = "disabled " + day(s.Disabled)
	}
	if s.MustChange {
		out = append(out, "must change the password")
	}
	if s.LastSignIn.IsZero() {
		out = append(out, "never signed in")
	} else {
		out = append(out, "last signed in "+day(s.LastSignIn))
	}
	if s.Power {
		out = append(out, "administrator")
	}
	if s.Ended > 0 {
		out = append(out, fmt.Sprintf("%d posts have ended", s.Ended))
	}
	return out
}

func day(t time.Time) string { return t.In(clock.Shanghai).Format(time.DateOnly) }

// describe tells a post on one line.
func describe(p identity.Post) string {
	out := p.ID + " at " + p.Org
	if p.Area != "" {
		out += " for " + p.Area
	}
	if len(p.Roles) > 0 {
		out += " as " + strings.Join(p.Roles, ", ")
	}
	if p.From != "" {
		out += " from " + p.From
	}
	if p.To != "" {
		out += " to " + p.To
	}
	return out
}
