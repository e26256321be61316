package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"chengshu/base/clock"
	"chengshu/base/fault"
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

// operate opens the app and runs fn as the operator.

// operator is the system on behalf of whoever runs the command; the journal keeps the name in the request.

// find gives the account of a username.

func (c *cli) userBootstrap() *cobra.Command {
	return &cobra.Command{
		Use: "bootstrap", Short: "Make the three first administrators with random passwords, shown once", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := c.open(cmd)
			if err != nil {
				return err
			}
			defer a.Close()
			made, err := a.Bootstrap(cmd.Context(), operator())
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

func must(cmd *cobra.Command, names ...string) {
	for _, n := range names {
		_ = cmd.MarkFlagRequired(n) // fails only where there is no such flag
	}
}

// checkPost refuses what the post names and is not there, and roles that one person may not hold together.

// savePost makes or changes a post and gives it its roles, which are two powers and two entries.

// changedPost is a person's post with what the flags say. Roles are set only where they are named.

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
