package flow

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"chengshu/base/clock"
	"chengshu/base/feel"
)

// Models of Camunda 7 and 8 (zeebe), Flowable and Activiti say who does a task and until when by attributes of their own.
// They are executed where cs: says nothing: groups are roles, users and the assignee persons, who has the task at once.

// path is what may stand in "${…}" so that it means the same in FEEL: a name, or names with dots between.
var path = regexp.MustCompile(`^[\pL_][\pL\pN_]*(\.[\pL_][\pL\pN_]*)*$`)

// foreignText gives the FEEL of a text of another vendor's model; ok is false where it says more than a name.
func foreignText(text string) (src string, fixed, ok bool) {
	if rest, is := strings.CutPrefix(text, "="); is {
		return strings.TrimSpace(rest), false, true
	}
	inner, opens := strings.CutPrefix(text, "${")
	if !opens {
		inner, opens = strings.CutPrefix(text, "#{")
	}
	if inner, closes := strings.CutSuffix(inner, "}"); opens && closes {
		inner = strings.TrimSpace(inner)
		return inner, false, path.MatchString(inner)
	}
	return strconv.Quote(text), true, !strings.ContainsAny(text, `${}"\`)
}

// foreign makes candidates and assignee of a user task without a rule of ours.
func (c *compiler) foreign(n *node) {
	f := n.Ext.Foreign
	var parts []string
	for _, x := range []struct{ name, text, function string }{
		{"candidateGroups", f.Groups, "role"}, {"candidateUsers", f.Users, "person"}, {"assignee", f.Assignee, "person"},
	} {
		if x.text == "" {
			continue
		}
		src, fixed, ok := foreignText(x.text)
		switch {
		case !ok:
			c.fail(n, "flow.lint.foreign", "attribute", x.name, "source", x.text)
		case fixed:
			for one := range strings.SplitSeq(x.text, ",") {
				parts = append(parts, x.function+`("`+strings.TrimSpace(one)+`")`)
			}
		case x.name == "assignee":
			parts = append(parts, "person("+src+")")
		default: // a text or a list of texts
			parts = append(parts, "for one in "+src+" return "+x.function+"(one)")
		}
		if x.name == "assignee" && ok {
			n.assignee = c.expr(n, src, feel.StringType)
		}
	}
	if len(parts) > 0 {
		n.candidates = c.expr(n, "["+strings.Join(parts, ", ")+"]", feel.AnyType)
	}
}

// foreignDue reads a due date: a duration, a date, or an expression that gives one.
func (c *compiler) foreignDue(n *node) *feel.Expr {
	text := n.Ext.Foreign.Due
	if text == "" {
		return nil
	}
	src, fixed, ok := foreignText(text)
	if fixed && ok {
		_, duration := feel.ParseDuration(text)
		_, date := feel.ParseDateTime(text)
		switch {
		case duration:
			src = `duration(` + src + `)`
		case date:
			src = `date and time(` + src + `)`
		default:
			ok = false
		}
	}
	if !ok {
		c.fail(n, "flow.lint.foreign", "attribute", "dueDate", "source", text)
		return nil
	}
	return c.expr(n, src, feel.AnyType)
}

// imported gives a new task to its assignee and sets its due date, as another vendor's model wants it.
func (m *machine) imported(t *token, n *node, k *Task) error {
	if n.assignee != nil && k.Assignee == "" {
		v, _, err := m.eval(n.assignee, t, nil)
		if err != nil {
			return err
		}
		if person, ok := v.(string); ok && person != "" {
			k.Assignee, k.Claimed = person, m.now
		}
	}
	if n.due == nil {
		return nil
	}
	v, env, err := m.eval(n.due, t, nil)
	if err != nil {
		return err
	}
	due, ok := m.moment(v)
	if !ok {
		return m.broken(n, "flow.due", env)
	}
	k.Due = due
	return nil
}

// moment gives the instant that a duration from now, a date or a date and time means; null is none.
func (m *machine) moment(v feel.Value) (time.Time, bool) {
	switch x := v.(type) {
	case nil:
		return time.Time{}, true
	case feel.Duration:
		d, ok := x.GoDuration()
		return m.now.Add(d), ok
	case feel.Months:
		return m.now.AddDate(0, int(x), 0), true
	case feel.DateTime:
		return x.GoTime(clock.Shanghai), true
	case feel.Date:
		return feel.DateTime{Date: x}.GoTime(clock.Shanghai), true
	case string:
		if d, ok := feel.ParseDuration(x); ok {
			return m.moment(d)
		}
		if at, ok := feel.ParseDateTime(x); ok {
			return m.moment(at)
		}
	}
	return time.Time{}, false
}
