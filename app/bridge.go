package app

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/base/store"
	"chengshu/kernel/flow"
	"chengshu/kernel/geo"
	"chengshu/kernel/identity"
	"chengshu/kernel/notify"
	"chengshu/kernel/record"
)

// functions are the product functions of every expression.
func (a *App) functions() []feel.Func {
	funcs := append(a.Records.Functions(a.CalendarOf), flow.CandidateFuncs()...)
	return append(funcs, a.decideFunc())
}

// reach lets functions of a process's expressions read inside its transaction.
func reach(ctx context.Context, tx *store.Tx, _ identity.Actor) any {
	return &record.Reach{Ctx: ctx, Tx: tx}
}

// places answers where a point lies: the grid of the general layer, and the area path down to it.
type places struct{ atlas *geo.Atlas }

// Locate gives grid code and area path of a point.
func (p *places) Locate(lon, lat float64) (grid, area string, ok bool) {
	index := p.atlas.Index()
	for _, layer := range []geo.Layer{geo.General, geo.Cell, geo.Village, geo.Town, geo.County} {
		if found, hit := index.Locate(lon, lat, layer); hit {
			if layer.IsGrid() {
				return found.Code, found.Path, true
			}
			return "", found.Path, true
		}
	}
	return "", "", false
}

// names answers what organisations, people and areas are called.
type names struct{ app *App }

// Name gives the name of an organisation or area path, a person or a choice, and whether there is such a one.
func (n *names) Name(kind, id string) (string, bool) {
	if kind == "choice" {
		b := n.app.Bundle.Load()
		if !b.Has("choice." + id) {
			return "", false
		}
		return b.Word("choice."+id, nil), true
	}
	if kind != "area" {
		return n.app.Identity.Directory().Name(kind, id)
	}
	if id == "/" {
		return n.app.Bundle.Load().Word("ui.whole_county", nil), true
	}
	parts := strings.Split(strings.Trim(id, "/"), "/")
	index := n.app.Atlas.Index()
	code := parts[len(parts)-1]
	if area, ok := index.Area(code); ok {
		return area.Name, true
	}
	if grid, ok := index.Grid(geo.General, code); ok {
		return grid.Name, true
	}
	return "", false
}

// starter is the process engine as the record store sees it.
type starter struct{ flow *flow.Engine }

func bizOf(r *record.Record) flow.Biz {
	return flow.Biz{Type: r.Type.Name, ID: r.ID(), Org: r.Org(), Area: r.Area()}
}

// Start begins a process for a new record.
func (s *starter) Start(ctx context.Context, tx *store.Tx, a identity.Actor, key string, r *record.Record) error {
	_, err := s.flow.Start(ctx, tx, a, key, bizOf(r))
	return err
}

// Cancel ends the running processes of a record.
func (s *starter) Cancel(ctx context.Context, tx *store.Tx, a identity.Actor, r *record.Record, reason string) error {
	instances, err := s.flow.Instances(ctx, tx, bizOf(r))
	if err != nil {
		return err
	}
	for _, in := range instances {
		if in.Parent != "" || !in.Ended.IsZero() {
			continue
		}
		if _, err := s.flow.Do(ctx, tx, a, flow.Command{Name: flow.Cancel, Instance: in.ID, Reason: reason}); err != nil {
			return err
		}
	}
	return nil
}

// Divert moves the running process of a record to a node. The record store has asked policy for its own act.
func (s *starter) Divert(ctx context.Context, tx *store.Tx, _ identity.Actor, r *record.Record, node, reason string) error {
	instances, err := s.flow.Instances(ctx, tx, bizOf(r))
	if err != nil {
		return err
	}
	for _, in := range instances {
		if in.Parent != "" || !in.Ended.IsZero() {
			continue
		}
		if reason == "" {
			reason = node
		}
		_, err := s.flow.Do(ctx, tx, identity.System(byProcess), flow.Command{Name: flow.Jump, Instance: in.ID, Target: node, Reason: reason})
		return err
	}
	return fault.New(fault.Conflict, "flow.ended", "id", r.ID())
}

// Message hands a named message to the process of a record.
func (s *starter) Message(ctx context.Context, tx *store.Tx, a identity.Actor, r *record.Record, name string) error {
	_, err := s.flow.Publish(ctx, tx, a, flow.Message{Name: name, Key: r.ID(), Biz: bizOf(r)})
	return err
}

// Changed lets processes look at their conditions. What a process does to its record by a command it looks at itself.
func (s *starter) Changed(ctx context.Context, tx *store.Tx, a identity.Actor, r *record.Record) (bool, error) {
	if a.Person == identity.SystemPerson && a.Via == byProcess {
		return false, nil
	}
	return s.flow.Changed(ctx, tx, a, bizOf(r))
}

// byProcess is the way by which processes act on records.
const byProcess = "process"

// processes is the rest of the kernel as the process engine sees it.
type processes struct{ app *App }

// Scope declares the names of a record type's expressions; a process about no type has the functions alone.
func (p *processes) Scope(typ string) (*feel.Scope, error) {
	if typ == "" {
		scope := feel.NewScope().Local(clock.Shanghai).Lenient()
		for _, f := range p.app.functions() {
			scope.Func(f)
		}
		return scope, nil
	}
	t, err := p.app.Records.Set().Type(typ)
	if err != nil {
		return nil, err
	}
	return t.Scope(p.app.functions()...), nil
}

func (p *processes) change(typ string, c flow.Change) record.Change {
	out := record.Change{Data: c.Data, Rev: c.Rev, Op: c.Op, Reason: c.Reason}
	if c.State != nil {
		out.State = *c.State
	}
	for _, f := range c.Form {
		out.Allowed = append(out.Allowed, f.Name)
		if f.Required {
			out.Needed = append(out.Needed, f.Name)
		}
	}
	t, err := p.app.Records.Set().Type(typ)
	if err == nil && len(c.Set) > 0 {
		out.Set = make(map[string]any, len(c.Set))
		for name, v := range c.Set {
			out.Set[name] = t.Assignable(name, v)
		}
	}
	return out
}

// Vars gives the record's variables as they would be after a change.
func (p *processes) Vars(ctx context.Context, tx *store.Tx, a identity.Actor, typ, id string, c flow.Change) (feel.Vars, error) {
	r, err := p.app.Records.Preview(ctx, tx, a, typ, id, p.change(typ, c))
	if err != nil {
		return nil, err
	}
	return r.Vars(a), nil
}

// Apply writes a process's change.
func (p *processes) Apply(ctx context.Context, tx *store.Tx, a identity.Actor, typ, id string, c flow.Change) (int64, json.RawMessage, error) {
	body, rev, err := p.app.Records.Apply(ctx, tx, a, typ, id, p.change(typ, c))
	return rev, body, err
}

// Allow asks policy for a privileged command on a process. The system, which runs timers, and the record store, which has
// asked for its own command already, may do everything; flow.Rights says what others need.
func (p *processes) Allow(ctx context.Context, tx *store.Tx, a identity.Actor, action string, biz flow.Biz) error {
	if a.Person == identity.SystemPerson {
		return nil
	}
	if biz.Type == "" { // about no record: nothing a grant could be about
		return p.app.Identity.Require(a, identity.PowerSystem)
	}
	r, err := p.app.Records.Load(ctx, tx, biz.Type, biz.ID)
	if err != nil {
		return err
	}
	need := flow.Rights(action)
	for _, right := range need {
		if p.app.Policy.Allow(a, right, r.Type, r.Values) {
			return nil
		}
	}
	if cards := p.app.calendars.Load().types.Cards; action == "flow.appeal" && cards != "" && p.app.Policy.Any(a, "supervise", cards) {
		return nil // who supervises cards decides appeals against them; against which is asked when the card is known
	}
	return p.app.Policy.Require(a, need[0], r.Type, r.Values)
}

// Run runs a service task: a notice, a declared command on the record, or a decision.
func (p *processes) Run(ctx context.Context, tx *store.Tx, a identity.Actor, c flow.Call) (feel.Value, error) {
	switch c.Kind {
	case "notify":
		r, err := p.app.Records.Load(ctx, tx, c.Biz.Type, c.Biz.ID)
		if err != nil {
			return nil, err
		}
		return nil, p.app.tell(ctx, tx, c.To, c.Message, r)
	case "command":
		return nil, p.command(ctx, tx, c)
	case "decision":
		return p.decide(ctx, tx, a, c)
	}
	return nil, fault.New(fault.Invalid, "flow.service", "kind", c.Kind, "name", c.Name)
}

// command runs a declared command on the record of a process. What it refuses is thrown into the process as an error with
// the code of the fault, and nothing of the command is left.
func (p *processes) command(ctx context.Context, tx *store.Tx, c flow.Call) error {
	data, _ := feel.ToGo(c.Data).(map[string]any)
	err := tx.Savepoint(ctx, func() error {
		_, err := p.app.Records.Command(ctx, tx, identity.System(byProcess), c.Biz.Type, c.Biz.ID, c.Name, data, cmp.Or(c.Reason, c.Node))
		return err
	})
	if err == nil || fault.Is(err, fault.Internal) || fault.Is(err, fault.Unavailable) || ctx.Err() != nil {
		return err
	}
	return flow.Raise(fault.CodeOf(err))
}

// teller writes the notices that commands declare.
type teller struct{ app *App }

// Tell writes a notice to everybody that candidate functions name.
func (t *teller) Tell(ctx context.Context, tx *store.Tx, _ identity.Actor, recipients feel.Value, message string, r *record.Record) error {
	list, err := flow.Candidates(recipients)
	if err != nil {
		return err
	}
	return t.app.tell(ctx, tx, list, message, r)
}

// tell writes a notice about a record to everybody that candidates name.
func (a *App) tell(ctx context.Context, tx *store.Tx, to []flow.Candidate, message string, r *record.Record) error {
	return a.Inbox.Send(ctx, tx, a.people(to), notify.Notice{
		Key: message, Subject: r.Subject(), Title: r.Title(), Args: map[string]any{"number": r.Values["number"], "title": r.Title()},
	})
}

// people resolves candidates to the people who hold a matching post today.
func (a *App) people(to []flow.Candidate) []string {
	day := a.Clock.Now().In(clock.Shanghai).Format("2006-01-02")
	var out []string
	for _, c := range to {
		if c.Kind == flow.ByPerson {
			out = append(out, c.Ref)
			continue
		}
		out = append(out, a.Identity.Directory().PostsWith(c.Ref, c.Org, c.Area, day)...)
	}
	return out
}
