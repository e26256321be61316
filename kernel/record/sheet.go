package record

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/policy"
	"chengshu/kernel/schema"
)

// Sheet is a table of text: a header and rows.
type Sheet struct {
	Header []string
	Rows   [][]string
}

// Limits of an imported sheet.
const (
	maxSheetRows  = 20_000
	maxSheetBytes = 32 << 20 // unpacked
	maxSheetWidth = 500      // columns
)

// ReadSheet reads XLSX (by its first bytes) or CSV in UTF-8 or GB 18030. Faults: Invalid "sheet.format", TooLarge
// "sheet.large".
func ReadSheet(r io.Reader) (*Sheet, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSheetBytes+1))
	if err != nil {
		return nil, fault.New(fault.Invalid, "sheet.format").With(err)
	}
	if len(data) > maxSheetBytes {
		return nil, fault.New(fault.TooLarge, "sheet.large", "rows", maxSheetRows)
	}
	if bytes.HasPrefix(data, []byte("PK")) {
		return readXLSX(data)
	}
	return readCSV(data)
}

func readXLSX(data []byte) (*Sheet, error) {
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{
		UnzipSizeLimit: maxSheetBytes, UnzipXMLSizeLimit: maxSheetBytes, ShortDatePattern: "yyyy-mm-dd", LongDatePattern: "yyyy-mm-dd",
	})
	if err != nil {
		return nil, fault.New(fault.Invalid, "sheet.format").With(err)
	}
	defer func() { _ = f.Close() }()
	names := f.GetSheetList()
	if len(names) == 0 {
		return nil, fault.New(fault.Invalid, "sheet.format")
	}
	rows, err := f.Rows(names[0])
	if err != nil {
		return nil, fault.New(fault.Invalid, "sheet.format").With(err)
	}
	defer func() { _ = rows.Close() }()
	var out Sheet
	for rows.Next() {
		cells, err := rows.Columns()
		if err != nil {
			return nil, fault.New(fault.Invalid, "sheet.format").With(err)
		}
		if err := out.add(cells); err != nil {
			return nil, err
		}
	}
	return out.done()
}

func readCSV(data []byte) (*Sheet, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(data) { // spreadsheets on Chinese systems save CSV in GB 18030
		decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data)
		if err != nil {
			return nil, fault.New(fault.Invalid, "sheet.encoding").With(err)
		}
		if bytes.ContainsRune(decoded, utf8.RuneError) || bytes.IndexByte(decoded, 0) >= 0 {
			return nil, fault.New(fault.Invalid, "sheet.encoding")
		}
		data = decoded
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = -1
	var out Sheet
	for {
		cells, err := r.Read()
		if err == io.EOF {
			return out.done()
		}
		if err != nil {
			return nil, fault.New(fault.Invalid, "sheet.format").With(err)
		}
		for i, c := range cells {
			if rest, ok := strings.CutPrefix(c, "'"); ok && isFormula(rest) {
				cells[i] = rest // the apostrophe that WriteCSV put there
			}
		}
		if err := out.add(cells); err != nil {
			return nil, err
		}
	}
}

func (sh *Sheet) add(cells []string) error {
	for len(cells) > 0 && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	if sh.Header == nil {
		if len(cells) == 0 {
			return fault.New(fault.Invalid, "sheet.empty")
		}
		if len(cells) > maxSheetWidth {
			return fault.New(fault.TooLarge, "sheet.wide", "columns", maxSheetWidth)
		}
		sh.Header = append([]string{}, cells...)
		return nil
	}
	// One cell far to the right would make every row as wide as a sheet can be.
	if len(cells) > len(sh.Header) {
		return fault.New(fault.Invalid, "sheet.header", "row", len(sh.Rows)+1)
	}
	if len(sh.Rows) >= maxSheetRows {
		return fault.New(fault.TooLarge, "sheet.large", "rows", maxSheetRows)
	}
	sh.Rows = append(sh.Rows, append([]string{}, cells...))
	return nil
}

func (sh *Sheet) done() (*Sheet, error) {
	if len(sh.Header) == 0 {
		return nil, fault.New(fault.Invalid, "sheet.empty")
	}
	return sh, nil
}

// WriteXLSX writes the sheet as a workbook. Cells are text, so that no value is taken for a formula.
func (sh *Sheet) WriteXLSX(w io.Writer) error {
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	sw, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return fault.Wrap("write sheet", err)
	}
	for i, row := range append([][]string{sh.Header}, sh.Rows...) {
		cells := make([]any, len(row))
		for j, c := range row {
			cells[j] = c
		}
		at, err := excelize.CoordinatesToCellName(1, i+1)
		if err != nil {
			return fault.Wrap("write sheet", err)
		}
		if err := sw.SetRow(at, cells); err != nil {
			return fault.Wrap("write sheet", err)
		}
	}
	if err := sw.Flush(); err != nil {
		return fault.Wrap("write sheet", err)
	}
	return fault.Wrap("write sheet", f.Write(w))
}

// WriteCSV writes the sheet as CSV in UTF-8 with a byte order mark, which spreadsheets need to see Chinese. Cells that a
// spreadsheet would take for a formula get a leading apostrophe.
func (sh *Sheet) WriteCSV(w io.Writer) error {
	if _, err := w.Write([]byte("\xef\xbb\xbf")); err != nil {
		return fault.Wrap("write sheet", err)
	}
	c := csv.NewWriter(w)
	for _, row := range append([][]string{sh.Header}, sh.Rows...) {
		safe := make([]string, len(row))
		for i, v := range row {
			if isFormula(v) {
				v = "'" + v
			}
			safe[i] = v
		}
		if err := c.Write(safe); err != nil {
			return fault.Wrap("write sheet", err)
		}
	}
	c.Flush()
	return fault.Wrap("write sheet", c.Error())
}

// isFormula tells whether a spreadsheet would compute a cell instead of showing it. Signed numbers are none.
func isFormula(v string) bool {
	if v == "" || !strings.ContainsRune("=+-@\t\r", rune(v[0])) {
		return false
	}
	whole, fraction, point := strings.Cut(v[1:], ".")
	number := strings.Trim(whole, "0123456789") == "" && whole != "" && strings.Trim(fraction, "0123456789") == "" && (!point || fraction != "")
	return !number || v[0] != '+' && v[0] != '-'
}

// sheetFields are the fields of a type that fit a spreadsheet, with the column names the caller reads.
func sheetFields(t *schema.Type) []*schema.Field {
	var out []*schema.Field
	for _, f := range t.FieldList {
		if f.Type != "secret" {
			out = append(out, f)
		}
	}
	return out
}

// Export gives the records a query selects as a sheet, masked as the caller sees them, in pages until max rows. label
// names columns. It needs the permission export and leaves an entry with the filter and the number of rows.
func (s *Store) Export(ctx context.Context, tx *store.Tx, a identity.Actor, q Query, label func(field string) string, limit int) (*Sheet, error) {
	t, err := s.Set().Type(q.Type)
	if err != nil {
		return nil, err
	}
	if !s.opt.Policy.Any(a, "export", t.Name) {
		return nil, s.opt.Policy.Require(a, "export", t, nil)
	}
	fields := sheetFields(t)
	sh := &Sheet{Header: []string{label("number"), label("state"), label("created_at")}}
	for _, f := range fields {
		sh.Header = append(sh.Header, label(f.Name))
	}
	q.Limit, q.Cursor = MaxLimit, ""
	for len(sh.Rows) < limit {
		page, err := s.List(ctx, tx, a, q)
		if err != nil {
			return nil, err
		}
		views, err := s.View(ctx, tx, a, page.Records, nil)
		if err != nil {
			return nil, err
		}
		for i, r := range page.Records {
			if s.opt.Policy.Allow(a, "export", t, r.Values) {
				sh.Rows = append(sh.Rows, sheetRow(a, r, views[i], fields))
			}
		}
		if page.Next == "" {
			break
		}
		q.Cursor = page.Next
	}
	return sh, nil
}

func sheetRow(a identity.Actor, r *Record, view map[string]any, fields []*schema.Field) []string {
	row := []string{r.text("number"), r.State(), r.text("created_at")}
	display, _ := view["_display"].(map[string]any)
	for _, f := range fields {
		switch word, ok := display[f.Name].(string); {
		case !policy.Sees(a, f):
			row = append(row, plainText(view[f.Name]))
		case ok && word != "" && f.Type != "code":
			row = append(row, word)
		default:
			row = append(row, f.Text(r.Values[f.Name]))
		}
	}
	return row
}

func plainText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return ""
}
