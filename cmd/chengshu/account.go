package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"chengshu/base/fault"
	"chengshu/kernel/identity"
)

// userAct is a command on one account.
func (c *cli) userAct(use, short string, act func(cmd *cobra.Command, o *operated, who identity.Standing) (string, error)) *cobra.Command {
	return &cobra.Command{
		Use: use + " USERNAME", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.operate(cmd, func(o *operated) error {
				who, err := o.find(cmd, args[0])
				if err != nil {
					return err
				}
				told, err := act(cmd, o, who)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(c.out, "%s\t%s\n", who.Username, told)
				return fault.Wrap("print", err)
			})
		},
	}
}

func (c *cli) userDisable() *cobra.Command {
	return c.userAct("disable", "End a person's sessions and refuse new ones", func(cmd *cobra.Command, o *operated, who identity.Standing) (string, error) {
		return "disabled", o.app.Identity.Disable(cmd.Context(), o.actor, who.Person)
	})
}

func (c *cli) userEnable() *cobra.Command {
	return c.userAct("enable", "Let a disabled person sign in again", func(cmd *cobra.Command, o *operated, who identity.Standing) (string, error) {
		return "enabled", o.app.Identity.Enable(cmd.Context(), o.actor, who.Person)
	})
}

func (c *cli) userPassword() *cobra.Command {
	return c.userAct("password", "Give a person a new random password, shown once, and end their sessions", func(cmd *cobra.Command, o *operated, who identity.Standing) (string, error) {
		return o.app.Identity.ResetPassword(cmd.Context(), o.actor, who.Person)
	})
}
