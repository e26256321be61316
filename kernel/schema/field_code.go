package schema

import (
	"chengshu/base/fault"
)

// codeKind is an entry of a code table ("of"). Its canonical form is the code.
type codeKind struct{ plain }

func (codeKind) declare(f *Field, s *Set, problems *Problems) {
	if s.Codes(f.Of) == nil {
		problems.Add(f.Pos, "field.codes", "of", f.Of)
	}
}

func (codeKind) parse(f *Field, v any) (any, *fault.Field) { return parseString(f, v) }
func (codeKind) mask(*Field, any) any                      { return nil }
