package main

import (
	"slices"
	"strconv"
	"strings"

	"chengshu/base/store"
)

// statement writes the rows of some neighbours: one INSERT of several rows, or one row updated or deleted by its key.
func (t *tape) statement(d store.Dialect, list []change, r *strings.Replacer, n int) statement {
	c := list[0]
	switch {
	case c.op == "i" && d == store.PostgreSQL && strings.HasPrefix(c.table.name, "search_"):
		return t.indexed(c, r)
	case c.op == "i":
		return t.insert(d, list, r, n)
	case c.op == "d":
		s := statement{sql: "DELETE FROM " + c.table.name}
		s.where(t, c, r, d, n)
		return s
	case c.table.name == "record_serial":
		// The one row all cases share: its value is that of the row, not of the tape.
		return statement{"UPDATE record_serial SET last = last + 1 WHERE series = ?", []any{c.new[0]}}
	}
	s := statement{}
	var sets []string
	for i, v := range c.new {
		if !same(c.old[i], v) {
			sets = append(sets, `"`+c.table.columns[i]+`" = ?`)
			s.args = append(s.args, t.value(c, i, v, r, d, n))
		}
	}
	s.sql = "UPDATE " + c.table.name + " SET " + strings.Join(sets, ", ")
	s.where(t, c, r, d, n)
	return s
}

func same(a, b any) bool {
	x, okX := a.([]byte)
	y, okY := b.([]byte)
	if okX || okY {
		return okX && okY && slices.Equal(x, y)
	}
	return a == b
}

func (s *statement) where(t *tape, c change, r *strings.Replacer, d store.Dialect, n int) {
	word := " WHERE "
	for _, k := range c.table.key {
		s.sql += word + `"` + c.table.columns[k] + `" = ?`
		s.args = append(s.args, t.value(c, k, c.old[k], r, d, n))
		word = " AND "
	}
}

func (t *tape) insert(d store.Dialect, list []change, r *strings.Replacer, n int) statement {
	c := list[0]
	quoted := make([]string, len(c.table.columns))
	marks := make([]string, len(c.table.columns))
	for i, name := range c.table.columns {
		quoted[i], marks[i] = `"`+name+`"`, "?"
		if c.table.name == "journal" && name == "seq" {
			marks[i] = "NULL" // PostgreSQL: the sequencer gives it
			if d == store.SQLite {
				marks[i] = "(SELECT COALESCE(MAX(seq), 0) + 1 FROM journal)"
			}
		}
	}
	row := "(" + strings.Join(marks, ", ") + ")"
	s := statement{sql: "INSERT INTO " + c.table.name + " (" + strings.Join(quoted, ", ") + ") VALUES " + row + strings.Repeat(", "+row, len(list)-1)}
	for _, c := range list {
		for i, v := range c.new {
			if marks[i] == "?" {
				s.args = append(s.args, t.value(c, i, v, r, d, n))
			}
		}
	}
	return s
}

// indexed is the row of PostgreSQL's full-text index, whose table differs.
func (t *tape) indexed(c change, r *strings.Replacer) statement {
	if c.table.name == "search_doc" {
		return statement{} // is one with the next
	}
	var id string
	for _, step := range t.steps {
		for _, x := range step {
			if x.table.name == "search_doc" {
				id, _ = x.new[2].(string)
			}
		}
	}
	body, _ := c.new[1].(string)
	keys, _ := c.new[2].(string)
	return statement{
		"INSERT INTO search_doc (type, id, piece, body) VALUES (?, ?, 0, CAST(? AS tsvector))",
		[]any{caseType, r.Replace(id), r.Replace(vector(body, keys))},
	}
}

// on gives the statement with the placeholders of a database: ? becomes $1, $2, … on PostgreSQL.
func (s statement) on(d store.Dialect) statement {
	if d != store.PostgreSQL {
		return s
	}
	parts := strings.Split(s.sql, "?")
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteString("$" + strconv.Itoa(i))
		}
		b.WriteString(p)
	}
	return statement{b.String(), s.args}
}
