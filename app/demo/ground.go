package demo

import (
	"bytes"
	"context"
	"math"
	"strings"

	"chengshu/app"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/geo/synth"
)

// scaled shrinks a number for a smaller county, not below least.
func scaled(n int, size float64, least int) int {
	return max(least, int(math.Round(float64(n)*size)))
}

// makeGround makes up the county that the plan describes. Size shrinks it; two streets stay, because demo files name them.
func makeGround(p *plan, w *lexicon, county string, seed int64, size float64) (*synth.County, error) {
	g := p.ground
	if g == nil {
		return nil, fault.New(fault.Invalid, "demo.ground", "file", fileName)
	}
	words, err := synth.ReadWords(bytes.NewReader(g.words))
	if err != nil {
		return nil, fault.Wrap(g.pos.String(), err)
	}
	cfg := synth.Config{Seed: uint64(seed), Code: county, Words: words}
	cfg.Streets = scaled(g.Streets, size, min(2, g.Streets))
	cfg.Towns = scaled(g.Towns, size, 1)
	cfg.Villages = scaled(g.Villages, size, 2*(cfg.Streets+cfg.Towns))
	cfg.Cells = scaled(g.Cells, size, 3*cfg.Villages)
	if q := p.parts; q != nil {
		cfg.Parts = scaled(q.Count, size, 20)
		cfg.Units = []string{"-"} // who owns a part is the business of the plan
		for _, e := range w.set.Codes(q.Table).Entries {
			if code := strings.TrimPrefix(e.Code, q.Prefix); e.Leaf && code != e.Code && len(code) == 4 {
				share, named := q.Shares[e.Code]
				if !named {
					share = 1
				}
				if share > 0 {
					cfg.Classes = append(cfg.Classes, synth.Class{Code: code, Share: share})
				}
			}
		}
	}
	return synth.Generate(cfg)
}

func saveGround(ctx context.Context, a *app.App, c *synth.County) error {
	if err := a.DB.Write(ctx, func(tx *store.Tx) error { return c.Save(ctx, tx) }); err != nil {
		return fault.Wrap("save the ground", err)
	}
	return a.Atlas.Reload(ctx)
}
