package main

import (
	"bufio"
	"os"
	"os/user"
	"strings"

	"github.com/spf13/cobra"

	"chengshu/app"
	"chengshu/base/fault"
	"chengshu/kernel/identity"
)

type operated struct {
	*cli
	app   *app.App
	actor identity.Actor
}

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

func operator() identity.Actor {
	a := identity.System("cli")
	a.Request = "cli"
	if u, err := user.Current(); err == nil {
		a.Request = "cli:" + u.Username
	}
	return a
}

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
