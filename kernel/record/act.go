package record

import (
	"context"
	"encoding/json"
	"slices"
	"sort"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/journal"
	"chengshu/kernel/schema"
)

// Create makes a record from JSON values and starts the type's process. Faults: Denied, Invalid with one entry a field,
// Exists "record.exists".
func (s *Store) Create(ctx context.Context, tx *store.Tx, a identity.Actor, typ string, data map[string]any) (*Record, error) {
	t, err := s.Set().Type(typ)
	if err != nil {
		return nil, err
	}
	if !s.opt.Policy.Any(a, "create", typ) {
		return nil, s.opt.Policy.Require(a, "create", t, nil)
	}
	r, err := s.newRecord(ctx, tx, a, t, data, false)
	if err != nil {
		return nil, err
	}
	if err := s.opt.Policy.Require(a, "create", t, r.Values); err != nil {
		return nil, err
	}
	if err := s.add(ctx, tx, a, r, "create", ""); err != nil {
		return nil, err
	}
	if key := t.FlowKey(); key != "" && s.opt.Process != nil {
		if err := s.opt.Process.Start(ctx, tx, a, key, r); err != nil {
			return nil, err
		}
		if _, err := s.opt.Process.Changed(ctx, tx, a, r); err != nil {
			return nil, err
		}
		return s.load(ctx, tx, t, r.ID())
	}
	if s.opt.Process != nil {
		return s.reconsider(ctx, tx, a, r)
	}
	return r, nil
}

// newRecord builds and checks a record without writing it. trusted lets system fields through, for imports and seeds.
func (s *Store) newRecord(ctx context.Context, tx *store.Tx, a identity.Actor, t *schema.Type, data map[string]any, trusted bool) (*Record, error) {
	id, err := newID()
	if err != nil {
		return nil, err
	}
	r := &Record{Type: t, Values: schema.Values{"id": id, "owner": a.Person}}
	if err := s.parseInto(r, data, writableBy(a, t), trusted); err != nil {
		return nil, err
	}
	if len(t.States) > 0 {
		r.Values["state"] = t.States[0]
	}
	s.locate(r)
	adopt(a, r)
	s.settle(r)
	t.Fill(r.Values, s.env(ctx, tx, a, r))
	for _, f := range t.FieldList {
		if f.Type == "secret" { // a default is sealed like any other
			if err := s.put(r, f, r.Values[f.Name]); err != nil {
				return nil, err
			}
		}
	}
	if err := s.draw(ctx, tx, r); err != nil {
		return nil, err
	}
	return r, s.finish(ctx, tx, a, nil, r)
}

// writableBy gives the fields a visitor may fill in, those declared public; nil, which is every writable field, for
// everybody else.
func writableBy(a identity.Actor, t *schema.Type) []string {
	if a.Person != identity.AnonymousPerson {
		return nil
	}
	out := []string{}
	for _, f := range t.FieldList {
		if f.Public {
			out = append(out, f.Name)
		}
	}
	return out
}

// add writes a new record and its journal entry.
func (s *Store) add(ctx context.Context, tx *store.Tx, a identity.Actor, r *Record, op, reason string) error {
	body, err := s.save(ctx, tx, a, nil, r, op, reason)
	if err != nil {
		return err
	}
	return s.log(ctx, tx, a, r, "record."+op, reason, body)
}

// parseInto parses JSON values into the record and seals secrets. allowed nil means every writable field; null empties a
// field. What is not trusted is input of people.
func (s *Store) parseInto(r *Record, data map[string]any, allowed []string, trusted bool) error {
	bad := fault.New(fault.Invalid, "record.invalid", "type", r.Type.Name)
	for name, raw := range data {
		f := r.Type.Field(name)
		switch {
		case f == nil:
			bad.At("/"+name, "field.unknown")
			continue
		case !trusted && !f.Writable(), allowed != nil && !slices.Contains(allowed, name):
			bad.At("/"+name, "field.readonly")
			continue
		}
		if !trusted {
			raw = f.Distrust(raw)
		}
		v, wrong := f.Parse(raw)
		if wrong != nil {
			bad.Fields = append(bad.Fields, *wrong)
			continue
		}
		if err := s.put(r, f, v); err != nil {
			return err
		}
	}
	sort.Slice(bad.Fields, func(i, j int) bool { return bad.Fields[i].Pointer < bad.Fields[j].Pointer })
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// put sets a parsed value; nil empties the field, a secret is sealed before anything else sees it.
func (s *Store) put(r *Record, f *schema.Field, v any) error {
	plain, secret := v.(string)
	switch {
	case v == nil:
		delete(r.Values, f.Name)
	case secret && f.Type == "secret":
		sealed, err := s.opt.Keys.seal(r, f, plain)
		if err != nil {
			return err
		}
		r.Values[f.Name] = sealed
	default:
		r.Values[f.Name] = v
	}
	return nil
}

// draw gives the record its business numbers, each from its series.
func (s *Store) draw(ctx context.Context, tx *store.Tx, r *Record) error {
	if nf := r.Type.NumberFormat; nf != nil && r.Values["number"] == nil {
		n, err := s.serial(ctx, tx, nf)
		if err != nil {
			return err
		}
		r.Values["number"] = n
	}
	for _, f := range r.Type.FieldList {
		if f.Type != "number" || r.Values[f.Name] != nil {
			continue
		}
		nf, err := schema.ParseNumberFormat(f.Format)
		if err != nil {
			return err
		}
		if r.Values[f.Name], err = s.serial(ctx, tx, nf); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) serial(ctx context.Context, tx *store.Tx, nf *schema.NumberFormat) (string, error) {
	var n int64
	err := tx.QueryRow(ctx, `INSERT INTO record_serial (series, last) VALUES (?, 1)
		ON CONFLICT (series) DO UPDATE SET last = record_serial.last + 1 RETURNING last`,
		nf.Series(s.now(), s.opt.County)).Scan(&n)
	if err != nil {
		return "", fault.Wrap("draw number", err)
	}
	return nf.Render(s.now(), s.opt.County, n), nil
}

// Update changes fields of a record (RFC 7396: null empties). rev is the revision the caller saw; 0 skips the check and
// is for imports only. Faults: NotFound, Denied, Conflict "record.stale", Invalid.
func (s *Store) Update(ctx context.Context, tx *store.Tx, a identity.Actor, typ, id string, rev int64, data map[string]any, reason string) (*Record, error) {
	old, err := s.reach(ctx, tx, a, typ, id, "update")
	if err != nil {
		return nil, err
	}
	if rev != 0 && rev != old.Rev() {
		return nil, stale(old.Type, id)
	}
	if err := refuseMasked(a, old.Type, data); err != nil {
		return nil, err
	}
	r := old.clone()
	if err := s.parseInto(r, data, nil, false); err != nil {
		return nil, err
	}
	if err := s.finish(ctx, tx, a, old, r); err != nil {
		return nil, err
	}
	// Whoever may change a record here may not move it out of their own reach.
	if err := s.opt.Policy.Require(a, "update", r.Type, r.Values); err != nil {
		return nil, err
	}
	if err := s.commit(ctx, tx, a, old, r, "update", reason); err != nil || s.opt.Process == nil {
		return r, err
	}
	return s.reconsider(ctx, tx, a, r)
}

// reconsider tells the process engine of a change and gives the record as it is after what that set going.
func (s *Store) reconsider(ctx context.Context, tx *store.Tx, a identity.Actor, r *Record) (*Record, error) {
	moved, err := s.opt.Process.Changed(ctx, tx, a, r)
	if err != nil || !moved {
		return r, err
	}
	return s.load(ctx, tx, r.Type, r.ID())
}

// commit saves a changed record and writes its journal entry.
func (s *Store) commit(ctx context.Context, tx *store.Tx, a identity.Actor, old, r *Record, op, reason string) error {
	body, err := s.save(ctx, tx, a, old, r, op, reason)
	if err != nil || body == nil {
		return err
	}
	return s.log(ctx, tx, a, r, "record."+op, reason, body)
}

// reach reads a record for an action: NotFound where the caller may not even read it, Denied where reading is all. Policy is
// not asked about the system, which acts for a process.
func (s *Store) reach(ctx context.Context, tx *store.Tx, a identity.Actor, typ, id, action string) (*Record, error) {
	t, err := s.Set().Type(typ)
	if err != nil {
		return nil, err
	}
	r, err := s.load(ctx, tx, t, id)
	if err != nil {
		return nil, err
	}
	if r.Values["deleted_at"] != nil && action != "restore" && action != "history" {
		return nil, notFound(t, id)
	}
	if a.Person == identity.SystemPerson || s.opt.Policy.Allow(a, action, t, r.Values) {
		return r, nil
	}
	if action != "read" && s.opt.Policy.Allow(a, "read", t, r.Values) {
		return nil, s.opt.Policy.Require(a, action, t, r.Values)
	}
	return nil, notFound(t, id)
}

// Get reads one record under the caller's read permission.
func (s *Store) Get(ctx context.Context, tx *store.Tx, a identity.Actor, typ, id string) (*Record, error) {
	return s.reach(ctx, tx, a, typ, id, "read")
}

// Load reads one record without asking policy, for the process engine and the evidence commands of the operator.
func (s *Store) Load(ctx context.Context, tx *store.Tx, typ, id string) (*Record, error) {
	t, err := s.Set().Type(typ)
	if err != nil {
		return nil, err
	}
	return s.load(ctx, tx, t, id)
}

// Delete marks a record deleted and ends its process; Restore brings the record back, not the process.
func (s *Store) Delete(ctx context.Context, tx *store.Tx, a identity.Actor, typ, id string, rev int64, reason string) error {
	old, err := s.reach(ctx, tx, a, typ, id, "delete")
	if err != nil {
		return err
	}
	if rev != 0 && rev != old.Rev() {
		return stale(old.Type, id)
	}
	if s.opt.Process != nil && old.Type.Flow != "" {
		if err := s.opt.Process.Cancel(ctx, tx, a, old, reason); err != nil {
			return err
		}
		if old, err = s.load(ctx, tx, old.Type, id); err != nil {
			return err
		}
	}
	r := old.clone()
	r.Values["deleted_at"] = schema.FormatTime(s.now())
	return s.commit(ctx, tx, a, old, r, "delete", reason)
}

// Restore brings a deleted record back.
func (s *Store) Restore(ctx context.Context, tx *store.Tx, a identity.Actor, typ, id, reason string) (*Record, error) {
	old, err := s.reach(ctx, tx, a, typ, id, "restore")
	if err != nil {
		return nil, err
	}
	if old.Values["deleted_at"] == nil {
		return nil, fault.New(fault.Conflict, "record.present", "type", typ, "id", id)
	}
	r := old.clone()
	delete(r.Values, "deleted_at")
	return r, s.commit(ctx, tx, a, old, r, "restore", reason)
}

// Change is what a process writes into its record.
type Change struct {
	State   string         // new state; empty leaves it
	Data    map[string]any // a person's form input, JSON values
	Allowed []string       // fields the form may write
	Needed  []string       // fields that must have a value afterwards
	Set     map[string]any // assignments of the process, JSON values
	Rev     int64          // revision the form was filled against; 0 does not matter
	Op      string         // for the history: "flow.complete"
	Reason  string
}

// Apply writes a process's change without asking policy (the process has) and gives the journal body for the caller's
// entry and the new revision; nothing changed gives a nil body.
func (s *Store) Apply(ctx context.Context, tx *store.Tx, a identity.Actor, typ, id string, c Change) (json.RawMessage, int64, error) {
	old, r, err := s.changed(ctx, tx, a, typ, id, c)
	if err != nil {
		return nil, 0, err
	}
	if len(c.Data) > 0 || len(c.Set) > 0 {
		if err := s.finish(ctx, tx, a, old, r); err != nil {
			return nil, 0, err
		}
	}
	body, err := s.save(ctx, tx, a, old, r, c.Op, c.Reason)
	return body, r.Rev(), err
}

// Preview gives the record as it would be after a process's change, not written. Each value is checked for itself; what a
// record must be as a whole is for Apply to say, when the process has made its assignments.
func (s *Store) Preview(ctx context.Context, tx *store.Tx, a identity.Actor, typ, id string, c Change) (*Record, error) {
	_, r, err := s.changed(ctx, tx, a, typ, id, c)
	if err == nil && (len(c.Data) > 0 || len(c.Set) > 0) {
		s.shape(r, s.env(ctx, tx, a, r))
	}
	return r, err
}

func (s *Store) changed(ctx context.Context, tx *store.Tx, a identity.Actor, typ, id string, c Change) (old, r *Record, err error) {
	t, err := s.Set().Type(typ)
	if err != nil {
		return nil, nil, err
	}
	if old, err = s.hold(ctx, tx, t, id); err != nil {
		return nil, nil, err
	}
	if c.Rev != 0 && c.Rev != old.Rev() {
		return nil, nil, stale(t, id)
	}
	r = old.clone()
	allowed := c.Allowed
	if allowed == nil {
		allowed = []string{}
	}
	if err := s.parseInto(r, c.Data, allowed, false); err != nil {
		return nil, nil, err
	}
	if err := s.parseInto(r, c.Set, nil, true); err != nil {
		return nil, nil, fault.Wrap("process assignment", err)
	}
	bad := fault.New(fault.Invalid, "record.invalid", "type", typ)
	for _, n := range c.Needed {
		if r.Values[n] == nil {
			bad.At("/"+n, "field.required")
		}
	}
	if len(bad.Fields) > 0 {
		return nil, nil, bad
	}
	if c.State != "" {
		r.Values["state"] = c.State
	}
	return old, r, nil
}

func (s *Store) log(ctx context.Context, tx *store.Tx, a identity.Actor, r *Record, action, reason string, body json.RawMessage) error {
	_, err := s.opt.Journal.Append(ctx, tx, journal.Entry{
		At: s.now(), Actor: a.Person, Post: a.Post, OnBehalf: a.OnBehalf, Via: a.Via, Request: a.Request,
		Action: action, Subject: r.Subject(), Rev: r.Rev(), Reason: reason, Body: body,
	})
	return err
}

// refuseMasked keeps people from overwriting what they cannot see.
func refuseMasked(a identity.Actor, t *schema.Type, data map[string]any) error {
	bad := fault.New(fault.Denied, "record.masked", "type", t.Name)
	for name := range data {
		if f := t.Field(name); f != nil && f.Grade > a.Clearance {
			bad.At("/"+name, "field.masked")
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// ByNumber reads a record by its business number without asking policy; what is shown of it is the caller's duty.
func (s *Store) ByNumber(ctx context.Context, tx *store.Tx, typ, number string) (*Record, error) {
	t, err := s.Set().Type(typ)
	if err != nil {
		return nil, err
	}
	if !storable(number) {
		return nil, notFound(t, number)
	}
	var id string
	err = tx.QueryRow(ctx, "SELECT id FROM "+t.Table()+" WHERE number = ? AND deleted_at IS NULL", number).Scan(&id)
	if store.None(err) {
		return nil, notFound(t, number)
	}
	if err != nil {
		return nil, fault.Wrap("find number", err)
	}
	return s.load(ctx, tx, t, id)
}

// Seed makes a record as the system, without asking policy and without starting a process; system fields may be given.
// It serves demo data and imports of the operator.
func (s *Store) Seed(ctx context.Context, tx *store.Tx, a identity.Actor, typ string, data map[string]any) (*Record, error) {
	t, err := s.Set().Type(typ)
	if err != nil {
		return nil, err
	}
	r, err := s.newRecord(ctx, tx, a, t, data, true)
	if err != nil {
		return nil, err
	}
	return r, s.add(ctx, tx, a, r, "seed", "")
}
