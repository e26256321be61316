package main

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"chengshu/app"
	"chengshu/app/scenario"
	"chengshu/base/clock"
	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// world is the product with a small synthetic ground and the demo people of its packs.
type world struct {
	*app.App
	fake  *clock.Fake
	sc    *scenario.World
	file  string // of the SQLite database
	url   string // of the database elsewhere
	packs []fs.FS
}

// caseType is the record type that is measured: the widest of the packs, with the longest process.
const caseType = "urban.case"

// own is the pack of the bench: a process of two steps, and one that lapses.
//
//go:embed pack
var own embed.FS

// ownPack gives own as the product loads packs.
func ownPack() (fs.FS, error) { return fs.Sub(own, "pack") }

// newWorld makes one on SQLite in a new directory, or in the database of a URL, with further packs.
func (b *bench) newWorld(ctx context.Context, name, url string, packs ...fs.FS) (*world, error) {
	dir := filepath.Join(b.dir, name)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	a, fake, err := wire(ctx, dir, url, packs)
	if err != nil {
		return nil, err
	}
	sc, err := scenario.NewWorld(ctx, a, fake)
	if err != nil {
		a.Close()
		return nil, err
	}
	return &world{App: a, fake: fake, sc: sc, file: filepath.Join(dir, "chengshu.db"), url: url, packs: packs}, nil
}

func wire(ctx context.Context, dir, url string, packs []fs.FS) (*app.App, *clock.Fake, error) {
	fake := clock.NewFake(time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai))
	a, err := app.New(ctx, app.Config{Dir: dir, Database: url, Clock: fake, Cheap: true, Only: []string{"county", "urban"}, Packs: packs})
	return a, fake, err
}

// reopen opens the database of a world that was closed.
func (b *bench) reopen(ctx context.Context, w *world) (*world, error) {
	a, fake, err := wire(ctx, filepath.Dir(w.file), w.url, w.packs)
	if err != nil {
		return nil, err
	}
	if err := a.DB.Optimize(ctx); err != nil { // as a server does when it starts
		a.Close()
		return nil, err
	}
	return &world{App: a, fake: fake, sc: w.sc, file: w.file, url: w.url, packs: w.packs}, nil
}

// actor gives the first demo person of a role, in an organisation where one is named.
func (w *world) actor(ctx context.Context, role, org string) (identity.Actor, error) {
	for _, p := range w.sc.People() {
		if p.Role != role || org != "" && p.Org != org {
			continue
		}
		var found []identity.Actor
		err := w.DB.Read(ctx, func(tx *store.Tx) error {
			var id string
			if err := tx.QueryRow(ctx, `SELECT person FROM identity_account WHERE username = ?`, strings.ToLower(p.Username)).Scan(&id); err != nil {
				return err
			}
			var err error
			found, err = w.Identity.Posts(ctx, tx, id)
			return err
		})
		if err != nil {
			return identity.Actor{}, err
		}
		if len(found) > 0 {
			found[0].Via = "bench"
			return found[0], nil
		}
	}
	return identity.Actor{}, fmt.Errorf("nobody is %s at %s", role, org)
}
