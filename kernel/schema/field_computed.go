package schema

import (
	"chengshu/base/fault"
	"chengshu/base/feel"
)

// computedKind is the value of a FEEL expression ("compute") over the record, stored on every write so that it can be
// listed, filtered and summed. "as" names the type of the result: text, integer, decimal, money, boolean, date, datetime.
type computedKind struct{ plain }

func (computedKind) inner(f *Field) kind {
	switch f.As {
	case "integer", "decimal", "money", "boolean", "date", "datetime":
		return kinds()[f.As]
	}
	return textKind{}
}

func (computedKind) declare(f *Field, _ *Set, problems *Problems) {
	if f.Compute == "" {
		problems.Add(f.Pos, "field.compute")
	}
	switch f.As {
	case "text", "integer", "decimal", "money", "boolean", "date", "datetime":
	default:
		problems.Add(f.Pos, "field.as", "as", f.As)
	}
}

func (k computedKind) columns(f *Field) []Column                 { return k.inner(f).columns(f) }
func (k computedKind) parse(f *Field, v any) (any, *fault.Field) { return k.inner(f).parse(f, v) }
func (k computedKind) encode(f *Field, v any) []any              { return k.inner(f).encode(f, v) }
func (k computedKind) decode(f *Field, cols []any) any           { return k.inner(f).decode(f, cols) }
func (k computedKind) feel(f *Field) feel.Type                   { return k.inner(f).feel(f) }
func (k computedKind) value(f *Field, v any) feel.Value          { return k.inner(f).value(f, v) }
func (k computedKind) schema(f *Field) map[string]any            { return k.inner(f).schema(f) }
func (k computedKind) mask(f *Field, v any) any                  { return k.inner(f).mask(f, v) }
