package demo

import (
	"bytes"
	"context"
	"encoding/json"

	"gopkg.in/yaml.v3"

	"chengshu/app"
	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/policy"
	"chengshu/kernel/record"
	"chengshu/kernel/schema"
)

// batch is how many records are written in one transaction.
const batch = 500

// fileRecords makes the records of the hand-written demo files, in the order they stand in.
func (s *seeder) fileRecords(ctx context.Context) error {
	for _, name := range s.names {
		var failed error
		schema.Pairs(&s.files[name].Records, func(typ string, line int, list *yaml.Node) {
			if failed != nil {
				return
			}
			failed = s.fileList(ctx, schema.Pos{File: name, Line: line}, typ, list)
		})
		if failed != nil {
			return failed
		}
	}
	return nil
}

func (s *seeder) fileList(ctx context.Context, pos schema.Pos, typ string, list *yaml.Node) error {
	t, err := s.app.Records.Set().Type(typ)
	if err != nil {
		return fault.Wrap(pos.String(), err)
	}
	return s.app.DB.Write(ctx, func(tx *store.Tx) error {
		for _, n := range list.Content {
			data, err := s.decode(t, n)
			if err != nil {
				return fault.Wrap(schema.Pos{File: pos.File, Line: n.Line}.String(), err)
			}
			if err := s.keep(ctx, tx, t, data); err != nil {
				return fault.Wrap(schema.Pos{File: pos.File, Line: n.Line}.String(), err)
			}
		}
		return nil
	})
}

// decode gives the JSON values of a record written in YAML, with the short forms of areas written out.
func (s *seeder) decode(t *schema.Type, n *yaml.Node) (map[string]any, error) {
	var loose map[string]any
	if err := n.Decode(&loose); err != nil {
		return nil, fault.New(fault.Invalid, "yaml.value", "detail", err.Error())
	}
	raw, err := json.Marshal(loose)
	if err != nil {
		return nil, fault.Wrap("encode record", err)
	}
	var out map[string]any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&out); err != nil {
		return nil, fault.Wrap("decode record", err)
	}
	for _, f := range t.FieldList {
		switch v := out[f.Name].(type) {
		case string:
			if f.Type == "area" {
				out[f.Name] = s.words.area(v)
			}
		case map[string]any:
			if area, ok := v["area"].(string); ok && f.Type == "place" {
				v["area"] = s.words.area(area)
			}
		}
	}
	return out, nil
}

// keep stores a record as the system does and remembers it for those that refer to it.
func (s *seeder) keep(ctx context.Context, tx *store.Tx, t *schema.Type, data map[string]any) error {
	r, err := s.app.Records.Seed(ctx, tx, identity.System("demo"), t.Name, data)
	if err != nil {
		return err
	}
	s.out.Records++
	s.words.add(t.Name, t.Context(r.Values))
	return nil
}

// registers makes the records of the plan that have no history.
func (s *seeder) registers(ctx context.Context) error {
	for i, g := range s.plan.registers {
		s.words.stage(100 + uint64(i))
		if err := s.register(ctx, g); err != nil {
			return fault.Wrap(g.pos.String(), err)
		}
	}
	return nil
}

func (s *seeder) register(ctx context.Context, g *register) error {
	t, err := s.app.Records.Set().Type(g.Type)
	if err != nil {
		return err
	}
	items := s.chosen(g)
	for from := 0; from < len(items); from += batch {
		s.progress(g.Type, from, len(items))
		part := items[from:min(len(items), from+batch)]
		err := s.app.DB.Write(ctx, func(tx *store.Tx) error {
			for i, it := range part {
				env := s.env(ctx, tx, view{it: it, user: identity.System("demo"), n: from + i + 1})
				if err := s.keep(ctx, tx, t, s.data(g.fields, env)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// chosen gives the items that a register is made of: those that fit, shuffled where only some are wanted.
func (s *seeder) chosen(g *register) []*feel.Context {
	var out []*feel.Context
	for i, it := range s.words.list(g.From) {
		if g.where == nil || g.where.expr.True(&feel.Env{Vars: feel.Map{"it": it, "n": feel.NumberFromInt(int64(i + 1))}, Now: s.clock.Now}) {
			out = append(out, it)
		}
	}
	if g.Count == 0 {
		return out
	}
	want := scaled(g.Count, s.cfg.size(), 3)
	if len(out) > want {
		s.words.rand.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
		out = out[:want]
	}
	return out
}

// view is what the values of a plan see.
type view struct {
	it, record, twin *feel.Context
	user             identity.Actor
	n                int
}

func (v view) vars() feel.Map {
	vars := feel.Map{"it": nil, "record": nil, "twin": nil, "user": policy.User(v.user), "n": feel.NumberFromInt(int64(v.n))}
	for name, c := range map[string]*feel.Context{"it": v.it, "record": v.record, "twin": v.twin} {
		if c != nil {
			vars[name] = c
		}
	}
	return vars
}

func (s *seeder) env(ctx context.Context, tx *store.Tx, v view) *feel.Env {
	return &feel.Env{Vars: v.vars(), Now: s.clock.Now, Data: &record.Reach{Ctx: ctx, Tx: tx}}
}

// data draws the values of fields; empty ones are left out.
func (s *seeder) data(fields []field, env *feel.Env) map[string]any {
	out := make(map[string]any, len(fields))
	for _, f := range fields {
		if v := f.value.draw(s.words.rand, env); v != nil {
			out[f.name] = v
		}
	}
	return out
}

// functions are the product functions that values may use beside those of chance.
func functions(a *app.App) []feel.Func { return a.Records.Functions(a.CalendarOf) }
