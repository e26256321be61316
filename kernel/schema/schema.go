// Package schema holds the declarations of record types and code tables.
//
// A record type is declared once, in a pack's YAML; table, API, validation, form, list, search, permissions, history,
// import and export, OpenAPI and documentation are all derived from the frozen declaration. The road is
// Parse → Overlay → Check → Freeze; after Freeze nothing changes and a reload swaps the whole Set.
// The package stores nothing and knows no database; kernel/record does.
//
// Main types: Set, Type, Field, CodeTable.
package schema

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/feel"
)

// Pos is where something was declared, for messages that name file and line.
type Pos struct {
	File string
	Line int
}

// String gives "file:line".
func (p Pos) String() string { return fmt.Sprintf("%s:%d", p.File, p.Line) }

// Problem is one thing wrong with a declaration.
type Problem struct {
	Pos  Pos
	Code string         // message key
	Args map[string]any // arguments of the words
}

// String is for logs and tests: position, key and sorted arguments.
func (p Problem) String() string {
	keys := make([]string, 0, len(p.Args))
	for k := range p.Args {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", p.Pos, p.Code)
	for _, k := range keys {
		fmt.Fprintf(&b, " %s=%v", k, p.Args[k])
	}
	return b.String()
}

// Problems is what a check found; it is an error where it is not empty.
type Problems []Problem

// Add appends a problem; args are key–value pairs.
func (ps *Problems) Add(pos Pos, code string, args ...any) {
	*ps = append(*ps, Problem{Pos: pos, Code: code, Args: fault.New(fault.Invalid, code, args...).Args})
}

// sort puts the problems in the order of files and lines.
func (ps Problems) sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.Pos.File, b.Pos.File), a.Pos.Line-b.Pos.Line, strings.Compare(a.Code, b.Code))
	})
}

// Fault gives one Invalid fault "pack.invalid" that lists every problem, nil where there is none.
func (ps Problems) Fault() error {
	if len(ps) == 0 {
		return nil
	}
	f := fault.New(fault.Invalid, "pack.invalid", "count", len(ps), "first", ps[0].String())
	for _, p := range ps {
		args := make([]any, 0, 2*len(p.Args))
		for k, v := range p.Args {
			args = append(args, k, v)
		}
		f.At(p.Pos.String(), p.Code, args...)
	}
	return f
}

// Set is a frozen set of declarations: every record type and code table of the packs that are loaded. It is safe for
// concurrent use because nothing changes it after Freeze.
type Set struct {
	types  map[string]*Type
	tables map[string]*CodeTable
	names  []string
}

// Type gives the record type of that name, a NotFound fault "type.unknown" otherwise.
func (s *Set) Type(name string) (*Type, error) {
	if t, ok := s.types[name]; ok {
		return t, nil
	}
	return nil, fault.New(fault.NotFound, "type.unknown", "type", name)
}

// Types lists the record types in the order of their names.
func (s *Set) Types() []*Type {
	out := make([]*Type, 0, len(s.names))
	for _, n := range s.names {
		out = append(out, s.types[n])
	}
	return out
}

// Codes gives the code table of that name, nil where there is none.
func (s *Set) Codes(name string) *CodeTable { return s.tables[name] }

// CodeTables lists the code tables in the order of their names.
func (s *Set) CodeTables() []*CodeTable {
	names := make([]string, 0, len(s.tables))
	for n := range s.tables {
		names = append(names, n)
	}
	sort.Strings(names)
	out := make([]*CodeTable, 0, len(names))
	for _, n := range names {
		out = append(out, s.tables[n])
	}
	return out
}

// Draft is a set under construction: declarations of packs, then overlays, in load order.
type Draft struct {
	types    map[string]*Type
	tables   map[string]*CodeTable
	overlays []*overlay
	rows     []*CodeTable // rows laid over tables of other packs, in load order
	problems Problems
	funcs    []feel.Func
}

// NewDraft gives an empty draft. Expressions of declarations may use the product functions.
func NewDraft(funcs ...feel.Func) *Draft {
	return &Draft{types: map[string]*Type{}, tables: map[string]*CodeTable{}, funcs: funcs}
}

// Problems gives what parsing found so far.
func (d *Draft) Problems() Problems { return d.problems }

// Freeze applies the overlays, checks everything and gives the frozen set, or an Invalid fault that lists every
// problem with its file and line.
func (d *Draft) Freeze() (*Set, error) {
	for _, o := range d.overlays {
		d.apply(o)
	}
	for _, over := range d.rows {
		d.applyRows(over)
	}
	for _, t := range d.tables {
		d.linkCodes(t)
	}
	s := &Set{types: d.types, tables: d.tables}
	for n := range d.types {
		s.names = append(s.names, n)
	}
	sort.Strings(s.names)
	if len(d.problems) == 0 {
		d.check(s)
	}
	d.problems.sort()
	if err := d.problems.Fault(); err != nil {
		return nil, err
	}
	return s, nil
}
