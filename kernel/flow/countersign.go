package flow

import (
	"encoding/json"
	"slices"

	"chengshu/base/bpmn"
	"chengshu/base/fault"
)

// memberStep is the distance of member positions, so that members can be put between.
const memberStep = 1000

// countersign opens the group of a countersigned task: one token a member (会签, 或签, 票签).
func (m *machine) countersign(t *token, n *node) error {
	members, err := m.candidatesOf(n.members, t, n, nil)
	if err != nil {
		return err
	}
	group, base := m.s.next(), t.stack
	if err := m.arm(group, t, n); err != nil {
		return err
	}
	for i, c := range members {
		o := t
		if i > 0 {
			o = m.s.spawn(n.ID, nil)
			o.prev, o.outcome, o.back = t.prev, t.outcome, t.back
		}
		o.node, o.stack, o.index = n.ID, base.with(frame{group, n.ID, ""}), int64(i+1)*memberStep
		if err := m.seat(o, n, c, i == 0); err != nil {
			return err
		}
	}
	return nil
}

// seat gives a member his task, or his place in the queue of a sequential countersign.
func (m *machine) seat(o *token, n *node, c Candidate, first bool) error {
	if n.Ext.Countersign.Sequential && !first {
		raw, err := json.Marshal(c)
		if err != nil {
			return fault.Wrap("seat member", err)
		}
		o.state, o.member, o.dirty = queued, string(raw), true
		return nil
	}
	list := []Candidate{c}
	if n.candidates != nil {
		var err error
		if list, err = m.candidatesOf(n.candidates, o, n, c.context()); err != nil {
			return err
		}
	}
	_, err := m.openTask(o, n, list)
	return err
}

// callNext opens the task of the next member of a sequential countersign.
func (m *machine) callNext(group int64, n *node) error {
	var next *token
	for _, o := range m.s.members(group) {
		if o.state != queued {
			return nil
		}
		if next == nil || o.index < next.index {
			next = o
		}
	}
	if next == nil {
		return nil
	}
	var c Candidate
	if err := json.Unmarshal([]byte(next.member), &c); err != nil {
		return fault.Wrap("call next member", err)
	}
	next.state, next.member, next.dirty = live, "", true
	return m.seat(next, n, c, true)
}

// vote counts a member's completed task and closes the group where the result is certain.
func (m *machine) vote(t *token, n *node, k *Task) error {
	group := t.stack.top().group
	votes, err := m.votes(group, k)
	if err != nil {
		return err
	}
	pending := 0
	for _, o := range m.s.members(group) {
		if o != t {
			pending++
		}
	}
	verdict, certain := tally(n.Ext.Countersign, n.outcomes, votes, pending)
	if !certain {
		m.s.drop(t)
		if n.Ext.Countersign.AllowAdd {
			if err := m.unblock(k.ID); err != nil {
				return err
			}
		}
		return m.callNext(group, n)
	}
	return m.conclude(t, n, verdict)
}

// conclude closes the group of t with a verdict; t goes on alone.
func (m *machine) conclude(t *token, n *node, verdict string) error {
	group := t.stack.top().group
	var rest []*token
	for _, o := range m.s.members(group) {
		if o != t {
			rest = append(rest, o)
		}
	}
	level := len(t.stack) - 1
	if err := m.cancel(rest, level, "flow.decided"); err != nil {
		return err
	}
	m.release(group)
	t.stack, t.index, t.outcome, t.state, t.dirty = t.stack[:level], 0, verdict, live, true
	m.extra = append(m.extra, Note{Op: "decided", Node: n.ID, Text: verdict})
	if o := n.outcome(verdict); o != nil {
		if err := m.assign(o.set, t, n); err != nil {
			return err
		}
	}
	if t.back != "" {
		return m.goBack(t, n)
	}
	return m.leave(t, n)
}

// votes gives the outcomes of the counted members of a group in the order of their answers; k is the newest.
func (m *machine) votes(group int64, k *Task) ([]string, error) {
	done := slices.Clone(m.s.tasks)
	if m.tx != nil {
		list, err := loadTasks(m.ctx, m.tx, `WHERE t.inst = ? AND t.grp = ? AND t.state = 'done'`, m.s.inst.id, group)
		if err != nil {
			return nil, err
		}
		done = list
	}
	slices.SortStableFunc(done, func(a, b *Task) int { return a.Done.Compare(b.Done) })
	var out []string
	for _, d := range done {
		if d.group == group && d.State == Done && (k == nil || d.ID != k.ID) && d.Kind == KindNode && d.Outcome != "" {
			out = append(out, d.Outcome)
		}
	}
	if k != nil {
		out = append(out, k.Outcome)
	}
	return out, nil
}

// tally decides a countersign from the votes given and the number still to come. The first declared outcome is the
// consent; of the others the most frequent wins, ties in the order of declaration.
//
//	all      everyone answers; consent when all consent (会签)
//	any      the first answer decides, whatever it is (或签)
//	percent  consent as soon as the share of members is reached, refusal as soon as it cannot be (票签)
//	veto     the first refusal decides; consent when all consent (一票否决)
func tally(cs *bpmn.Countersign, outcomes []*outcome, votes []string, pending int) (verdict string, certain bool) {
	consent := outcomes[0].ID
	yes := 0
	for _, v := range votes {
		if v == consent {
			yes++
		}
	}
	no := len(votes) - yes
	total := len(votes) + pending
	switch cs.Mode {
	case "any":
		if len(votes) > 0 {
			return votes[0], true
		}
	case "percent":
		switch {
		case yes*100 >= cs.Percent*total:
			return consent, true
		case (yes+pending)*100 < cs.Percent*total:
			return refusal(outcomes, votes), true
		}
	case "veto":
		if no > 0 {
			return refusal(outcomes, votes), true
		}
	}
	if pending > 0 {
		return "", false
	}
	if no > 0 {
		return refusal(outcomes, votes), true
	}
	return consent, true
}

func refusal(outcomes []*outcome, votes []string) string {
	best, most := outcomes[1].ID, 0
	for _, o := range outcomes[1:] {
		n := 0
		for _, v := range votes {
			if v == o.ID {
				n++
			}
		}
		if n > most {
			best, most = o.ID, n
		}
	}
	return best
}
