package record

import (
	"context"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/policy"
	"chengshu/kernel/schema"
)

// Command runs a declared command on a record. Faults: NotFound "command.unknown", Denied, Conflict "command.state" when
// the command's condition does not hold, Invalid.
func (s *Store) Command(ctx context.Context, tx *store.Tx, a identity.Actor, typ, id, name string, data map[string]any, reason string) (*Record, error) {
	t, err := s.Set().Type(typ)
	if err != nil {
		return nil, err
	}
	c := t.Command(name)
	if c == nil {
		return nil, fault.New(fault.NotFound, "command.unknown", "type", typ, "command", name)
	}
	old, err := s.reach(ctx, tx, a, typ, id, name)
	if err != nil {
		return nil, err
	}
	env := s.env(ctx, tx, a, old)
	if !c.Offered(env) {
		return nil, fault.New(fault.Conflict, "command.state", "type", typ, "command", name, "state", old.State())
	}
	if c.Reason && strings.TrimSpace(reason) == "" {
		return nil, fault.New(fault.Invalid, "record.invalid", "type", typ).At("/reason", "field.required")
	}
	input, form, err := c.ParseInput(t, data)
	if err != nil {
		return nil, err
	}
	if err := refuseMasked(a, t, form); err != nil {
		return nil, err
	}
	r := old.clone()
	if err := s.parseInto(r, form, nil, false); err != nil {
		return nil, err
	}
	if err := s.parseInto(r, c.Assign(t, r.Values, policy.User(a), input, env), nil, true); err != nil {
		return nil, fault.Wrap("command "+name, err)
	}
	if c.State != "" {
		r.Values["state"] = c.State
	}
	if err := s.finish(ctx, tx, a, old, r); err != nil {
		return nil, err
	}
	body, err := s.save(ctx, tx, a, old, r, name, reason)
	if err != nil {
		return nil, err
	}
	if err := s.log(ctx, tx, a, r, "record."+name, reason, body); err != nil {
		return nil, err
	}
	if err := s.effects(ctx, tx, a, c, r, reason); err != nil {
		return nil, err
	}
	return s.load(ctx, tx, t, id)
}

// effects hands the command on to the running process and tells the people it names.
func (s *Store) effects(ctx context.Context, tx *store.Tx, a identity.Actor, c *schema.Command, r *Record, reason string) error {
	if message, ok := strings.CutPrefix(c.Flow, "message:"); ok && s.opt.Process != nil {
		if err := s.opt.Process.Message(ctx, tx, a, r, message); err != nil {
			return err
		}
	}
	if c.Flow == "cancel" && s.opt.Process != nil {
		if err := s.opt.Process.Cancel(ctx, tx, a, r, reason); err != nil {
			return err
		}
	}
	if s.opt.Process != nil {
		if _, err := s.opt.Process.Changed(ctx, tx, a, r); err != nil {
			return err
		}
	}
	if s.opt.Notify == nil {
		return nil
	}
	to := c.Recipients(s.env(ctx, tx, a, r))
	if to == nil {
		return nil
	}
	return s.opt.Notify.Tell(ctx, tx, a, to, "command."+c.Name, r)
}

// Offer is one act the caller may do with a record now.
type Offer struct {
	Command string           `json:"command"`
	Reason  bool             `json:"reason,omitempty"` // a reason is required
	Form    []string         `json:"form,omitempty"`   // fields of the record that its form edits
	Input   []map[string]any `json:"input,omitempty"`  // fields of the command itself
}

// Offers lists the declared commands the caller may run on the record in its state.
func (s *Store) Offers(ctx context.Context, tx *store.Tx, a identity.Actor, r *Record) []Offer {
	var out []Offer
	for _, c := range r.Type.Commands {
		if !s.opt.Policy.Allow(a, c.Name, r.Type, r.Values) || !c.Offered(s.env(ctx, tx, a, r)) {
			continue
		}
		o := Offer{Command: c.Name, Reason: c.Reason, Form: c.Form}
		for _, f := range c.Input {
			o.Input = append(o.Input, f.Describe())
		}
		out = append(out, o)
	}
	return out
}

// Unmask gives the clear values of fields above the caller's clearance. It needs the permission unmask and a reason, and
// leaves an entry that names the fields.
func (s *Store) Unmask(ctx context.Context, tx *store.Tx, a identity.Actor, typ, id string, fields []string, reason string) (map[string]any, error) {
	if strings.TrimSpace(reason) == "" {
		return nil, fault.New(fault.Invalid, "record.invalid", "type", typ).At("/reason", "field.required")
	}
	if !storable(reason) {
		return nil, fault.New(fault.Invalid, "record.invalid", "type", typ).At("/reason", "field.control")
	}
	r, err := s.reach(ctx, tx, a, typ, id, "unmask")
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	for _, n := range fields {
		f := r.Type.Field(n)
		if f == nil {
			return nil, fault.New(fault.Invalid, "record.invalid", "type", typ).At("/"+n, "field.unknown")
		}
		out[n] = r.Values[n]
		if sealed, ok := r.Values[n].(schema.Sealed); ok {
			if out[n], err = s.opt.Keys.open(r, f, sealed); err != nil {
				return nil, err
			}
		}
	}
	body, err := jsonBody(map[string]any{"unmasked": fields})
	if err != nil {
		return nil, err
	}
	return out, s.log(ctx, tx, a, r, "record.unmask", reason, body)
}
