package record_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/identity"
	"chengshu/kernel/record"
)

func label(f string) string {
	return map[string]string{"detail": "详情", "number": "编号", "_error": "错误"}[f]
}

func labelled(f string) string {
	if l := label(f); l != "" {
		return l
	}
	return f
}

func (w *world) importSheet(t testing.TB, a identity.Actor, typ string, sh *record.Sheet, dry bool) (record.Imported, error) {
	t.Helper()
	var out record.Imported
	err := w.do(t, func(tx *store.Tx) (err error) {
		out, err = w.s.Import(t.Context(), tx, a, typ, sh, labelled, dry)
		return err
	})
	return out, err
}

func readSheet(t testing.TB, data []byte) *record.Sheet {
	t.Helper()
	sh, err := record.ReadSheet(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return sh
}

// TestReadSheet: a table of text comes out the same of XLSX and of CSV in UTF-8, with and without mark, and in GB 18030.
func TestReadSheet(t *testing.T) {
	t.Parallel()
	want := &record.Sheet{Header: []string{"编号", "详情"}, Rows: [][]string{{"1", "井盖, \"破损\"\n两行"}, {"", "=1+1"}, {"-5", "+8613800000000"}}}
	csv := "编号,详情\r\n1,\"井盖, \"\"破损\"\"\n两行\"\r\n,'=1+1\r\n-5,+8613800000000\r\n"
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(csv)
	if err != nil {
		t.Fatal(err)
	}
	var xlsx, out bytes.Buffer
	if err := want.WriteXLSX(&xlsx); err != nil {
		t.Fatal(err)
	}
	if err := want.WriteCSV(&out); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"csv": []byte(csv), "csv with mark": []byte("\xef\xbb\xbf" + csv), "gb18030": []byte(gb), "xlsx": xlsx.Bytes(), "written csv": out.Bytes(),
	} {
		if diff := cmp.Diff(want, readSheet(t, data)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

// TestFormulas: what a spreadsheet would compute is written so that it is shown.
func TestFormulas(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"=1+1": "'=1+1", "=HYPERLINK(\"//x\")": "'=HYPERLINK(\"//x\")", "+1+2": "'+1+2", "-1-2": "'-1-2", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "-2+3+cmd|' /C calc'!A0": "'-2+3+cmd|' /C calc'!A0",
		"-5": "-5", "+8613800000000": "+8613800000000", "-0.50": "-0.50", "-": "'-", "+.": "'+.", "1=1": "1=1", "a": "a", "": "", "'=1": "'=1",
	} {
		var b bytes.Buffer
		if err := (&record.Sheet{Header: []string{"h"}, Rows: [][]string{{cell}}}).WriteCSV(&b); err != nil {
			t.Fatal(err)
		}
		got := strings.TrimSuffix(strings.TrimPrefix(b.String(), "\xef\xbb\xbfh\n"), "\n")
		if strings.HasPrefix(got, `"`) {
			got = strings.ReplaceAll(got[1:len(got)-1], `""`, `"`)
		}
		if got != want {
			t.Errorf("%q is written as %q, want %q", cell, got, want)
		}
	}
	var b bytes.Buffer
	if err := (&record.Sheet{Header: []string{"=1"}, Rows: [][]string{{"=1+1"}}}).WriteXLSX(&b); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if formula, err := f.GetCellFormula("Sheet1", "A2"); err != nil || formula != "" {
		t.Errorf("a cell became the formula %q, %v", formula, err)
	}
}

// xlsxOf makes a workbook around the XML of its only sheet.
func xlsxOf(t *testing.T, sheet func(w io.Writer)) []byte {
	t.Helper()
	var base, out bytes.Buffer
	if err := (&record.Sheet{Header: []string{"a"}}).WriteXLSX(&base); err != nil {
		t.Fatal(err)
	}
	in, err := zip.NewReader(bytes.NewReader(base.Bytes()), int64(base.Len()))
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(&out)
	for _, f := range in.File {
		w, err := z.Create(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name == "xl/worksheets/sheet1.xml" {
			sheet(w)
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(w, io.LimitReader(r, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestHostileSheets: bombs, torn files and wide ones are refused, and none panics.
func TestHostileSheets(t *testing.T) {
	t.Parallel()
	const head = `<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`
	bomb := xlsxOf(t, func(w io.Writer) {
		_, _ = io.WriteString(w, head)
		for range 64 {
			_, _ = w.Write(bytes.Repeat([]byte(" "), 1<<20))
		}
		_, _ = io.WriteString(w, "</sheetData></worksheet>")
	})
	if len(bomb) > 1<<20 {
		t.Fatalf("the bomb is %d bytes large", len(bomb))
	}
	wide := xlsxOf(t, func(w io.Writer) {
		_, _ = io.WriteString(w, head+`<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>`)
		for i := 2; i < 20_000; i++ {
			_, _ = fmt.Fprintf(w, `<row r="%d"><c r="XFD%d" t="inlineStr"><is><t>x</t></is></c></row>`, i, i)
		}
		_, _ = io.WriteString(w, "</sheetData></worksheet>")
	})
	many := "a\n" + strings.Repeat("x\n", 20_001)
	for name, tc := range map[string]struct {
		data []byte
		kind fault.Kind
		code string
	}{
		"zip bomb":       {bomb, fault.Invalid, "sheet.format"},
		"wide rows":      {wide, fault.Invalid, "sheet.header"},
		"no workbook":    {[]byte("PK\x03\x04nonsense"), fault.Invalid, "sheet.format"},
		"too many rows":  {[]byte(many), fault.TooLarge, "sheet.large"},
		"too many bytes": {bytes.Repeat([]byte("x"), 32<<20+2), fault.TooLarge, "sheet.large"},
		"wide header":    {[]byte(strings.Repeat("x,", 600) + "x\n"), fault.TooLarge, "sheet.wide"},
		"empty":          {nil, fault.Invalid, "sheet.empty"},
		"blank":          {[]byte(",,\n1,2,3\n"), fault.Invalid, "sheet.empty"},
		"torn quotes":    {[]byte("a\n\"x\n"), fault.Invalid, "sheet.format"},
		"no text":        {[]byte("\xff\xfe\x00\x01\x02\x80\x81"), fault.Invalid, "sheet.encoding"},
		"utf-16":         {[]byte("\xff\xfea\x00,\x00b\x00\n\x00"), fault.Invalid, "sheet.encoding"},
	} {
		_, err := record.ReadSheet(bytes.NewReader(tc.data))
		if !fault.Is(err, tc.kind) || fault.CodeOf(err) != tc.code {
			t.Errorf("%s: got %v, want %s %s", name, err, tc.kind, tc.code)
		}
	}
	if sh := readSheet(t, []byte("a\n"+strings.Repeat("x\n", 20_000))); len(sh.Rows) != 20_000 {
		t.Errorf("%d rows", len(sh.Rows))
	}
}

// TestImport: a dry run writes nothing and says what a real one says; wrong rows are named and leave the others; rows that
// collide with each other show in the dry run too; a sheet corrected by its faults goes in.
func TestImport(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorld(t, db)
		sh := &record.Sheet{Header: []string{"name", "code", "_error"}, Rows: [][]string{{"a", "1", ""}, {"", "2", ""}, {"", "", ""}, {"b", "1", ""}, {"c", "3", "old trouble"}}}
		tables := []string{"t_person", "t_person_h", "journal", "record_serial", "search_doc"}
		dry, err := w.importSheet(t, clerk, "t.person", sh, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range tables {
			if n := w.count(t, "SELECT count(*) FROM "+table); n != 0 {
				t.Errorf("the dry run left %d rows in %s", n, table)
			}
		}
		done, err := w.importSheet(t, clerk, "t.person", sh, false)
		if err != nil {
			t.Fatal(err)
		}
		for name, got := range map[string]record.Imported{"dry": dry, "real": done} {
			if got.Rows != 4 || got.Created != 2 || got.Updated != 0 || got.Failed != 2 || len(got.Faults) != 2 {
				t.Fatalf("%s: %+v", name, got)
			}
			if got.Faults[0].Row != 2 || !cmp.Equal(pointers(got.Faults[0].Err), []string{"/name field.required"}) {
				t.Errorf("%s: row %d %v", name, got.Faults[0].Row, got.Faults[0].Err)
			}
			if got.Faults[1].Row != 4 || fault.CodeOf(got.Faults[1].Err) != "record.exists" {
				t.Errorf("%s: row %d %v", name, got.Faults[1].Row, got.Faults[1].Err)
			}
		}
		if n := w.count(t, "SELECT count(*) FROM t_person"); n != 2 {
			t.Errorf("%d records", n)
		}
		if n := w.count(t, "SELECT last FROM record_serial"); n != 2 {
			t.Errorf("refused rows drew numbers up to %d", n)
		}
		fixed := &record.Sheet{Header: sh.Header, Rows: [][]string{{"d", "2", "x"}, {"b", "4", "x"}}}
		if got, err := w.importSheet(t, clerk, "t.person", fixed, false); err != nil || got.Created != 2 {
			t.Errorf("%+v %v", got, err)
		}
	})
}

// TestImportColumns: headers may be labels or names; what is no field, or a field twice, is refused as a whole.
func TestImportColumns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t))
	for name, tc := range map[string]struct {
		header []string
		want   []string
	}{
		"unknown": {[]string{"name", "colour"}, []string{"/colour sheet.column"}}, "twice": {[]string{"code", "name", "code"}, []string{"/code sheet.twice"}},
	} {
		_, err := w.importSheet(t, clerk, "t.person", &record.Sheet{Header: tc.header}, true)
		if diff := cmp.Diff(tc.want, pointers(err)); diff != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := w.importSheet(t, guest, "t.person", &record.Sheet{Header: []string{"name"}}, true)
	wantFault(t, err, fault.Denied, "policy.denied")
	sh := &record.Sheet{Header: []string{"编号", "kind", "详情", "due", "seen", "cost"}, Rows: [][]string{{"", "cover", "by the name of the code", "2026/3/2", "2026/3/2 9:05", "1,200.5"}}}
	if got, err := w.importSheet(t, clerk, "t.case", sh, false); err != nil || got.Created != 1 {
		t.Fatalf("%+v %v", got, err)
	}
	page, err := w.list(t, clerk, record.Query{Type: "t.case"})
	if err != nil || len(page.Records) != 1 {
		t.Fatalf("%v %v", page, err)
	}
	r := page.Records[0]
	want := values{"kind": "0101", "due": "2026-03-02", "seen": "2026-03-02T09:05:00+08:00", "cost": "1200.50"}
	for k, v := range want {
		if r.Values[k] != v {
			t.Errorf("%s: got %v want %v", k, r.Values[k], v)
		}
	}
	// A number names the record to change; one out of reach is as unknown as one that does not exist.
	number := fmt.Sprint(r.Values["number"])
	change := &record.Sheet{Header: []string{"number", "amount"}, Rows: [][]string{{number, "7"}, {"nothing", "8"}}}
	if got, err := w.importSheet(t, clerk, "t.case", change, false); err != nil || got.Updated != 1 || got.Failed != 1 || fault.CodeOf(got.Faults[0].Err) != "sheet.number" {
		t.Errorf("%+v %v", got, err)
	}
	got, err := w.importSheet(t, town, "t.case", &record.Sheet{Header: []string{"number", "amount"}, Rows: [][]string{{number, "9"}, {"nothing", "9"}}}, false)
	if err != nil || got.Failed != 2 || fault.CodeOf(got.Faults[0].Err) != fault.CodeOf(got.Faults[1].Err) {
		t.Errorf("the existence of a number is told: %+v %v", got, err)
	}
}

// TestExportMasked: an export shows what the list shows, no more, and an exported sheet can be imported again.
func TestExportMasked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t))
	w.mustCreate(t, clerk, "t.case", values{"kind": "0101", "reporter": "Zhang San", "phone": "13800000000", "idcard": "11010519491231002X", "amount": 5, "detail": "x", "pin": "4711"})
	cell := func(sh *record.Sheet, column string) string {
		for i, h := range sh.Header {
			if h == column {
				return sh.Rows[0][i]
			}
		}
		t.Fatalf("no column %s in %v", column, sh.Header)
		return ""
	}
	sh := exported(t, w, clerk)
	for column, want := range map[string]string{"reporter": "Zhang San", "phone": "13800000000", "idcard": "110***********002X", "amount": "5", "kind": "0101"} {
		if got := cell(sh, column); got != want {
			t.Errorf("%s: got %q want %q", column, got, want)
		}
	}
	for i, h := range sh.Header {
		if h == "pin" {
			t.Errorf("a secret is exported: %s", sh.Rows[0][i])
		}
	}
	low := clerk
	low.Clearance = 1
	sh = exported(t, w, low)
	for column, want := range map[string]string{"reporter": "Z********", "phone": "138****0000", "idcard": "110***********002X"} {
		if got := cell(sh, column); got != want {
			t.Errorf("%s: got %q want %q", column, got, want)
		}
	}
	if _, err := w.s.Export(t.Context(), nil, guest, record.Query{Type: "t.case"}, labelled, 10); !fault.Is(err, fault.Denied) {
		t.Errorf("a guest exports: %v", err)
	}
}
