package flow

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strconv"
	"strings"

	"chengshu/base/bpmn"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// Migration takes running instances of one version of a definition to another (process-and-decisions.md §11). Nodes and
// flows of equal id map by themselves; Map names the others: old id → new id.
type Migration struct {
	Key      string
	From, To int64
	Map      map[string]string
}

// MigrationPlan is the dry run of a migration over all running and suspended instances.
type MigrationPlan struct {
	Migration
	Instances int           // looked at
	Ready     int           // can go over
	Nodes     []NodeMapping // where their tokens are, by id
}

// NodeMapping is what a migration means for one node that holds tokens.
type NodeMapping struct {
	Node   string         `json:"node"`
	To     string         `json:"to"`     // empty where it maps to nothing
	Itself bool           `json:"itself"` // by equal ids
	Tokens int            `json:"tokens"`
	Blocks map[string]int `json:"blocks,omitempty"` // message keys of why tokens cannot go over, with their number
}

// migration is a Migration with its plans.
type migration struct {
	from, to *plan
	ids      map[string]string
}

// migration loads the two versions; Invalid "flow.migrate.type" where they are not about the same record type.
func (e *Engine) migration(ctx context.Context, tx *store.Tx, g Migration) (*migration, error) {
	if g.From == g.To {
		return nil, fault.New(fault.Invalid, "flow.migrate.same", "version", g.From)
	}
	out := &migration{ids: g.Map}
	for _, v := range []struct {
		version int64
		plan    **plan
	}{{g.From, &out.from}, {g.To, &out.to}} {
		if _, _, err := e.Definition(ctx, tx, g.Key, v.version); err != nil || v.version == 0 {
			return nil, fault.New(fault.NotFound, "flow.definition", "key", g.Key, "version", v.version)
		}
		p, err := e.plan(ctx, tx, g.Key, v.version)
		if err != nil {
			return nil, err
		}
		*v.plan = p
	}
	if out.from.typ != out.to.typ {
		return nil, fault.New(fault.Invalid, "flow.migrate.type", "node", g.Key)
	}
	for from, to := range g.Map {
		a, b := out.from.process.Node(from) != nil, out.to.process.Node(to) != nil
		if !a && !b {
			a, b = out.from.process.Flow(from) != nil, out.to.process.Flow(to) != nil
		}
		if !a || !b {
			return nil, fault.New(fault.Invalid, "flow.migrate.node", "node", from).At("/map/"+from, "field.choice")
		}
	}
	return out, nil
}

// id gives what an id of the old version is called in the new one.
func (g *migration) id(old string) string {
	if to, ok := g.ids[old]; ok {
		return to
	}
	return old
}

// PlanMigration tells for every running and suspended instance of the old version whether it can go over, by node. It
// changes nothing. The caller has judged who may see it.
func (e *Engine) PlanMigration(ctx context.Context, tx *store.Tx, mig Migration) (MigrationPlan, error) {
	g, err := e.migration(ctx, tx, mig)
	if err != nil {
		return MigrationPlan{}, err
	}
	out := MigrationPlan{Migration: mig}
	nodes := map[string]*NodeMapping{}
	last := ""
	for {
		ids, err := e.Migratable(ctx, tx, mig, last, 500)
		if err != nil {
			return MigrationPlan{}, err
		}
		if len(ids) == 0 {
			break
		}
		last = ids[len(ids)-1]
		for _, id := range ids {
			s, err := readInst(ctx, tx, id)
			if err != nil {
				return MigrationPlan{}, err
			}
			if g.from.comps {
				if s.comps, err = loadComps(ctx, tx, id); err != nil {
					return MigrationPlan{}, err
				}
			}
			out.Instances++
			if g.weigh(s, nodes) {
				out.Ready++
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(nodes)) {
		out.Nodes = append(out.Nodes, *nodes[id])
	}
	return out, nil
}

// weigh adds one instance to the report.
func (g *migration) weigh(s *state, nodes map[string]*NodeMapping) bool {
	_, blocked := g.fit(s)
	for _, t := range s.tokens {
		n := nodes[t.node]
		if n == nil {
			n = &NodeMapping{Node: t.node, Blocks: map[string]int{}}
			if to := g.id(t.node); g.to.nodes[to] != nil {
				_, named := g.ids[t.node]
				n.To, n.Itself = to, !named
			}
			nodes[t.node] = n
		}
		n.Tokens++
		if code := blocked[t.id]; code != "" {
			n.Blocks[code]++
		}
	}
	return len(blocked) == 0
}

// Migratable gives the ids of the instances on the old version that have not ended, in order, after one of them: what
// Migrate is to be called for.
func (e *Engine) Migratable(ctx context.Context, tx *store.Tx, mig Migration, after string, limit int) ([]string, error) {
	return rowsOf(ctx, tx, "find instances", func(rows *sql.Rows) (id string, err error) {
		err = rows.Scan(&id)
		return id, err
	}, `SELECT id FROM flow_inst WHERE def_key = ? AND def_version = ? AND ended = 0 AND id > ? ORDER BY id LIMIT ?`,
		mig.Key, mig.From, after, limit)
}

// landing is where a token stands in the new version.
type landing struct {
	node  *node
	stack stack
}

// fit finds the place of every token in the new version, and says why there is none. The blocks around a token must be of
// the same kinds in the same order, tokens of one group must stay in one block, those of two branches in two.
func (g *migration) fit(s *state) (lands map[int64]landing, blocked map[int64]string) {
	lands, blocked = map[int64]landing{}, map[int64]string{}
	block, taken := map[int64]string{}, map[frame]string{}
	for _, t := range s.tokens {
		l, code := g.land(t)
		for i, f := range l.stack {
			if was, ok := block[f.group]; ok && was != f.block {
				code = "flow.migrate.block"
			}
			block[f.group] = f.block
			old := t.stack[i].branch
			if was, ok := taken[f]; ok && was != old {
				code = "flow.migrate.branch"
			}
			taken[f] = old
		}
		if code != "" {
			blocked[t.id] = code
		}
		lands[t.id] = l
	}
	for _, c := range s.comps {
		if x := g.to.nodes[g.id(c.node)]; x == nil || x.handler == nil {
			blocked[-c.id] = "flow.migrate.compensation"
		}
	}
	return lands, blocked
}

// land finds the place of one token.
func (g *migration) land(t *token) (landing, string) {
	old, n := g.from.nodes[t.node], g.to.nodes[g.id(t.node)]
	switch {
	case n == nil || old == nil:
		return landing{}, "flow.migrate.node"
	case !sameType(old, n):
		return landing{}, "flow.migrate.type"
	case old.inHandler() || slices.ContainsFunc(t.stack, func(f frame) bool { return g.from.nodes[f.block].compensates() }):
		return landing{}, "flow.migrate.compensation"
	}
	at := slices.Clone(n.path)
	switch {
	case t.state == joined:
		at = append(at, place{n.closes, g.id(t.stack.top().branch)})
		if f := g.to.process.Flow(at[len(at)-1].branch); f == nil || f.From == nil || f.From.ID != n.closes {
			return landing{}, "flow.migrate.branch"
		}
	case n.multi():
		at = append(at, place{n.ID, ""})
	case inBody(t, old) && n.repeats():
		at = append(at, place{n.ID, n.mark()})
	}
	if len(at) != len(t.stack) {
		return landing{}, "flow.migrate.block"
	}
	l := landing{node: n, stack: make(stack, len(at))}
	for i, p := range at {
		f := t.stack[i]
		if !sameType(g.from.nodes[f.block], g.to.nodes[p.block]) {
			return landing{}, "flow.migrate.block"
		}
		l.stack[i] = frame{f.group, p.block, p.branch}
		if f.body() || strings.HasPrefix(p.branch, manyMark) || p.branch == loopMark {
			if !(frame{branch: f.branch}).fits(place{branch: p.branch}) {
				return landing{}, "flow.migrate.block"
			}
			l.stack[i].branch = f.branch
		}
	}
	return l, ""
}

// sameType tells whether a node may take the place of another: same element, same event, same way of being done.
func sameType(a, b *node) bool {
	return a.Kind == b.Kind && a.event() == b.event() && a.multi() == b.multi() && a.Triggered == b.Triggered &&
		a.Interrupting == b.Interrupting && len(a.services) == len(b.services) && a.repeats() == b.repeats() && a.many() == b.many() &&
		(a.closes == "") == (b.closes == "")
}

// Migrate takes one instance to the new version, by order of somebody with the permission "flow.migrate" and a reason. An
// instance rests in a wait state between commands, so it goes over as it stands: tokens, tasks, timers, subscriptions.
// Events that the new version attaches to where a token is are armed, those it has no more are dropped; candidates of
// open tasks stay as they are. The history names both versions. Conflict "flow.migrate.*" says why it cannot.
func (e *Engine) Migrate(ctx context.Context, tx *store.Tx, actor identity.Actor, mig Migration, instance, id, reason string) (Result, error) {
	g, err := e.migration(ctx, tx, mig)
	if err != nil {
		return Result{}, err
	}
	st := e.newStep(ctx, tx, actor, Command{ID: id, Name: "migrate", Instance: instance, Reason: reason})
	s, prev, err := loadInst(ctx, tx, instance, id)
	if r, done, err := stored(prev, err); done || err != nil {
		return r, err
	}
	m, err := st.over(s)
	if err != nil {
		return Result{}, err
	}
	if err := m.migratable(mig); err != nil {
		return Result{}, err
	}
	if _, err := m.comps(); err != nil {
		return Result{}, err
	}
	if err := m.openTasks(); err != nil {
		return Result{}, err
	}
	lands, blocked := g.fit(s)
	if ids := slices.Sorted(maps.Keys(blocked)); len(ids) > 0 {
		node := ""
		if x := s.token(ids[0]); x != nil {
			node = x.node
		}
		return Result{}, fault.New(fault.Conflict, blocked[ids[0]], "node", node)
	}
	if err := m.goOver(g, lands); err != nil {
		return Result{}, err
	}
	return st.finish(m, "migrate", "", "")
}

func (m *machine) migratable(mig Migration) error {
	if err := m.privilege("flow.migrate"); err != nil {
		return err
	}
	if err := m.reasoned(); err != nil {
		return err
	}
	in := m.s.inst
	switch {
	case in.ended != 0:
		return fault.New(fault.Conflict, "flow.ended", "instance", in.id, "state", in.state)
	case in.defKey != mig.Key || in.defVersion != mig.From:
		return fault.New(fault.Conflict, "flow.migrate.version", "instance", in.id, "version", in.defVersion)
	}
	return nil
}

// goOver moves everything the instance holds.
func (m *machine) goOver(g *migration, lands map[int64]landing) error {
	in := m.s.inst
	m.extra = append(m.extra, Note{Op: "migrated", Text: strconv.FormatInt(in.defVersion, 10) + " → " + strconv.FormatInt(g.to.version, 10)})
	m.p, in.defVersion = g.to, g.to.version
	if err := m.exec(`UPDATE flow_inst SET def_version = ? WHERE id = ?`, in.defVersion, in.id); err != nil {
		return err
	}
	hosts := map[int64]hold{0: {starts: true}}
	for _, t := range m.s.alive() {
		l := lands[t.id]
		t.node, t.stack, t.back, t.dirty = l.node.ID, l.stack, g.back(t.back), true
		hosts[t.id] = hold{token: t, node: l.node}
		for _, f := range l.stack {
			b := m.p.nodes[f.block]
			scope := b.Kind == bpmn.SubProcess && !f.body()
			if !scope || !b.repeats() { // the events of a repeated one are held by its block
				hosts[f.group] = hold{token: t, node: b, whole: f.body()}
			}
			if scope {
				hosts[-f.group] = hold{token: t, node: b, starts: true}
			}
		}
		if err := m.exec(`UPDATE flow_job SET node = ? WHERE inst = ? AND token = ?`, t.node, in.id, t.id); err != nil {
			return err
		}
		if err := m.exec(`UPDATE flow_incident SET node = ? WHERE inst = ? AND token = ? AND closed = 0`, t.node, in.id, t.id); err != nil {
			return err
		}
	}
	for _, r := range m.s.repeats {
		r.node, r.dirty = g.id(r.node), true
	}
	for _, k := range m.s.tasks {
		k.Node = g.id(k.Node)
		if err := m.exec(`UPDATE flow_task SET node = ? WHERE id = ?`, k.Node, k.ID); err != nil {
			return err
		}
	}
	if err := m.endLimits(); err != nil {
		return err
	}
	for _, c := range m.s.comps {
		c.node = g.id(c.node)
		for i := range c.stack {
			c.stack[i].block, c.stack[i].branch = g.id(c.stack[i].block), g.id(c.stack[i].branch)
		}
		if err := m.exec(`UPDATE flow_comp SET node = ?, stack = ? WHERE inst = ? AND id = ?`, c.node, c.stack.String(), in.id, c.id); err != nil {
			return err
		}
	}
	return m.rewait(g, hosts)
}

// back maps where a task returned "direct" goes back to.
func (g *migration) back(text string) string {
	id, person, ok := strings.Cut(text, "/")
	if !ok || g.to.nodes[g.id(id)] == nil {
		return ""
	}
	return g.id(id) + "/" + person
}
