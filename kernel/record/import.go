package record

import (
	"context"
	"errors"
	"slices"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/schema"
)

// RowFault is what is wrong with one row of an import.
type RowFault struct {
	Row int // 1 is the first row below the header
	Err error
}

// Imported is the result of an import.
type Imported struct {
	Rows, Created, Updated, Failed int
	Faults                         []RowFault
}

// Import creates records from a sheet, or updates those whose number column names one. Columns are matched by field name
// or by the label the caller reads. Each row stands alone: a wrong one is reported and leaves the others. dry checks
// everything and writes nothing. It needs the permission import.
func (s *Store) Import(ctx context.Context, tx *store.Tx, a identity.Actor, typ string, sh *Sheet, label func(field string) string, dry bool) (Imported, error) {
	t, err := s.Set().Type(typ)
	if err != nil {
		return Imported{}, err
	}
	if !s.opt.Policy.Any(a, "import", t.Name) {
		return Imported{}, s.opt.Policy.Require(a, "import", t, nil)
	}
	fields, number, err := s.match(t, sh.Header, label)
	if err != nil {
		return Imported{}, err
	}
	var out Imported
	rows := func() error {
		for i, row := range sh.Rows {
			if blank(row) {
				continue
			}
			if err := s.importOne(ctx, tx, a, t, fields, number, i, row, &out); err != nil {
				return err
			}
		}
		if dry {
			return errDry
		}
		return nil
	}
	// A dry run does everything, so that rows that collide with each other show, and takes it all back.
	if err := tx.Savepoint(ctx, rows); err != nil && !errors.Is(err, errDry) {
		return Imported{}, err
	}
	return out, nil
}

var errDry = errors.New("dry run")

// importOne imports one row and counts it. Only what stops the whole import is an error.
func (s *Store) importOne(ctx context.Context, tx *store.Tx, a identity.Actor, t *schema.Type, fields []*schema.Field, number, i int, row []string, out *Imported) error {
	out.Rows++
	updated := false
	err := tx.Savepoint(ctx, func() (err error) {
		updated, err = s.importRow(ctx, tx, a, t, fields, number, row)
		return err
	})
	switch {
	case fault.Is(err, fault.Internal), fault.Is(err, fault.Unavailable):
		return err
	case err != nil:
		out.Failed++
		out.Faults = append(out.Faults, RowFault{Row: i + 1, Err: err})
	case updated:
		out.Updated++
	default:
		out.Created++
	}
	return nil
}

// match finds the field of every column; a column that is no field is refused, so that nothing is lost unseen.
func (s *Store) match(t *schema.Type, header []string, label func(string) string) (fields []*schema.Field, number int, err error) {
	bad := fault.New(fault.Invalid, "sheet.columns", "type", t.Name)
	number = -1
	fields = make([]*schema.Field, len(header))
	for i, h := range header {
		h = strings.TrimSpace(h)
		if h == "number" || h == label("number") {
			if number >= 0 {
				bad.At("/"+h, "sheet.twice", "column", h)
			}
			number = i
			continue
		}
		for _, f := range t.FieldList {
			if h == f.Name || h == label(f.Name) {
				if slices.Contains(fields, f) {
					bad.At("/"+h, "sheet.twice", "column", h)
				}
				fields[i] = f
				break
			}
		}
		ignored := h == "" || slices.ContainsFunc([]string{"state", "created_at", "_error"}, func(c string) bool { return h == c || h == label(c) })
		if fields[i] == nil && !ignored {
			bad.At("/"+h, "sheet.column", "column", h)
		}
	}
	if len(bad.Fields) > 0 {
		return nil, 0, bad
	}
	return fields, number, nil
}

func (s *Store) importRow(ctx context.Context, tx *store.Tx, a identity.Actor, t *schema.Type, fields []*schema.Field, number int, row []string) (updated bool, err error) {
	data := map[string]any{}
	for i, f := range fields {
		if f == nil || i >= len(row) || !f.Writable() {
			continue
		}
		if v := f.FromText(strings.TrimSpace(row[i])); v != nil {
			data[f.Name] = s.byLabel(f, v)
		}
	}
	if number >= 0 && number < len(row) && !storable(row[number]) {
		return false, fault.New(fault.NotFound, "sheet.number", "number", strings.ToValidUTF8(row[number], ""))
	}
	if number >= 0 && number < len(row) && strings.TrimSpace(row[number]) != "" {
		var id string
		err := tx.QueryRow(ctx, "SELECT id FROM "+t.Table()+" WHERE number = ? AND deleted_at IS NULL", strings.TrimSpace(row[number])).Scan(&id)
		if store.None(err) {
			return false, fault.New(fault.NotFound, "sheet.number", "number", strings.TrimSpace(row[number]))
		}
		if err != nil {
			return false, fault.Wrap("find number", err)
		}
		_, err = s.Update(ctx, tx, a, t.Name, id, 0, data, "")
		if fault.Is(err, fault.NotFound) { // a number out of the importer's reach is as unknown as one that does not exist
			err = fault.New(fault.NotFound, "sheet.number", "number", strings.TrimSpace(row[number]))
		}
		return true, err
	}
	_, err = s.Create(ctx, tx, a, t.Name, data)
	return false, err
}

// byLabel lets people write the name of a code instead of the code.
func (s *Store) byLabel(f *schema.Field, v any) any {
	word, ok := v.(string)
	if f.Type != "code" || !ok {
		return v
	}
	table := s.Set().Codes(f.Of)
	if table == nil || table.Entry(word) != nil {
		return v
	}
	for _, e := range table.Entries {
		if e.Name == word {
			return e.Code
		}
	}
	return v
}

func blank(row []string) bool {
	for _, c := range row {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}
