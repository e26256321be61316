package pack

import (
	"slices"

	"chengshu/base/feel"
	"chengshu/kernel/policy"
	"chengshu/kernel/schema"
)

// connect checks what refers across files: menus, layers, indicators and flows to types, and that no id is taken twice.
func (l *loader) connect() {
	for _, p := range l.bundle.Packs {
		for _, m := range p.Menu {
			l.once("menu", m.ID, m.Pos)
			if m.Type != "" {
				l.condition(m.Pos, l.knownType(m.Pos, m.Type), m.Filter)
			}
		}
		for _, y := range p.Layers {
			l.once("layer", y.ID, y.Pos)
			t := l.knownType(y.Pos, y.Type)
			l.condition(y.Pos, t, y.Filter)
			if t != nil && t.PlaceField() == nil {
				l.problems.Add(y.Pos, "pack.layer", "type", y.Type)
			}
		}
		for _, i := range p.Indicators {
			l.once("indicator", i.ID, i.Pos)
			l.checkIndicator(i)
		}
		l.connectFlows(p)
	}
	l.pauses()
	for _, p := range l.bundle.Packs {
		l.declaredPauses(p)
	}
	l.connectDecisions()
	for _, r := range l.bundle.Roles {
		l.checkRole(r)
	}
}

// once refuses an id that something of the same sort already has.
func (l *loader) once(sort, id string, pos schema.Pos) {
	key := sort + " " + id
	if other, twice := l.seen[key]; twice || id == "" {
		l.problems.Add(pos, "pack.twice", "id", id, "other", other.String())
	}
	l.seen[key] = pos
}

// connectFlows tells each process the type whose flow it is.
func (l *loader) connectFlows(p *Pack) {
	for _, t := range l.bundle.Set.Types() {
		if t.Pack != p.Name || t.Flow == "" {
			continue
		}
		at := slices.IndexFunc(p.Flows, func(f Flow) bool { return f.Key == t.FlowKey() })
		switch {
		case at < 0:
			l.problems.Add(t.Pos, "pack.flow", "flow", t.Flow)
		case p.Flows[at].Type != "": // a process knows the record of one type
			l.problems.Add(t.Pos, "pack.twice", "id", t.Flow, "other", p.Flows[at].Type)
		default:
			p.Flows[at].Type = t.Name
		}
	}
}

func (l *loader) knownType(pos schema.Pos, name string) *schema.Type {
	t, err := l.bundle.Set.Type(name)
	if err != nil {
		l.problems.Add(pos, "pack.type", "type", name)
		return nil
	}
	return t
}

// condition checks that a condition over a type can be a filter.
func (l *loader) condition(pos schema.Pos, t *schema.Type, src string) {
	if t == nil || src == "" {
		return
	}
	if _, _, err := t.Filter(src); err != nil {
		l.problems.Add(pos, "feel", "source", src, "detail", err.Error())
	}
}

func (l *loader) checkIndicator(i *Indicator) {
	t := l.knownType(i.Pos, i.Of)
	if t == nil {
		return
	}
	l.condition(i.Pos, t, i.Numerator)
	l.condition(i.Pos, t, i.Denominator)
	if c, ok := t.SQLColumn(i.Period); !ok || c.Kind != feel.ColumnDateTime && c.Kind != feel.ColumnDate {
		l.problems.Add(i.Pos, "indicator.period", "field", i.Period)
	}
	for _, by := range i.By {
		if _, ok := t.Cut(by); !ok {
			l.problems.Add(i.Pos, "query.by", "field", by)
		}
	}
	if _, ok := t.Measure(i.Measure); !ok {
		l.problems.Add(i.Pos, "query.measure", "measure", i.Measure)
	}
	switch i.Unit {
	case "percent", "count", "hours", "money":
	default:
		l.problems.Add(i.Pos, "indicator.unit", "unit", i.Unit)
	}
}

// checkRole refuses a misspelt power: it would not exclude the others.
func (l *loader) checkRole(r *policy.Role) {
	l.once("role", r.Name, r.Pos)
	switch r.Power {
	case "", "system", "security", "audit":
	default:
		l.problems.Add(r.Pos, "role.power", "power", r.Power)
	}
	if r.Grade < 1 || r.Grade > 4 {
		l.problems.Add(r.Pos, "field.grade", "grade", r.Grade)
	}
}
