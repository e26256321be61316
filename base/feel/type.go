package feel

import (
	"slices"
	"strings"
)

// Kind is the outermost shape of a Type.
type Kind uint8

// The kinds. KindAny is the zero value: nothing is known, nothing is refused at compile time.
const (
	KindAny Kind = iota
	KindNull
	KindBool
	KindNumber
	KindString
	KindDate
	KindTime
	KindDateTime
	KindDuration // days and time duration
	KindMonths   // years and months duration
	KindList
	KindContext
	KindRange
	KindFunction
)

var kindNames = [...]string{
	"Any", "Null", "boolean", "number", "string", "date", "time", "date and time",
	"days and time duration", "years and months duration", "list", "context", "range", "function",
}

// String gives the FEEL name of the kind (DMN 1.5 §10.3.2.3).
func (k Kind) String() string { return kindNames[k] }

// Type is the static type of an expression, a variable or a parameter. The zero Type is Any. Types are values: sharing
// one between scopes is safe, the methods return new ones.
type Type struct {
	kind   Kind
	name   string  // a declared name such as an item definition's, "" without
	elem   *Type   // element of a list or range, result of a function
	fields []Param // fields of a context, parameters of a function
	shaped bool    // context or function with a declared shape, fields may still be empty
	check  func(Value) bool
}

// The simple types.
var (
	AnyType      = Type{}
	NullType     = Type{kind: KindNull}
	BoolType     = Type{kind: KindBool}
	NumberType   = Type{kind: KindNumber}
	StringType   = Type{kind: KindString}
	DateType     = Type{kind: KindDate}
	TimeType     = Type{kind: KindTime}
	DateTimeType = Type{kind: KindDateTime}
	DurationType = Type{kind: KindDuration}
	MonthsType   = Type{kind: KindMonths}
)

// Param is a named and typed place: a parameter of a function or a field of a context.
type Param struct {
	Name     string
	Type     Type
	Optional bool // parameter may be left out; it is then passed as null
}

// ListOf is list<elem>.
func ListOf(elem Type) Type { return Type{kind: KindList, elem: &elem} }

// RangeOf is range<elem>.
func RangeOf(elem Type) Type { return Type{kind: KindRange, elem: &elem} }

// ContextOf is a context with these fields. Without a field it is a context of unknown shape; a value may always hold
// more fields than declared, but a path to an undeclared one is refused by the type check.
func ContextOf(fields ...Param) Type {
	return Type{kind: KindContext, fields: fields, shaped: len(fields) > 0}
}

// FunctionOf is function<params> -> result.
func FunctionOf(params []Param, result Type) Type {
	return Type{kind: KindFunction, fields: params, elem: &result, shaped: true}
}

// Named gives the type a declared name, for messages.
func (t Type) Named(name string) Type { t.name = name; return t }

// Where narrows the type to the values that pass check, such as the allowed values of an item definition; a check that
// is already there stays.
func (t Type) Where(check func(Value) bool) Type {
	if old := t.check; old != nil {
		t.check = func(v Value) bool { return old(v) && check(v) }
		return t
	}
	t.check = check
	return t
}

// Kind is the outermost shape.
func (t Type) Kind() Kind { return t.kind }

// Elem is the element type of a list or range and the result type of a function, else Any.
func (t Type) Elem() Type {
	if t.elem == nil {
		return AnyType
	}
	return *t.elem
}

// Fields are the declared fields of a context or the parameters of a function.
func (t Type) Fields() []Param { return slices.Clone(t.fields) }

// Field finds a declared field of a context.
func (t Type) Field(name string) (Type, bool) {
	for _, f := range t.fields {
		if f.Name == name {
			return f.Type, true
		}
	}
	return AnyType, false
}

// String writes the type as FEEL does, e.g. "list<number>".
func (t Type) String() string {
	if t.name != "" {
		return t.name
	}
	var b strings.Builder
	b.WriteString(t.kind.String())
	switch t.kind {
	case KindList, KindRange:
		b.WriteString("<" + t.Elem().String() + ">")
	case KindContext:
		if !t.shaped {
			break
		}
		b.WriteString("<")
		for i, f := range t.fields {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(f.Name + ": " + f.Type.String())
		}
		b.WriteString(">")
	case KindFunction:
		b.WriteString("<")
		for i, f := range t.fields {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(f.Type.String())
		}
		b.WriteString(">->" + t.Elem().String())
	default:
	}
	return b.String()
}

// kindOf is the kind of a value.
func kindOf(v Value) Kind {
	switch v.(type) {
	case nil:
		return KindNull
	case bool:
		return KindBool
	case Number:
		return KindNumber
	case string:
		return KindString
	case Date:
		return KindDate
	case Time:
		return KindTime
	case DateTime:
		return KindDateTime
	case Duration:
		return KindDuration
	case Months:
		return KindMonths
	case List:
		return KindList
	case *Context, Vars:
		return KindContext
	case Range:
		return KindRange
	case *Function:
		return KindFunction
	}
	return KindAny
}

// Has tells whether v is an instance of t (DMN 1.5 §10.3.2.9.1), whose allowed values do not matter here. Null is an
// instance of Null alone.
func (t Type) Has(v Value) bool {
	if v == nil {
		return t.kind == KindNull
	}
	return t.fits(v, false)
}

// holds is for places where null belongs to every type and allowed values count.
func (t Type) holds(v Value) bool { return t.fits(v, true) }

func (t Type) fits(v Value, allowed bool) bool {
	if v == nil {
		return true
	}
	if t.kind != KindAny && t.kind != kindOf(v) {
		return false
	}
	if !t.shape(v, allowed) {
		return false
	}
	return !allowed || t.check == nil || t.check(v)
}

func (t Type) shape(v Value, allowed bool) bool {
	switch x := v.(type) {
	case List:
		if t.kind == KindAny || t.Elem().kind == KindAny && t.Elem().check == nil {
			return true
		}
		return !slices.ContainsFunc(x, func(v Value) bool { return !t.elem.fits(v, allowed) })
	case *Context:
		for _, f := range t.fields {
			fv, ok := x.Get(f.Name)
			if !ok || !f.Type.fits(fv, allowed) {
				return false
			}
		}
	case Range:
		if t.kind == KindRange && t.elem != nil {
			return t.elem.fits(x.Low, allowed) && t.elem.fits(x.High, allowed)
		}
	case *Function:
		return t.kind == KindAny || !t.shaped || x.conforms(t)
	default:
	}
	return true
}

// Coerce gives v as a value of t with the implicit conversions of DMN 1.5 §10.3.2.9.4: a list of one for the one, the one
// for a list of one, a date for its first instant in UTC. It returns null and false where v does not conform.
// Null conforms to every type.
func (t Type) Coerce(v Value) (Value, bool) {
	if v == nil || t.holds(v) {
		return v, true
	}
	switch x := v.(type) {
	case List:
		if t.kind != KindList && len(x) == 1 && t.holds(x[0]) {
			return x[0], true
		}
	case Date:
		if t.kind == KindDateTime {
			return DateTime{Date: x, Time: Time{Zone: utcZone}}, true
		}
	default:
	}
	if t.kind == KindList {
		if l := (List{v}); t.holds(l) {
			return l, true
		}
	}
	return nil, false
}

// accepts tells whether a value of type from can be a t at all. It errs on the side of yes: only a certain mismatch is
// refused by the type check.
func (t Type) accepts(from Type) bool {
	if t.kind == KindAny || from.kind == KindAny || from.kind == KindNull || t.kind == KindNull {
		return true
	}
	if t.kind == from.kind {
		if t.kind == KindList || t.kind == KindRange {
			return t.Elem().accepts(from.Elem())
		}
		return true
	}
	switch {
	case t.kind == KindList:
		return t.Elem().accepts(from)
	case from.kind == KindList:
		return t.accepts(from.Elem())
	}
	return t.kind == KindDateTime && from.kind == KindDate
}

// join is the type of a value that comes from one of two places.
func join(a, b Type) Type {
	if a.kind == KindNull {
		return b
	}
	if b.kind == KindNull {
		return a
	}
	if a.kind != b.kind {
		return AnyType
	}
	switch a.kind {
	case KindList, KindRange:
		el := join(a.Elem(), b.Elem())
		return Type{kind: a.kind, elem: &el}
	case KindContext:
		return joinFields(a, b)
	case KindFunction:
		return Type{kind: KindFunction}
	default:
		return Type{kind: a.kind}
	}
}

func joinFields(a, b Type) Type {
	if !a.shaped || !b.shaped || len(a.fields) != len(b.fields) {
		return Type{kind: KindContext}
	}
	fields := make([]Param, 0, len(a.fields))
	for _, f := range a.fields {
		t, ok := b.Field(f.Name)
		if !ok {
			return Type{kind: KindContext}
		}
		fields = append(fields, Param{Name: f.Name, Type: join(f.Type, t)})
	}
	return ContextOf(fields...)
}
