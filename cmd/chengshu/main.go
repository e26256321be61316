// Command chengshu is the whole program: server, demo, tools of pack authors and of the operator.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"chengshu/base/fault"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// run gives the exit code: 0 done, 1 failed, 2 wrong use.
func run(ctx context.Context, args []string) int {
	root := newRoot(os.Stdout, os.Stderr)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	explain(os.Stderr, err)
	var f *fault.Error
	if errors.As(err, &f) && f.Kind != fault.Invalid {
		return 1
	}
	if errors.As(err, &f) {
		return 2
	}
	fmt.Fprintln(os.Stderr, err)
	return 2
}
