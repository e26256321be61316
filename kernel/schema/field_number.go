package schema

// numberKind is a further business serial number ("format"), drawn when the record is created.
type numberKind struct{ plain }

func (numberKind) columns(f *Field) []Column {
	return []Column{{Name: f.Name, Type: "TEXT", Index: true}}
}

func (numberKind) declare(f *Field, _ *Set, problems *Problems) {
	if _, err := ParseNumberFormat(f.Format); err != nil {
		problems.Add(f.Pos, "number.format", "format", f.Format)
	}
}
