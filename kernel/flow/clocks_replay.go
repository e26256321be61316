package flow

import (
	"time"

	"chengshu/base/clock"
)

// ClockEntry is one thing that happened to the clocks of an instance. The history keeps it with its step, the journal
// with the entry of the step; everything else that is known of a clock follows from its entries and the calendar.
type ClockEntry struct {
	At    time.Time `json:"-"`               // of the step
	Basis string    `json:"basis,omitempty"` // start: clause of the law
	Clock int64     `json:"clock,omitempty"` // number of the clock; 0 of pause and resume, which hold for all
	From  int64     `json:"from,omitempty"`  // start: microseconds of the instant it counts from, where that is not At
	Kind  string    `json:"kind,omitempty"`  // start: Statutory, Promised or StepKind
	Level int64     `json:"level,omitempty"` // level: threshold reached, 0 none to 3 red
	Limit string    `json:"limit,omitempty"` // start, set: the limit; extend: what is added
	Name  string    `json:"name,omitempty"`  // start
	Op    string    `json:"op"`
	Parts []int64   `json:"parts,omitempty"` // start: thresholds in thousandths of the limit; absent: the usual ones
	Pause int64     `json:"pause,omitempty"` // pause, resume: number of the pause
	Task  string    `json:"task,omitempty"`  // start: the task; empty for the instance
}

// What happens to clocks.
const (
	clockStart  = "start"
	clockStop   = "stop"
	clockExtend = "extend"
	clockSet    = "set"
	clockLevel  = "level"
	clockPause  = "pause"
	clockResume = "resume"
)

// usualParts are the thresholds of a limit that declares none: warning, yellow, red.
var usualParts = [3]int64{700, 1000, 1500}

// Replay derives the clocks of an instance from their entries, in the order of the entries, as they stand at now. It is
// what the tables must equal; of a clock that has stopped, with the calendar that was in force when it did.
func Replay(entries []ClockEntry, cal *clock.Calendar, now time.Time) []SLA {
	var (
		list   []*sla
		pauses []*pauseRow
	)
	byID := map[int64]*sla{}
	for _, x := range entries {
		c := byID[x.Clock]
		switch x.Op {
		case clockStart:
			c = x.clock()
			byID[x.Clock], list = c, append(list, c)
		case clockPause:
			pauses = append(pauses, &pauseRow{id: x.Pause, started: x.At})
		case clockResume:
			for _, p := range pauses {
				if p.id == x.Pause {
					p.stopped = x.At
				}
			}
		}
		if c == nil {
			continue
		}
		limit, err := clock.ParseLimit(x.Limit)
		switch {
		case x.Op == clockStop:
			c.derive(cal, pauses, x.At)
			c.state, c.stopped = Stopped, x.At
		case x.Op == clockLevel:
			c.level = x.Level
		case x.Op == clockExtend && err == nil:
			c.added += limit.N
		case x.Op == clockSet && err == nil:
			c.added = limit.N - c.limit.N
		}
	}
	out := make([]SLA, 0, len(list))
	for _, c := range list {
		if c.state != Stopped {
			c.derive(cal, pauses, now)
		}
		out = append(out, c.view())
	}
	return out
}

// clock makes the clock of a start.
func (x ClockEntry) clock() *sla {
	c := &sla{id: x.Clock, task: x.Task, name: x.Name, kind: x.Kind, basis: x.Basis, started: x.At, state: Running}
	if x.From != 0 {
		c.started = instant(x.From)
	}
	if l, err := clock.ParseLimit(x.Limit); err == nil {
		c.limit = l
	}
	parts := usualParts[:]
	if len(x.Parts) == len(usualParts) {
		parts = x.Parts
	}
	c.warn, c.yellow, c.red = parts[0], parts[1], parts[2]
	return c
}

// entry is the start of a clock.
func (c *sla) entry(now time.Time) ClockEntry {
	x := ClockEntry{Op: clockStart, Clock: c.id, Task: c.task, Name: c.name, Kind: c.kind, Basis: c.basis, Limit: c.limit.String()}
	if !c.started.Equal(now) {
		x.From = micros(c.started)
	}
	if parts := [3]int64{c.warn, c.yellow, c.red}; parts != usualParts {
		x.Parts = parts[:]
	}
	return x
}

// derive works out what follows from the entries of a clock: dues, thresholds, what is left. A pause that runs is taken to
// end at now, so that the dues of a paused clock are those it would have if it went on now.
func (c *sla) derive(cal *clock.Calendar, pauses []*pauseRow, now time.Time) {
	out := make([]clock.Pause, 0, len(pauses))
	c.state = Running
	for _, p := range pauses {
		end := p.stopped
		if end.IsZero() {
			end, c.state = now, Paused
		}
		out = append(out, clock.Pause{From: p.started, To: end})
	}
	whole := clock.Limit{N: c.limit.N + c.added, Unit: c.limit.Unit}
	c.due, c.provisional = cal.DuePaused(c.started, whole, out)
	for i, part := range [3]int64{c.warn, c.yellow, c.red} {
		c.at[i] = time.Time{}
		if part > 0 {
			c.at[i], _ = cal.DuePaused(c.started, clock.Limit{N: whole.N/1000*part + whole.N%1000*part/1000, Unit: whole.Unit}, out)
		}
	}
	c.left, c.calendar = 0, cal.Version()
	if c.state == Paused {
		c.left = cal.Left(c.started, now, whole, out).N
	}
}
