package record

import (
	"context"
	"encoding/json"
	"reflect"
	"sort"

	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/journal"
	"chengshu/kernel/schema"
)

// change is one difference between two revisions. Personal values stand in the history only; the journal gets digests.
type change struct {
	from, to any
}

// finish brings a changed record into its final shape: place, area, organisation, computed values, title; then it is
// verified as a whole. old is nil for a new record.
func (s *Store) finish(ctx context.Context, tx *store.Tx, a identity.Actor, old, r *Record) error {
	t, env := r.Type, s.env(ctx, tx, a, r)
	s.shape(r, env)
	if err := t.Verify(s.Set(), r.Values, env, s.today()); err != nil {
		return err
	}
	if err := s.checkLinks(ctx, tx, a, old, r); err != nil {
		return err
	}
	r.Values["title"] = t.TitleText(s.Set(), r.Values, func(f *schema.Field, v string) string { return s.named(t, f, v) })
	return nil
}

// named gives the words of a choice and the names of organisations, people and areas, empty where there are none.
func (s *Store) named(t *schema.Type, f *schema.Field, v string) string {
	if s.opt.Names == nil {
		return ""
	}
	kind, id := f.Type, v
	if kind == "choice" {
		id = t.Name + "." + f.Name + "." + v
	}
	name, _ := s.opt.Names.Name(kind, id)
	return name
}

// shape derives what a record says of itself: place, computed values, area and organisation.
func (s *Store) shape(r *Record, env *feel.Env) {
	s.locate(r)
	r.Type.Compute(r.Values, env)
	s.settle(r)
}

// locate assigns grid and area to every place that has a point.
func (s *Store) locate(r *Record) {
	for _, f := range r.Type.FieldList {
		place, ok := r.Values[f.Name].(map[string]any)
		if f.Type != "place" || !ok {
			continue
		}
		lon, okLon := place["lon"].(float64)
		lat, okLat := place["lat"].(float64)
		if !okLon || !okLat || s.opt.Places == nil {
			continue
		}
		next := map[string]any{"lon": lon, "lat": lat}
		if place["address"] != nil {
			next["address"] = place["address"]
		}
		if grid, area, ok := s.opt.Places.Locate(lon, lat); ok {
			next["grid"], next["area"] = grid, area
		}
		r.Values[f.Name] = next
	}
}

// adopt gives a new record the area and organisation of its creator; settle replaces them where the record says.
func adopt(a identity.Actor, r *Record) {
	if a.Area != "" {
		r.Values["area"] = a.Area
	}
	if a.Org != "" {
		r.Values["org"] = a.Org
	}
}

// settle sets the area and organisation paths from the fields the type names, or from its first place or area field.
func (s *Store) settle(r *Record) {
	area := ""
	for _, f := range r.Type.FieldList {
		if r.Type.Area != "" && f.Name != r.Type.Area {
			continue
		}
		switch v := r.Values[f.Name].(type) {
		case map[string]any:
			if f.Type == "place" {
				area, _ = v["area"].(string)
			}
		case string:
			if f.Type == "area" {
				area = v
			}
		}
		if area != "" {
			break
		}
	}
	if area != "" {
		r.Values["area"] = area
	}
	if org, ok := r.Values[r.Type.Org].(string); ok && r.Type.Org != "" {
		r.Values["org"] = org
	}
}

// checkLinks refuses references to records, organisations, people, areas and files that do not exist. What has not changed
// stays good: a record can be worked on after the one it names is gone.
func (s *Store) checkLinks(ctx context.Context, tx *store.Tx, a identity.Actor, old, r *Record) error {
	bad := fault.New(fault.Invalid, "record.invalid", "type", r.Type.Name)
	var failed error
	kept := func(f *schema.Field) bool { return old != nil && same(old.Values[f.Name], r.Values[f.Name]) }
	l := layoutOf(r.Type)
	for _, f := range l.links {
		if kept(f) {
			continue
		}
		f.Each("", r.Values[f.Name], func(pointer string, c *schema.Field, v any) {
			switch {
			case failed != nil:
			case c.Type == "ref", c.Type == "refs":
				failed = s.checkRefs(ctx, tx, pointer, c, v, bad)
			case s.opt.Names == nil:
			case c.Type == "place":
				place, _ := v.(map[string]any)
				if area := asString(place["area"]); area != "" {
					if _, known := s.opt.Names.Name("area", area); !known {
						bad.At(pointer, "field.unknown.area", "id", area)
					}
				}
			case c.Type == "org", c.Type == "person", c.Type == "area":
				if _, known := s.opt.Names.Name(c.Type, asString(v)); !known {
					bad.At(pointer, "field.unknown."+c.Type, "id", v)
				}
			}
		})
		if failed != nil {
			return failed
		}
	}
	for _, f := range l.files {
		if kept(f) {
			continue
		}
		if err := s.checkFiles(ctx, tx, a, r, f, bad); err != nil {
			return err
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

func (s *Store) checkRefs(ctx context.Context, tx *store.Tx, pointer string, f *schema.Field, v any, bad *fault.Error) error {
	ids, ok := v.([]any)
	if !ok {
		ids = []any{v}
	}
	target, err := s.Set().Type(f.Of)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !storable(asString(id)) {
			bad.At(pointer, "field.ref.unknown", "of", f.Of, "id", id)
			continue
		}
		var one int
		err := tx.QueryRow(ctx, "SELECT 1 FROM "+target.Table()+" WHERE id = ? AND deleted_at IS NULL", id).Scan(&one)
		if store.None(err) {
			bad.At(pointer, "field.ref.unknown", "of", f.Of, "id", id)
		} else if err != nil {
			return fault.Wrap("check reference", err)
		}
	}
	return nil
}

// diff lists what changed between two revisions, system columns that say who and when left out.
func diff(old, r *Record) map[string]change {
	out := map[string]change{}
	for _, n := range layoutOf(r.Type).changes {
		var from any
		if old != nil {
			from = old.Values[n]
		}
		if to := r.Values[n]; !same(from, to) {
			out[n] = change{from, to}
		}
	}
	return out
}

// same compares two canonical values. Most are plain, and most are absent.
func same(a, b any) bool {
	switch a.(type) {
	case nil, string, int64, bool:
		switch b.(type) {
		case nil, string, int64, bool:
			return a == b
		}
	}
	return reflect.DeepEqual(a, b)
}

// save writes the record and its history and gives the body for the journal entry: what changed, personal values as
// salted digests. old is nil for a new record. Nothing changed gives a nil body and writes nothing.
func (s *Store) save(ctx context.Context, tx *store.Tx, a identity.Actor, old, r *Record, op, reason string) (json.RawMessage, error) {
	if !storable(reason) {
		return nil, fault.New(fault.Invalid, "record.invalid", "type", r.Type.Name).At("/reason", "field.control")
	}
	changes := diff(old, r)
	if old != nil && len(changes) == 0 {
		return nil, nil
	}
	now := schema.FormatTime(s.now())
	r.Values["updated_at"], r.Values["updated_by"] = now, a.Person
	unique := func(err error) error { return s.explainUnique(r.Type, err) }
	var err error
	if old == nil {
		r.Values["rev"] = int64(1)
		r.Values["created_at"], r.Values["created_by"] = now, a.Person
		err = insert(ctx, tx, r, unique)
	} else {
		r.Values["rev"] = old.Rev() + 1
		err = update(ctx, tx, old, r, changes, unique)
	}
	if err != nil {
		return nil, err
	}
	s.written(tx, r)
	if err := s.bindFiles(ctx, tx, r, changes); err != nil {
		return nil, err
	}
	if err := s.index(ctx, tx, old, r, changes); err != nil {
		return nil, err
	}
	body, patch, salt, err := describe(r.Type, changes)
	if err != nil {
		return nil, err
	}
	return body, tx.Later(ctx, "INSERT INTO "+r.Type.Table()+"_h (id, rev, op, at, by_person, reason, patch, salt) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		[]any{r.ID(), r.Rev(), op, micros(now), a.Person, reason, string(patch), salt}, nil)
}

// describe gives the journal body and the history patch of the changes; the salt of the digests stays in the history,
// so that erasing the history row erases the only way back to the personal values.
func describe(t *schema.Type, changes map[string]change) (body, patch json.RawMessage, salt string, err error) {
	names := make([]string, 0, len(changes))
	for n := range changes {
		names = append(names, n)
	}
	sort.Strings(names)
	public, full := map[string][2]any{}, map[string][2]any{}
	for _, n := range names {
		c := changes[n]
		full[n] = [2]any{c.from, c.to}
		f := t.Field(n)
		if f == nil || !f.Personal() {
			public[n] = full[n]
			continue
		}
		if salt == "" {
			salt = journal.NewSalt()
		}
		public[n] = [2]any{digest(salt, n, c.from), digest(salt, n, c.to)}
	}
	if body, err = json.Marshal(map[string]any{"fields": public}); err != nil {
		return nil, nil, "", fault.Wrap("describe change", err)
	}
	if patch, err = json.Marshal(full); err != nil {
		return nil, nil, "", fault.Wrap("describe change", err)
	}
	return body, patch, salt, nil
}

func digest(salt, name string, v any) any {
	if v == nil {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	if s, ok := v.(schema.Sealed); ok {
		b = []byte(s.Cipher) // of what is stored, which shows a change and tells nothing
	}
	return journal.Digest(salt+name, b)
}

// index refreshes the full-text index when a searched value changed. Values above grade 2 are never indexed: a search
// would tell what the mask hides.
func (s *Store) index(ctx context.Context, tx *store.Tx, old, r *Record, changes map[string]change) error {
	if s.opt.Index == nil {
		return nil
	}
	if _, gone := changes["deleted_at"]; gone && r.Values["deleted_at"] != nil {
		return s.opt.Index.Remove(ctx, tx, r.Type.Name, r.ID())
	}
	_, touched := changes["number"]
	touched = touched || old != nil && old.Title() != r.Title()
	texts := []string{r.text("number"), r.Title()}
	for _, f := range r.Type.FieldList {
		if !searched(f) {
			continue
		}
		if _, ok := changes[f.Name]; ok {
			touched = true
		}
		texts = append(texts, f.Text(r.Values[f.Name]))
	}
	if _, restored := changes["deleted_at"]; !touched && !restored && r.Rev() > 1 {
		return nil
	}
	return s.opt.Index.Put(ctx, tx, r.Type.Name, r.ID(), texts)
}

// explainUnique names the fields of the unique rule that a write broke.
func (s *Store) explainUnique(t *schema.Type, err error) error {
	if !fault.Is(err, fault.Exists) {
		return err
	}
	return fault.New(fault.Exists, "record.exists", "type", t.Name, "unique", t.Unique).With(err)
}
