package record

import (
	"context"
	"math"
	"sort"
	"strings"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/text"
	"chengshu/kernel/identity"
	"chengshu/kernel/schema"
)

// Suspect is a record that may report the same thing.
type Suspect struct {
	Record   *Record
	Score    float64 // 0 … 1
	Distance float64 // metres
}

// Duplicates suggests records that may report the same thing as this one, likeliest first, at most ten: same declared
// fields, within the declared distance and days, scored by nearness and by shared bigrams of the text (governance
// standard §11). Only records the caller may read are suggested.
func (s *Store) Duplicates(ctx context.Context, tx *store.Tx, a identity.Actor, typ, id string) ([]Suspect, error) {
	r, err := s.reach(ctx, tx, a, typ, id, "read")
	if err != nil {
		return nil, err
	}
	d := r.Type.Duplicates
	if d == nil {
		return []Suspect{}, nil
	}
	for _, n := range append([]string{d.Place, d.Text}, d.Same...) { // distance and score would tell what the mask hides
		if err := visible(a, r.Type, n); err != nil {
			return nil, err
		}
	}
	place, ok := r.Values[d.Place].(map[string]any)
	lon, okLon := place["lon"].(float64)
	lat, okLat := place["lat"].(float64)
	if !ok || !okLon || !okLat {
		return []Suspect{}, nil
	}
	w, err := s.selected(tx.Dialect(), a, Query{Type: typ})
	if err != nil {
		return nil, err
	}
	dLat := float64(d.Within) / 111_000
	dLon := dLat / max(0.1, math.Cos(lat*math.Pi/180))
	w.and(quote(d.Place+"_lon")+" BETWEEN ? AND ? AND "+quote(d.Place+"_lat")+" BETWEEN ? AND ?", lon-dLon, lon+dLon, lat-dLat, lat+dLat)
	created, _ := micros(r.Values["created_at"]).(int64)
	span := int64(d.Days) * int64(24*time.Hour/time.Microsecond)
	w.and("created_at BETWEEN ? AND ? AND id <> ?", created-span, created+span, id)
	if d.Into != "" {
		w.and(quote(d.Into) + " IS NULL")
	}
	for _, n := range d.Same {
		f := r.Type.Field(n)
		if r.Values[n] != nil && len(f.Columns()) > 0 {
			w.and(quote(f.Columns()[0].Name)+" = ?", f.Encode(r.Values[n])[0])
		}
	}
	rows, err := tx.Query(ctx, "SELECT "+strings.Join(columnNames(w.t), ", ")+" FROM "+w.t.Table()+" WHERE "+w.sql()+" ORDER BY created_at DESC LIMIT 200", w.args...)
	if err != nil {
		return nil, err
	}
	found, err := scan(ctx, tx, w.t, rows)
	if err != nil {
		return nil, err
	}
	return score(r, found, d, lon, lat), nil
}

func score(r *Record, found []*Record, d *schema.Duplicate, lon, lat float64) []Suspect {
	out := []Suspect{}
	words := bigrams(r.text(d.Text))
	for _, other := range found {
		p, _ := other.Values[d.Place].(map[string]any)
		otherLon, _ := p["lon"].(float64)
		otherLat, _ := p["lat"].(float64)
		x := (otherLon - lon) * 111_000 * math.Cos(lat*math.Pi/180)
		y := (otherLat - lat) * 111_000
		distance := math.Hypot(x, y)
		if distance > float64(d.Within) {
			continue
		}
		near := math.Exp(-2 * distance / float64(d.Within))
		total := near
		if other2 := bigrams(other.text(d.Text)); len(words) > 0 && len(other2) > 0 {
			total = 0.6*near + 0.4*jaccard(words, other2)
		}
		out = append(out, Suspect{Record: other, Score: math.Round(total*100) / 100, Distance: math.Round(distance)})
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Score > out[j].Score })
	return out[:min(10, len(out))]
}

func bigrams(s string) map[string]bool {
	out := map[string]bool{}
	for _, t := range text.Tokens(s) {
		out[t] = true
	}
	return out
}

func jaccard(a, b map[string]bool) float64 {
	both := 0
	for k := range a {
		if b[k] {
			both++
		}
	}
	return float64(both) / float64(len(a)+len(b)-both)
}

// Merge makes a record a duplicate of another: its "into" field points to the other, and its process ends or, where the type
// names a node, waits there for the other's answer. Both numbers stay. It needs the permission merge on both. Conflict
// "record.merged" where one of them is merged already, "flow.ended" where there is nothing left to merge.
func (s *Store) Merge(ctx context.Context, tx *store.Tx, a identity.Actor, typ, id, into, reason string) (*Record, error) {
	old, err := s.reach(ctx, tx, a, typ, id, "merge")
	if err != nil {
		return nil, err
	}
	d := old.Type.Duplicates
	if d == nil || d.Into == "" {
		return nil, fault.New(fault.NotFound, "command.unknown", "type", typ, "command", "merge")
	}
	target, err := s.reach(ctx, tx, a, typ, into, "merge")
	if err != nil {
		return nil, err
	}
	if id == into || old.Values[d.Into] != nil || target.Values[d.Into] != nil {
		return nil, fault.New(fault.Conflict, "record.merged", "number", old.Values["number"], "into", target.Values["number"])
	}
	flows := s.opt.Process != nil && old.Type.Flow != ""
	if flows && d.Node == "" {
		if err := s.opt.Process.Cancel(ctx, tx, a, old, reason); err != nil {
			return nil, err
		}
		if old, err = s.load(ctx, tx, old.Type, id); err != nil {
			return nil, err
		}
	}
	r := old.clone()
	r.Values[d.Into] = into
	r.Values["state"] = "merged"
	if err := s.commit(ctx, tx, a, old, r, "merge", reason); err != nil {
		return nil, err
	}
	if err := s.adoptMerged(ctx, tx, a, r, target, d); err != nil {
		return nil, err
	}
	if !flows || d.Node == "" {
		return r, nil
	}
	if err := s.opt.Process.Divert(ctx, tx, a, r, d.Node, reason); err != nil {
		return nil, err
	}
	return s.load(ctx, tx, r.Type, id)
}

// adoptMerged moves what was merged into r before over to its new target, so that chains stay flat.
func (s *Store) adoptMerged(ctx context.Context, tx *store.Tx, a identity.Actor, r, target *Record, d *schema.Duplicate) error {
	rows, err := tx.Query(ctx, "SELECT "+strings.Join(columnNames(r.Type), ", ")+" FROM "+r.Type.Table()+" WHERE "+quote(d.Into)+" = ?", r.ID())
	if err != nil {
		return err
	}
	children, err := scan(ctx, tx, r.Type, rows)
	if err != nil {
		return err
	}
	for _, old := range children {
		next := old.clone()
		next.Values[d.Into] = target.ID()
		if err := s.commit(ctx, tx, a, old, next, "merge", ""); err != nil {
			return err
		}
	}
	return nil
}
