// Command chengshu is the whole program: server, demo, tools of pack authors and of the operator.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// run gives the exit code: 0 done, 1 failed, 2 wrong use.
func run(ctx context.Context, args []string) int {
	root := newRoot(os.Stdin, os.Stdout, os.Stderr)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil {
		complain(os.Stderr, err)
	}
	return exitCode(err)
}
