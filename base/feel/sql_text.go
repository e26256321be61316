package feel

import (
	"strings"
	"unicode/utf8"
)

// startsWith is a range on the column, which uses its index; with the column as the prefix it compares the beginning.
func (t *translator) startsWith(n, text, prefix *node) (cond, error) {
	a, err := t.operand(text)
	if err != nil {
		return nil, err
	}
	b, err := t.operand(prefix)
	if err != nil {
		return nil, err
	}
	switch {
	case a.isCol && b.isCol, a.isCol && a.col.Kind != ColumnText, b.isCol && b.col.Kind != ColumnText:
		return nil, t.refuse(n)
	case b.isCol:
		return func(w *sqlWriter, _ bool) {
			s, ok := w.text(a.value(w))
			if !ok {
				w.truth(nil)
				return
			}
			s, _, _ = strings.Cut(s, "\x00") // no column holds a zero character
			w.put("substr(CAST(")
			w.arg(s)
			w.put(" AS TEXT), 1, length(", b.col.SQL, ")) = ", b.col.SQL)
		}, nil
	}
	return func(w *sqlWriter, _ bool) {
		s, ok := w.text(b.value(w))
		c := a.col.SQL
		switch {
		case !ok:
			w.truth(nil)
		case s == "":
			w.put(c, " = ", c)
		case strings.Contains(s, "\x00"):
			w.put(c, " <> ", c)
		default:
			w.put("(", c, " >= ")
			w.arg(s)
			if next, ok := successor(s); ok {
				w.put(" AND ", c, " < ")
				w.arg(next)
			}
			w.put(")")
		}
	}, nil
}

// successor is the smallest text above all that begin with s: its last character is replaced by the next one.
func successor(s string) (string, bool) {
	for s != "" {
		r, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
		switch r {
		case utf8.MaxRune:
			continue
		case 0xD7FF:
			return s + "\uE000", true
		}
		return s + string(r+1), true
	}
	return "", false
}

// contains uses replace(), which both databases have and which compares exactly; LIKE ignores case on SQLite.
func (t *translator) contains(n, text, match *node) (cond, error) {
	c, ok := t.column(text)
	if !ok || c.Kind != ColumnText || c.List {
		return nil, t.refuse(n)
	}
	v, ok := t.constant(match)
	if !ok {
		return nil, t.refuse(n)
	}
	return func(w *sqlWriter, _ bool) {
		s, ok := w.text(v(w))
		switch {
		case !ok:
			w.truth(nil)
		case s == "":
			w.put(c.SQL, " = ", c.SQL)
		case strings.Contains(s, "\x00"):
			w.put(c.SQL, " <> ", c.SQL)
		default:
			w.put("replace(", c.SQL, ", ")
			w.arg(s)
			w.put(", '') <> ", c.SQL)
		}
	}, nil
}

// text takes a string argument; null and other kinds make the function null.
func (w *sqlWriter) text(v Value) (string, bool) {
	if l, ok := v.(List); ok && len(l) == 1 {
		v = l[0]
	}
	s, ok := v.(string)
	if ok {
		w.stored(Column{}, s)
	}
	return s, ok
}

// listContains is a column in a list of values.
func (t *translator) listContains(n, list, element *node) (cond, error) {
	c, ok := t.column(element)
	if !ok || c.List {
		return nil, t.refuse(n)
	}
	v, ok := t.constant(list)
	if !ok {
		return nil, t.refuse(n)
	}
	return func(w *sqlWriter, exact bool) {
		switch x := v(w).(type) {
		case nil:
			w.truth(nil)
		case List:
			kept := make(List, 0, len(x))
			for _, el := range x {
				if _, isRange := el.(Range); !isRange { // here a range is a value like any other
					kept = append(kept, el)
				}
			}
			w.inList(c, kept, exact)
		default:
			w.inList(c, List{x}, exact)
		}
	}, nil
}
