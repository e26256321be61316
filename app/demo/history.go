package demo

import (
	"container/heap"
	"context"
	"slices"
	"time"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/base/store"
	"chengshu/kernel/flow"
	"chengshu/kernel/geo"
	"chengshu/kernel/identity"
	"chengshu/kernel/record"
	"chengshu/kernel/schema"
)

// matter is a record with a process while people work on it.
type matter struct {
	plan *history
	id   string
	it   *feel.Context
	twin *feel.Context
	seen map[string]bool // tasks that are known
}

func (m *matter) biz() flow.Biz { return flow.Biz{Type: m.plan.Type, ID: m.id} }

// event is something that is going to happen: a record is made (matter nil), or a task is done.
type event struct {
	at     time.Time
	n      int // breaks ties in the order of making
	plan   *history
	role   string
	it     *feel.Context
	twin   *feel.Context
	matter *matter
	task   *flow.Task
	acted  bool
}

// queue is a heap of events.
type queue []*event

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].at.Before(q[j].at) || q[i].at.Equal(q[j].at) && q[i].n < q[j].n
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push adds an event; it is heap's.
func (q *queue) Push(x any) {
	if e, ok := x.(*event); ok {
		*q = append(*q, e)
	}
}

// Pop takes the last event; it is heap's.
func (q *queue) Pop() any {
	old := *q
	e := old[len(old)-1]
	*q = old[:len(old)-1]
	return e
}

// chronicle lets a year pass: it makes records, does tasks and fires timers in the order of time.
type chronicle struct {
	*seeder
	queue    queue
	made     int // events
	calendar *clock.Calendar
	players  *players
	forms    map[string]flow.Form
	from     time.Time
}

// stepsAtOnce is how many events are written in one transaction.
const stepsAtOnce = 400

// tolerated is the share of acts that may fail, in percent; more of them mean that a plan is wrong.
const tolerated = 2

// histories runs the histories of all packs at once.
func (s *seeder) histories(ctx context.Context) error {
	s.words.stage(200)
	players, err := newPlayers(ctx, s.app, s.cast.people)
	if err != nil {
		return err
	}
	c := &chronicle{seeder: s, calendar: s.app.CalendarOf(""), players: players, forms: map[string]flow.Form{}, from: s.cfg.Until}
	for _, h := range s.plan.histories {
		if err := c.arrivals(h); err != nil {
			return fault.Wrap(h.pos.String(), err)
		}
	}
	if err := c.warm(ctx); err != nil {
		return err
	}
	if err := c.run(ctx); err != nil {
		return err
	}
	if total := s.out.Matters + s.out.Acts; s.out.Skipped*100 > tolerated*total && s.out.First != nil {
		return fault.Wrap("history", s.out.First)
	}
	return nil
}

// warm compiles the processes before the big transactions begin.
func (c *chronicle) warm(ctx context.Context) error {
	for _, k := range c.app.Bundle.Load().Packs {
		for _, f := range k.Flows {
			ours := slices.ContainsFunc(c.plan.histories, func(h *history) bool { return h.Type == f.Type })
			if !ours && f.Type != "" {
				continue
			}
			if err := c.app.Flow.Warm(ctx, f.Key); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *chronicle) push(e *event) {
	if !e.at.Before(c.cfg.Until) {
		return // it has not happened yet
	}
	c.made++
	e.n = c.made
	heap.Push(&c.queue, e)
}

// arrivals says when the records of a history are made.
func (c *chronicle) arrivals(h *history) error {
	spread := func(count, days int) error {
		for range scaled(count, c.cfg.size(), min(count, 5)) {
			role := pickWeighted(c.words.rand, h.by)
			source := pickWeighted(c.words.rand, h.at)
			it := c.words.items[source].located(c.words.rand)
			if it == nil {
				return fault.New(fault.Invalid, "demo.empty", "source", source)
			}
			e := &event{plan: h, role: role, it: it, at: c.arrival(days, role)}
			if e.at.Before(c.from) {
				c.from = e.at
			}
			c.push(e)
		}
		return nil
	}
	if err := spread(h.Count, h.Days); err != nil {
		return err
	}
	return spread(h.Recent.Count, max(1, h.Recent.Days))
}

// arrival draws an instant in the last days: visitors come from seven to ten, staff in opening hours.
func (c *chronicle) arrival(days int, role string) time.Time {
	r := c.words.rand
	day := clock.DateOf(c.cfg.Until) - clock.Date(r.IntN(days))
	at := day.Start().Add(7*time.Hour + time.Duration(r.Float64()*float64(15*time.Hour)))
	if role == anonymous {
		return at
	}
	if !c.calendar.IsOpen(at) {
		at = c.calendar.NextOpening(at).Add(time.Duration(r.Float64() * float64(90*time.Minute)))
	}
	return at
}

// run lets everything happen up to the end, many events a transaction.
func (c *chronicle) run(ctx context.Context) error {
	for more := true; more; {
		c.progress("history", max(0, int(c.clock.Now().Sub(c.from)/time.Hour)), int(c.cfg.Until.Sub(c.from)/time.Hour))
		ran := false
		err := c.app.DB.Write(ctx, func(tx *store.Tx) error {
			if ran { // the queue has moved on: what it held cannot be done a second time
				return fault.New(fault.Unavailable, "demo.repeated")
			}
			ran = true
			for range stepsAtOnce {
				var err error
				if more, err = c.next(ctx, tx); err != nil || !more {
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

// next lets the next thing happen: a timer, or an event of the queue. False where there is none before the end.
func (c *chronicle) next(ctx context.Context, tx *store.Tx) (bool, error) {
	due, timed, err := c.app.Flow.Due(ctx, tx)
	if err != nil {
		return false, err
	}
	timed = timed && due.Before(c.cfg.Until)
	if timed && (len(c.queue) == 0 || !c.queue[0].at.Before(due)) {
		c.moveTo(due)
		return true, c.timer(ctx, tx)
	}
	if len(c.queue) == 0 {
		return false, nil
	}
	e, ok := heap.Pop(&c.queue).(*event)
	if !ok {
		return false, fault.New(fault.Internal, "demo.queue")
	}
	c.moveTo(e.at)
	err = tx.Savepoint(ctx, func() error {
		if e.matter == nil {
			return c.arrive(ctx, tx, e)
		}
		return c.work(ctx, tx, e)
	})
	return true, c.judge(e, err)
}

// moveTo moves the clock, never back.
func (c *chronicle) moveTo(t time.Time) {
	if t.After(c.clock.Now()) {
		c.clock.Set(t)
	}
}

// judge lets refusals pass, which belong to life, and counts them; a broken database ends it all.
func (c *chronicle) judge(e *event, err error) error {
	if err == nil {
		return nil
	}
	if k := fault.KindOf(err); k == fault.Internal || k == fault.Unavailable {
		return err
	}
	if fault.Is(err, fault.Conflict) {
		return nil // the task has gone: its case was closed by somebody else, or merged
	}
	c.out.Skipped++
	if c.out.First == nil {
		where := e.plan.pos.String()
		if e.task != nil {
			where += " " + e.task.Node
		}
		c.out.First = fault.Wrap(where, err)
	}
	return nil
}

func (c *chronicle) timer(ctx context.Context, tx *store.Tx) error {
	r, fired, err := c.app.Flow.Fire(ctx, tx)
	if err != nil {
		if k := fault.KindOf(err); k == fault.Internal || k == fault.Unavailable {
			return err
		}
		c.out.Skipped++
		if c.out.First == nil {
			c.out.First = fault.Wrap("timer", err)
		}
		return nil
	}
	if fired {
		c.out.Timers++
	}
	return c.opened(ctx, tx, nil, r.Opened)
}

// arrive makes a record.
func (c *chronicle) arrive(ctx context.Context, tx *store.Tx, e *event) error {
	area := c.areaOf(e.it)
	who, ok := c.players.with(c.words.rand, e.role, area)
	if !ok {
		return fault.New(fault.NotFound, "demo.nobody", "role", e.role, "area", area)
	}
	data := c.data(e.plan.fields, c.env(ctx, tx, view{it: e.it, twin: e.twin, user: who, n: c.out.Matters + 1}))
	if who.Person == identity.AnonymousPerson {
		public(c.app.Records.Set(), e.plan.Type, data)
	}
	r, err := c.app.Records.Create(ctx, tx, who, e.plan.Type, data)
	if err != nil {
		return err
	}
	c.out.Matters++
	m := &matter{plan: e.plan, id: r.ID(), it: e.it, twin: e.twin, seen: map[string]bool{}}
	if e.twin == nil && c.words.rand.Float64() < e.plan.Twins {
		later := c.clock.Now().Add(10*time.Minute + time.Duration(c.words.rand.Float64()*float64(4*time.Hour)))
		c.push(&event{at: later, plan: e.plan, role: e.role, it: e.it, twin: r.Type.Context(r.Values)})
	}
	return c.look(ctx, tx, m)
}

// public drops what a visitor cannot fill in.
func public(set *schema.Set, typ string, data map[string]any) {
	t, err := set.Type(typ)
	if err != nil {
		return
	}
	for name := range data {
		if f := t.Field(name); f == nil || !f.Public {
			delete(data, name)
		}
	}
}

// look finds the open tasks of a matter that are new.
func (c *chronicle) look(ctx context.Context, tx *store.Tx, m *matter) error {
	tasks, err := c.app.Flow.TasksOf(ctx, tx, m.biz())
	if err != nil {
		return err
	}
	slices.SortStableFunc(tasks, func(a, b *flow.Task) int { return compare(a.Node, b.Node) })
	for _, t := range tasks {
		if t.State == flow.Open && !m.seen[t.ID] {
			m.seen[t.ID] = true
			c.schedule(m, t)
		}
	}
	return nil
}

// opened finds the tasks that a step has opened. m is nil where the matter is not known to us, after a timer.
func (c *chronicle) opened(ctx context.Context, tx *store.Tx, m *matter, refs []flow.TaskRef) error {
	for _, ref := range refs {
		t, err := c.app.Flow.Task(ctx, tx, ref.ID)
		if err != nil {
			return err
		}
		of := m
		if of == nil {
			if of = c.matterOf(t); of == nil {
				continue
			}
		}
		if t.State == flow.Open && !of.seen[t.ID] {
			of.seen[t.ID] = true
			c.schedule(of, t)
		}
	}
	return nil
}

// matterOf makes a matter for a task that a timer has opened.
func (c *chronicle) matterOf(t *flow.Task) *matter {
	for _, h := range c.plan.histories {
		if h.Type == t.Biz.Type {
			return &matter{plan: h, id: t.Biz.ID, seen: map[string]bool{}}
		}
	}
	return nil
}

// schedule says when somebody does a task, if ever.
func (c *chronicle) schedule(m *matter, t *flow.Task) {
	s := m.plan.tasks[t.Node]
	if s == nil {
		s = &step{}
	}
	if c.words.rand.Float64() < s.Never {
		return
	}
	c.push(&event{at: c.pace(m.plan, s, t), plan: m.plan, matter: m, task: t})
}

// pace draws when a task is done: after a share of its limit, counted in working time where the limit is.
func (c *chronicle) pace(h *history, s *step, t *flow.Task) time.Time {
	r, now := c.words.rand, c.clock.Now()
	hours := func(n float64) time.Time {
		at, _ := c.calendar.Due(now, clock.Limit{N: int64(n * 1000), Unit: clock.Workhour})
		return at
	}
	if len(s.Hours) == 2 {
		return hours(s.Hours[0] + r.Float64()*(s.Hours[1]-s.Hours[0]))
	}
	if t.Due.IsZero() {
		return hours(0.3 + 5*r.Float64())
	}
	share, late := 0.08+0.58*r.Float64(), h.Late
	if s.Late != nil {
		late = *s.Late
	}
	if r.Float64() < late {
		x := r.Float64()
		share = 1.02 + 2.5*x*x*x
	}
	limit := float64(c.calendar.Used(now, t.Due, clock.Workhour).N) / 1000
	if limit < 0.1 {
		return now.Add(time.Duration(share * float64(t.Due.Sub(now))))
	}
	return hours(limit * share)
}

// areaOf gives the area path that a record at an item's place will have.
func (c *chronicle) areaOf(it *feel.Context) string {
	lon, lat, ok := lonLat(it)
	if !ok {
		return ""
	}
	index := c.app.Atlas.Index()
	for _, layer := range []geo.Layer{geo.General, geo.Cell, geo.Village, geo.Town, geo.County} {
		if p, ok := index.Locate(lon, lat, layer); ok {
			return p.Path
		}
	}
	return ""
}

func lonLat(it *feel.Context) (lon, lat float64, ok bool) {
	v, _ := it.Get("place")
	p, isPlace := v.(*feel.Context)
	if !isPlace {
		return 0, 0, false
	}
	x, _ := p.Get("lon")
	y, _ := p.Get("lat")
	_, ok = x.(feel.Number)
	return asFloat(x), asFloat(y), ok
}

// anonymous is the role of visitors.
const anonymous = "anonymous"

// load gives a record as values see it.
func (c *chronicle) load(ctx context.Context, tx *store.Tx, m *matter) (*record.Record, *feel.Context, error) {
	r, err := c.app.Records.Load(ctx, tx, m.plan.Type, m.id)
	if err != nil {
		return nil, nil, err
	}
	return r, r.Type.Context(r.Values), nil
}
