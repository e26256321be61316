package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"chengshu/base/fault"
	"chengshu/kernel/geo"
	"chengshu/kernel/identity"
)

func postFlags(cmd *cobra.Command, p *identity.Post) {
	cmd.Flags().StringVar(&p.Org, "org", "", "organisation of the post, \"/county/water/\"")
	cmd.Flags().StringVar(&p.Area, "area", "", "area the post covers, \"/\" is the whole county")
	cmd.Flags().StringSliceVar(&p.Roles, "role", nil, "roles of the post; repeat or separate by commas")
	cmd.Flags().StringVar(&p.From, "from", "", "first day, yyyy-mm-dd")
	cmd.Flags().StringVar(&p.To, "to", "", "last day, yyyy-mm-dd")
}

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
