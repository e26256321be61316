package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/pack"
	"chengshu/kernel/policy"
	"chengshu/kernel/record"
)

func (c *cli) explain() *cobra.Command {
	return &cobra.Command{
		Use: "explain USERNAME ACTION TYPE/ID", Short: "Tell why a person may or may not do something with a record", Args: cobra.ExactArgs(3),
		Long: "Tell why a person may or may not do something with a record: every grant that fits the role, the type and the action,\nits condition and what that gave. ACTION is read, create, update, delete, export … or a command of the type; USERNAME\n\"anonymous\" is a visitor. Exit code 0 is an answer, may or may not.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.operate(cmd, func(o *operated) error { return o.explain(cmd, args[0], args[1], args[2]) })
		},
	}
}

func (o *operated) explain(cmd *cobra.Command, username, action, subject string) error {
	typ, id, ok := strings.Cut(subject, "/")
	if !ok {
		return &misuse{fault.New(fault.Invalid, "explain.record", "record", subject)}
	}
	t, err := o.app.Records.Set().Type(typ)
	if err != nil {
		return err
	}
	if actions := policy.Actions(t); !slices.Contains(actions, action) {
		return fault.New(fault.Invalid, "grant.action", "type", typ, "action", action, "known", strings.Join(actions, ", "))
	}
	var who identity.Standing
	if username != identity.AnonymousPerson {
		if who, err = o.find(cmd, username); err != nil {
			return err
		}
	}
	return o.app.DB.Read(cmd.Context(), func(tx *store.Tx) error {
		r, err := o.app.Records.Load(cmd.Context(), tx, typ, id)
		if err != nil {
			return err
		}
		actors := []identity.Actor{identity.Anonymous("cli")}
		if username != identity.AnonymousPerson {
			if actors, err = o.app.Identity.Posts(cmd.Context(), tx, who.Person); err != nil {
				return err
			}
			if !who.Disabled.IsZero() {
				fmt.Fprintf(o.out, "%s is disabled\n", username)
			}
		}
		if len(actors) == 0 {
			fmt.Fprintf(o.out, "%s may not: no post is held today\n", username)
		}
		for _, a := range actors {
			o.decision(a, username, action, r)
			if t.Command(action) != nil {
				o.offered(cmd, tx, a, action, r)
			}
		}
		return nil
	})
}

// decision prints why policy says what it says.
func (o *operated) decision(a identity.Actor, username, action string, r *record.Record) {
	bundle := o.app.Bundle.Load()
	may := "may not"
	d := o.app.Policy.Explain(a, action, r.Type, r.Values)
	if d.Allowed {
		may = "may"
	}
	as := ""
	if a.Post != "" {
		as = fmt.Sprintf(" as %s at %s for %s", roleNames(bundle, a.Roles), a.Org, shownArea(a.Area))
	}
	fmt.Fprintf(o.out, "%s%s %s %s %s (%s)\n", username, as, may, action, r.Subject(), r.Title())
	switch {
	case d.Rule == nil:
		fmt.Fprintln(o.out, "  no grant fits, and what no grant allows is denied")
	case d.Rule.Deny:
		fmt.Fprintln(o.out, "  forbidden by", grantWords(d.Rule))
	default:
		fmt.Fprintln(o.out, "  allowed by", grantWords(d.Rule))
	}
	for _, t := range d.Tried {
		condition := "no condition"
		if t.Condition != "" {
			condition = t.Condition
		}
		fmt.Fprintf(o.out, "  tried %s\n    %s: %s\n", grantWords(t.Grant), condition, t.Result)
		for _, x := range t.Diagnostics {
			fmt.Fprintf(o.out, "    %s\n", say(x.Code, x.Args))
		}
	}
}

// offered tells whether the command's own condition holds, which is asked after policy.
func (o *operated) offered(cmd *cobra.Command, tx *store.Tx, a identity.Actor, action string, r *record.Record) {
	offered := slices.ContainsFunc(o.app.Records.Offers(cmd.Context(), tx, a, r), func(x record.Offer) bool { return x.Command == action })
	if !offered && o.app.Policy.Allow(a, action, r.Type, r.Values) {
		fmt.Fprintf(o.out, "  but the command is not offered in the state %s\n", r.State())
	}
}

func roleNames(b *pack.Bundle, roles []string) string {
	out := make([]string, len(roles))
	for i, r := range roles {
		out[i] = r + " " + b.Word("role."+r, nil)
	}
	return strings.Join(out, ", ")
}

func shownArea(area string) string {
	if area == "" {
		return "no area"
	}
	return area
}

// grantWords tells a grant with the place it stands at.
func grantWords(g *policy.Grant) string {
	out := g.Pos.String() + ": "
	verb := "may"
	if g.Deny {
		verb = "may never"
	}
	out += g.Role + " " + verb + " " + strings.Join(g.Do, ", ") + " " + g.On
	if g.Scope != "" && g.Scope != "all" {
		out += ", scope " + g.Scope
	}
	if g.When != "" {
		out += ", when " + g.When
	}
	if g.From+g.To != "" {
		out += ", from " + g.From + " to " + g.To
	}
	if g.Basis != "" {
		out += ", " + g.Basis
	}
	return out
}
