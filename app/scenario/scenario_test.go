package scenario_test

import (
	"io/fs"
	"testing"
	"time"

	"chengshu/app"
	"chengshu/app/scenario"
	"chengshu/base/clock"
	"chengshu/base/store/storetest"
)

// TestPacks runs every scenario of every pack on SQLite and on PostgreSQL.
func TestPacks(t *testing.T) {
	t.Parallel()
	a, _ := open(t, "")
	bundle := a.Bundle.Load()
	if missing := bundle.Missing(); len(missing) > 0 {
		t.Errorf("words missing: %v", missing)
	}
	for _, p := range bundle.Packs {
		for _, file := range p.Tests {
			text, err := fs.ReadFile(p.FS, file)
			if err != nil {
				t.Fatal(err)
			}
			script, err := scenario.Parse(p.Name+"/"+file, text)
			if err != nil {
				t.Fatal(err)
			}
			t.Run(script.Name, func(t *testing.T) {
				t.Parallel()
				t.Run("sqlite", func(t *testing.T) { play(t, script, "") })
				t.Run("postgres", func(t *testing.T) { play(t, script, storetest.PostgreSQLURL(t)) })
			})
		}
	}
}

func open(t *testing.T, url string) (*app.App, *clock.Fake) {
	t.Helper()
	fake := clock.NewFake(time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai))
	a, err := app.New(t.Context(), app.Config{Dir: t.TempDir(), Database: url, Clock: fake, Cheap: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a, fake
}

func play(t *testing.T, script *scenario.Script, url string) {
	t.Helper()
	a, fake := open(t, url)
	w, err := scenario.NewWorld(t.Context(), a, fake)
	if err != nil {
		t.Fatal(err)
	}
	if err := scenario.Run(t.Context(), script, w); err != nil {
		t.Error(err)
	}
}
