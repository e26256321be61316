package open311

import (
	"io/fs"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/kernel/pack"
	"chengshu/kernel/schema"
)

// mappingFile is where a pack says how events become its records.
const mappingFile = "open311.yaml"

// Mapping says how requests become records of one type. Expressions are FEEL over the elements of a request (text, null
// where empty), "category" (the code its service stands for) and "system" (the name of the other system).
type Mapping struct {
	Type       string            `yaml:"type"`       // record type
	Role       string            `yaml:"role"`       // the only role the import acts in
	Key        Key               `yaml:"key"`        // by which a record is found again
	Fields     map[string]string `yaml:"fields"`     // field → FEEL, when the record is made
	Follow     map[string]string `yaml:"follow"`     // field → FEEL, kept as the other system has it for as long as it is imported
	AsOf       string            `yaml:"as_of"`      // the followed field that tells how new an answer is
	Closed     Closed            `yaml:"closed"`     // what is done when the other system has closed the request
	Services   Services          `yaml:"services"`   // services as rows of a code table
	Categories map[string]string `yaml:"categories"` // service_code, service_name or group → code
	Default    string            `yaml:"default"`    // code of services that nothing stands for; may be empty

	pos      schema.Pos
	files    []string
	fields   map[string]*feel.Expr
	follow   map[string]*feel.Expr
	data     map[string]*feel.Expr
	row      map[string]*feel.Expr
	closed   *feel.Expr
	reason   *feel.Expr
	category map[string]string // categories by folded name
}

// Key names the two fields that hold the other system's name and its number of the request, unique together.
type Key struct {
	Source string `yaml:"source"`
	Number string `yaml:"number"`
}

// Closed is the declared command that records the end of a request elsewhere.
type Closed struct {
	When    string            `yaml:"when"` // FEEL
	Command string            `yaml:"command"`
	Data    map[string]string `yaml:"data"`   // input → FEEL
	Reason  string            `yaml:"reason"` // FEEL
}

// Services says how a service without a category becomes a row of a code table.
type Services struct {
	Table string              `yaml:"table"`
	Rows  []map[string]string `yaml:"rows"` // rows above them, made where they are missing
	Row   map[string]string   `yaml:"row"`  // column → FEEL over the elements of the service
}

// elements are the names of GeoReport v2 that expressions may use.
var elements = [...]string{
	"service_request_id", "token", "status", "status_notes", "service_name", "service_code", "description", "agency_responsible",
	"service_notice", "requested_datetime", "updated_datetime", "expected_datetime", "address", "address_id", "zipcode", "lat",
	"long", "media_url", "metadata", "type", "keywords", "group",
}

// Mappings reads the open311.yaml of every pack, by record type. A later file of the same type adds to the earlier: a
// county's pack brings the categories of its neighbours. The fault Invalid "pack.invalid" lists every problem.
func Mappings(b *pack.Bundle) (map[string]*Mapping, error) {
	var problems schema.Problems
	out := map[string]*Mapping{}
	for _, p := range b.Packs {
		text, err := fs.ReadFile(p.FS, mappingFile)
		if err != nil {
			continue // most packs have none
		}
		file := p.Name + "/" + mappingFile
		root := schema.Document(file, text, &problems)
		if root == nil {
			continue
		}
		name := ""
		schema.Pairs(root, func(key string, _ int, v *yaml.Node) {
			if key == "type" {
				name = v.Value
			}
		})
		m := out[name]
		if m == nil {
			m = &Mapping{pos: schema.Pos{File: file, Line: root.Line}}
			out[name] = m
		}
		m.files = append(m.files, file)
		m.decode(file, root, &problems)
	}
	for _, name := range slices.Sorted(maps.Keys(out)) {
		out[name].compile(b.Set, &problems)
	}
	return out, problems.Fault()
}

// Choose gives the mapping of a type, or the only one. Faults: NotFound "import.mapping", Invalid "import.mapping.many".
func Choose(all map[string]*Mapping, typ string) (*Mapping, error) {
	if typ == "" && len(all) > 1 {
		return nil, fault.New(fault.Invalid, "import.mapping.many", "types", strings.Join(slices.Sorted(maps.Keys(all)), ", "))
	}
	for name, m := range all {
		if typ == "" || typ == name {
			return m, nil
		}
	}
	return nil, fault.New(fault.NotFound, "import.mapping", "type", typ)
}

func (m *Mapping) decode(file string, root *yaml.Node, problems *schema.Problems) {
	schema.DecodeStrict(file, root, m, problems)
	schema.Pairs(root, func(key string, _ int, v *yaml.Node) {
		switch key { // again, for keys below that are not known
		case "key":
			schema.DecodeStrict(file, v, &m.Key, problems)
		case "closed":
			schema.DecodeStrict(file, v, &m.Closed, problems)
		case "services":
			schema.DecodeStrict(file, v, &m.Services, problems)
		}
	})
}

// compile checks the mapping against the declarations and compiles its expressions.
func (m *Mapping) compile(set *schema.Set, problems *schema.Problems) {
	t, err := set.Type(m.Type)
	if err != nil {
		problems.Add(m.pos, "pack.type", "type", m.Type)
		return
	}
	c := &compiler{pos: m.pos, problems: problems, scope: feel.NewScope().Local(clock.Shanghai)}
	for _, name := range elements {
		c.scope.Var(name, feel.StringType)
	}
	c.scope.Var("category", feel.StringType).Var("system", feel.StringType)
	for name := range m.Fields {
		c.known(t.Field(name) != nil, name)
	}
	for name := range m.Follow {
		c.known(t.Field(name) != nil, name)
	}
	c.known(t.Field(m.Key.Source) != nil && slices.Contains(t.Unique, m.Key.Source+"+"+m.Key.Number), "key")
	m.fields, m.follow = c.all(m.Fields), c.all(m.Follow)
	if m.Closed.Command != "" {
		c.known(t.Command(m.Closed.Command) != nil, m.Closed.Command)
		m.closed, m.reason, m.data = c.one(m.Closed.When), c.one(m.Closed.Reason), c.all(m.Closed.Data)
	}
	if m.Services.Table != "" {
		c.known(set.Codes(m.Services.Table) != nil, m.Services.Table)
		c.known(m.Services.Row["code"] != "" && m.Services.Row["name"] != "", "row")
		m.row = c.all(m.Services.Row)
	}
	m.category = map[string]string{}
	for name, code := range m.Categories {
		m.category[strings.ToLower(name)] = code
		m.knownCode(set, c, code)
	}
	m.knownCode(set, c, m.Default)
}

func (m *Mapping) knownCode(set *schema.Set, c *compiler, code string) {
	if table := set.Codes(m.Services.Table); table != nil && code != "" {
		c.known(table.Entry(code) != nil, code)
	}
}

type compiler struct {
	pos      schema.Pos
	problems *schema.Problems
	scope    *feel.Scope
}

func (c *compiler) known(is bool, name string) {
	if !is {
		c.problems.Add(c.pos, "open311.mapping", "name", name)
	}
}

func (c *compiler) one(src string) *feel.Expr {
	x, err := feel.Compile(src, c.scope)
	if err != nil {
		c.problems.Add(c.pos, "feel", "source", src, "detail", err.Error())
		return nil
	}
	return x
}

func (c *compiler) all(src map[string]string) map[string]*feel.Expr {
	out := map[string]*feel.Expr{}
	for _, name := range slices.Sorted(maps.Keys(src)) {
		out[name] = c.one(src[name])
	}
	return out
}

// vars are what the expressions see of an item.
func (m *Mapping) vars(i Item, category, system string) feel.Map {
	out := feel.Map{"category": nil, "system": system}
	for _, name := range elements {
		out[name] = nil
		if v := i.Values[name]; v != "" {
			out[name] = v
		}
	}
	if category != "" {
		out["category"] = category
	}
	return out
}

// eval computes the expressions as values a form could send; empty ones are nil.
func eval(exprs map[string]*feel.Expr, vars feel.Map) map[string]any {
	out := make(map[string]any, len(exprs))
	for name, x := range exprs {
		out[name] = feel.ToGo(x.Eval(&feel.Env{Vars: vars}))
	}
	return out
}

// stands gives the code that a service stands for, and whether somebody said so.
func (m *Mapping) stands(i Item) (string, bool) {
	for _, name := range []string{"service_code", "service_name", "group"} {
		if code, ok := m.category[strings.ToLower(i.Values[name])]; ok && i.Values[name] != "" {
			return code, true
		}
	}
	return "", false
}
