package demo

import (
	"encoding/json"
	"math/rand/v2"
	"strings"

	"gopkg.in/yaml.v3"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/base/text"
	"chengshu/kernel/schema"
)

// value says how a field gets its value.
type value struct {
	expr    *feel.Expr
	choices []choice
	total   float64
	pos     schema.Pos
}

// choice is a text with FEEL in braces, a truth value, or nothing.
type choice struct {
	weight float64
	plain  any
	parts  []part
}

type part struct {
	text string
	expr *feel.Expr
}

// draw gives a value as JSON has it.
func (v *value) draw(r *rand.Rand, env *feel.Env) any {
	if v.expr != nil {
		return feel.ToGo(v.expr.Eval(env))
	}
	x := r.Float64() * v.total
	for _, c := range v.choices {
		if x -= c.weight; x < 0 {
			return c.draw(env)
		}
	}
	return nil
}

func (c *choice) draw(env *feel.Env) any {
	if c.parts == nil {
		return c.plain
	}
	var b strings.Builder
	for _, p := range c.parts {
		b.WriteString(p.text)
		if p.expr != nil {
			b.WriteString(feel.Format(p.expr.Eval(env)))
		}
	}
	return b.String()
}

// needs tells whether the value looks at a name.
func (v *value) needs(name string) bool {
	has := func(e *feel.Expr) bool {
		if e == nil {
			return false
		}
		for _, n := range e.Names() {
			if n == name || strings.HasPrefix(n, name+".") {
				return true
			}
		}
		return false
	}
	if has(v.expr) {
		return true
	}
	for _, c := range v.choices {
		for _, p := range c.parts {
			if has(p.expr) {
				return true
			}
		}
	}
	return false
}

// value reads a value: a scalar is FEEL, a list is one of its texts, a mapping is one of its texts by weight.
func (p *planner) value(n *yaml.Node) *value {
	v := &value{pos: schema.Pos{File: p.file, Line: n.Line}}
	switch n.Kind {
	case yaml.SequenceNode:
		for _, x := range n.Content {
			v.choices = append(v.choices, p.choice(x, 1))
			v.total++
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			var weight float64
			if err := n.Content[i+1].Decode(&weight); err != nil || weight < 0 {
				p.bad(n.Content[i+1].Line, "demo.weight", "value", n.Content[i+1].Value)
			}
			v.choices = append(v.choices, p.choice(n.Content[i], weight))
			v.total += weight
		}
	default:
		return p.feel(n)
	}
	return v
}

func (p *planner) choice(n *yaml.Node, weight float64) choice {
	c := choice{weight: weight}
	switch n.Tag {
	case "!!null":
		return c
	case "!!bool":
		c.plain = n.Value == "true"
		return c
	}
	rest := n.Value
	for {
		before, after, found := strings.Cut(rest, "{")
		if !found {
			c.parts = append(c.parts, part{text: rest})
			return c
		}
		src, behind, closed := strings.Cut(after, "}")
		if !closed {
			p.bad(n.Line, "demo.brace", "text", n.Value)
			return c
		}
		c.parts = append(c.parts, part{text: before, expr: p.compile(src, n.Line)})
		rest = behind
	}
}

func (p *planner) feel(n *yaml.Node) *value {
	v := &value{pos: schema.Pos{File: p.file, Line: n.Line}}
	if v.expr = p.compile(n.Value, n.Line); v.expr == nil {
		v.choices, v.total = []choice{{weight: 1}}, 1
	}
	return v
}

func (p *planner) compile(src string, line int) *feel.Expr {
	x, err := feel.Compile(src, p.words.scope())
	if err != nil {
		p.bad(line, "feel", "source", src, "detail", err.Error())
		return nil
	}
	return x
}

// lexicon is what the values of a plan may use: the names it (the item of the source), record (the record as it is),
// twin (the record reported twice), user and n, the product functions, and the functions of chance. It is not safe for
// concurrent use.
type lexicon struct {
	set   *schema.Set
	rand  *rand.Rand
	seed  uint64
	items map[string]*collection
	more  []feel.Func
	env   *feel.Scope
}

func newLexicon(set *schema.Set, seed int64, more []feel.Func) *lexicon {
	w := &lexicon{set: set, seed: uint64(seed), items: map[string]*collection{}, more: more}
	w.stage(0)
	return w
}

// stage gives a new source of chance, so that a change in one stage leaves the others as they are.
func (w *lexicon) stage(n uint64) {
	w.rand = rand.New(rand.NewPCG(w.seed, 1000+n)) //nolint:gosec // reproducible data, no secret
}

func (w *lexicon) scope() *feel.Scope {
	if w.env != nil {
		return w.env
	}
	w.env = feel.NewScope().Local(clock.Shanghai)
	for _, name := range [...]string{"it", "record", "twin", "user"} {
		w.env.Var(name, feel.ContextOf())
	}
	w.env.Var("n", feel.NumberType)
	for _, f := range append(w.functions(), w.more...) {
		w.env.Func(f)
	}
	return w.env
}

// functions of chance: pick(list), chance(p), random(low, high), code(table, where), sample(source), find(source, where),
// digits(n).
func (w *lexicon) functions() []feel.Func {
	number, word, where := feel.NumberType, feel.StringType, feel.Param{Name: "where", Type: feel.ContextOf()}
	return []feel.Func{
		{Name: "pick", Params: []feel.Param{{Name: "list", Type: feel.ListOf(feel.AnyType)}}, Result: feel.AnyType, Call: func(_ *feel.Env, a []feel.Value) (feel.Value, error) {
			list, _ := a[0].(feel.List)
			if len(list) == 0 {
				return nil, nil
			}
			return list[w.rand.IntN(len(list))], nil
		}},
		{Name: "chance", Params: []feel.Param{{Name: "p", Type: number}}, Result: feel.BoolType, Call: func(_ *feel.Env, a []feel.Value) (feel.Value, error) {
			return w.rand.Float64() < asFloat(a[0]), nil
		}},
		{Name: "random", Params: []feel.Param{{Name: "low", Type: number}, {Name: "high", Type: number}}, Result: number, Call: func(_ *feel.Env, a []feel.Value) (feel.Value, error) {
			low, high := int64(asFloat(a[0])), int64(asFloat(a[1]))
			return feel.NumberFromInt(low + w.rand.Int64N(max(1, high-low+1))), nil
		}},
		{Name: "digits", Params: []feel.Param{{Name: "count", Type: number}}, Result: word, Call: func(_ *feel.Env, a []feel.Value) (feel.Value, error) {
			out := make([]byte, min(40, int(asFloat(a[0]))))
			for i := range out {
				out[i] = byte('0' + w.rand.IntN(10))
			}
			return string(out), nil
		}},
		{Name: "code", Params: []feel.Param{{Name: "table", Type: word}, where}, Result: word, Call: w.code},
		{Name: "sample", Params: []feel.Param{{Name: "source", Type: word}}, Result: feel.AnyType, Call: func(_ *feel.Env, a []feel.Value) (feel.Value, error) {
			name, _ := a[0].(string)
			if it := w.items[name].sample(w.rand); it != nil {
				return it, nil
			}
			return nil, nil
		}},
		{Name: "find", Params: []feel.Param{{Name: "source", Type: word}, where}, Result: feel.AnyType, Call: func(_ *feel.Env, a []feel.Value) (feel.Value, error) {
			name, _ := a[0].(string)
			c, _ := a[1].(*feel.Context)
			if it := w.items[name].find(c); it != nil {
				return it, nil
			}
			return nil, nil
		}},
	}
}

// code draws a leaf of a code table whose columns equal; a text that ends in * is a prefix.
func (w *lexicon) code(_ *feel.Env, a []feel.Value) (feel.Value, error) {
	name, _ := a[0].(string)
	c, ok := a[1].(*feel.Context)
	table := w.set.Codes(name)
	if table == nil || !ok {
		return nil, fault.New(fault.NotFound, "codes.unknown", "table", name)
	}
	var fit []string
	for _, e := range table.Entries {
		if e.Leaf && equals(e.Context(), c) {
			fit = append(fit, e.Code)
		}
	}
	if len(fit) == 0 {
		return nil, nil
	}
	return fit[w.rand.IntN(len(fit))], nil
}

func equals(have, want *feel.Context) bool {
	for _, k := range want.Keys() {
		a, _ := have.Get(k)
		b, _ := want.Get(k)
		if prefix, ok := b.(string); ok && strings.HasSuffix(prefix, "*") {
			s, _ := a.(string)
			if !strings.HasPrefix(s, strings.TrimSuffix(prefix, "*")) {
				return false
			}
			continue
		}
		if !feel.Equal(a, b) {
			return false
		}
	}
	return true
}

func asFloat(v feel.Value) float64 {
	n, ok := v.(feel.Number)
	if !ok {
		return 0
	}
	f, err := json.Number(n.String()).Float64()
	if err != nil {
		return 0
	}
	return f
}

// folded is a username's form.
func folded(s string) string { return text.Fold(s) }

// pickWeighted draws a name by weight, "" from nothing.
func pickWeighted(r *rand.Rand, list []weighted) string {
	total := 0.0
	for _, w := range list {
		total += w.weight
	}
	x := r.Float64() * total
	for _, w := range list {
		if x -= w.weight; x < 0 {
			return w.name
		}
	}
	return ""
}
