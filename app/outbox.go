package app

import (
	"context"
	"path/filepath"
	"strconv"
	"time"

	"chengshu/base/bus"
	"chengshu/base/store"
	"chengshu/kernel/journal"
)

// EmbeddedBus is the bus inside the process, kept in the data directory.
const EmbeddedBus = "embedded"

// openBus opens the bus that Config.Bus names, if any.
func (a *App) openBus(ctx context.Context) (err error) {
	switch a.cfg.Bus {
	case "":
	case EmbeddedBus:
		a.Bus, err = bus.Open(ctx, bus.Options{Dir: filepath.Join(a.cfg.Dir, "bus")})
	default:
		a.Bus, err = bus.Open(ctx, bus.Options{URL: a.cfg.Bus})
	}
	return err
}

// publish hands every entry of the journal on to the bus, in the order of their numbers and at least once, under the subject
// "journal.<action>". What is handed on is the canonical form that proofs are made of; its id is the entry's, so that a
// repeat within the bus's window is stored once.
func (a *App) publish(ctx context.Context) error {
	return a.Journal.Follow(ctx, "bus", 0, func(ctx context.Context, _ *store.Tx, entries []journal.Entry) error {
		for _, e := range entries {
			if err := a.Bus.Publish(ctx, "journal."+e.Action, strconv.FormatInt(e.ID, 10), e.Canonical()); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *App) closeBus() {
	if a.Bus == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := a.Bus.Close(ctx); err != nil {
		a.log.Error("close bus", "error", err)
	}
}
