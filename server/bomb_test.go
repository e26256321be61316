package server_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// million is more fields than any form has.
const million = 1_000_000

// TestForms: forms of a million fields, or of more bytes than a form has, are refused in words; nothing is kept of them.
func TestForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	before := w.state(t)
	var pairs, parts, files, query strings.Builder
	pairs.WriteString("type=urban.case&detail=x")
	for i := range million {
		if i < 150_000 { // below the limit of the body
			fmt.Fprintf(&pairs, "&f%d=1", i)
		}
		if i < 200_000 {
			fmt.Fprintf(&parts, "--b\r\nContent-Disposition: form-data; name=\"f%d\"\r\n\r\nx\r\n", i)
			fmt.Fprintf(&files, "--b\r\nContent-Disposition: form-data; name=\"photos\"; filename=\"%d.png\"\r\n\r\nx\r\n", i)
		}
		fmt.Fprintf(&query, "&f%d", i)
	}
	const form, multi = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
	long := strings.Repeat("x", 3<<20)
	for name, tc := range map[string]struct {
		path, media, body string
		status            int
	}{
		"fields":             {"/report", form, pairs.String(), http.StatusBadRequest},
		"bytes":              {"/report", form, "type=urban.case&detail=" + long, http.StatusRequestEntityTooLarge},
		"no form":            {"/report", "text/plain", "type=urban.case&detail=" + long, http.StatusBadRequest},
		"parts":              {"/report", multi, parts.String() + "--b--", http.StatusBadRequest},
		"files":              {"/report", multi, files.String() + "--b--", http.StatusBadRequest},
		"one long part":      {"/report", multi, "--b\r\nContent-Disposition: form-data; name=\"detail\"\r\n\r\n" + strings.Repeat(long, 6) + "\r\n--b--", http.StatusBadRequest},
		"a head without end": {"/report", multi, "--b\r\nContent-Disposition: form-data; name=\"" + strings.Repeat(long, 5), http.StatusBadRequest},
		"parts of an upload": {"/api/v1/files", multi, parts.String() + "--b--", http.StatusBadRequest},
		"head of an upload":  {"/api/v1/files", multi, "--b\r\nContent-Disposition: form-data; name=\"" + strings.Repeat(long, 5), http.StatusBadRequest},
		"members":            {"/api/v1/records/urban.case", "application/json", "{" + strings.Repeat(`"a":1,`, 300_000) + `"a":1}`, http.StatusBadRequest},
		"more members":       {"/api/v1/records/urban.case", "application/json", "{" + strings.Repeat(`"a":1,`, million) + `"a":1}`, http.StatusRequestEntityTooLarge},
	} {
		got := w.visitor().do(t, http.MethodPost, tc.path, tc.body, "Content-Type", tc.media)
		if got.StatusCode != tc.status {
			t.Errorf("%s: got %d %.300s, want %d", name, got.StatusCode, got.raw, tc.status)
		}
		w.mustHold(t, got, name)
	}
	for _, path := range []string{"/track?number=1", "/report?type=x", "/api/v1/records/urban.case?limit=1"} {
		w.mustHold(t, w.visitor().do(t, http.MethodGet, path+query.String(), nil), path)
	}
	if after := w.state(t); after != before {
		t.Errorf("written:\n%s\nbefore:\n%s", after, before)
	}
}

// rewrite copies a workbook and puts text in the place of one of its parts.
func rewrite(t *testing.T, book []byte, part string, write func(w io.Writer, was []byte)) []byte {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	done := false
	for _, f := range in.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		was, err := io.ReadAll(io.LimitReader(r, 1<<20))
		if err != nil {
			t.Fatal(err)
		}
		to, err := z.Create(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name == part {
			write(to, was)
			done = true
			continue
		}
		if _, err := to.Write(was); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil || !done {
		t.Fatalf("%s: %v", part, err)
	}
	return out.Bytes()
}

// TestWorkbookBombs: a workbook that unpacks to gigabytes or names a file of ours is refused or read as text; what it names
// is never opened, and nothing is kept.
func TestWorkbookBombs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	chief := w.as(t, "zbz01")
	f := excelize.NewFile()
	for cell, v := range map[string]string{"A1": "category", "B1": "unit", "A2": "E0102", "B2": "/county/cgj/hwzx/"} {
		if err := f.SetCellStr("Sheet1", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	var plain bytes.Buffer
	if err := f.Write(&plain); err != nil {
		t.Fatal(err)
	}
	entity := func(w io.Writer, was []byte) {
		text := strings.Replace(string(was), "?>", `?><!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/passwd">]>`, 1)
		_, _ = io.WriteString(w, strings.Replace(text, "E0102", "&secret;", 1))
	}
	lol := func(w io.Writer, was []byte) {
		text := strings.Replace(string(was), "?>", `?><!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>`, 1)
		_, _ = io.WriteString(w, strings.Replace(text, "E0102", "&b;", 1))
	}
	zeros := func(w io.Writer, _ []byte) {
		for range 80 {
			_, _ = w.Write(bytes.Repeat([]byte("<c/>"), 1<<18))
		}
	}
	before := w.state(t)
	for name, book := range map[string][]byte{
		"entity":       rewrite(t, plain.Bytes(), "xl/sharedStrings.xml", entity),
		"entities":     rewrite(t, plain.Bytes(), "xl/sharedStrings.xml", lol),
		"sheet bomb":   rewrite(t, plain.Bytes(), "xl/worksheets/sheet1.xml", zeros),
		"strings bomb": rewrite(t, plain.Bytes(), "xl/sharedStrings.xml", zeros),
		"style bomb":   rewrite(t, plain.Bytes(), "xl/styles.xml", zeros),
		"book bomb":    rewrite(t, plain.Bytes(), "xl/workbook.xml", zeros),
		"type bomb":    rewrite(t, plain.Bytes(), "[Content_Types].xml", zeros),
	} {
		if len(book) > 4<<20 {
			t.Fatalf("%s: %d bytes are no bomb", name, len(book))
		}
		got := chief.upload(t, "/api/v1/records/urban.duty:import", "a.xlsx", book)
		w.mustHold(t, got, name)
		if strings.Contains(string(got.raw), "root:") {
			t.Errorf("%s: a file of ours is read: %.300s", name, got.raw)
		}
		if got.StatusCode == http.StatusOK && got.body["created"] != float64(0) {
			t.Errorf("%s: rows are made: %s", name, got.raw)
		}
	}
	if after := w.state(t); strings.Split(after, "record_file")[0] != strings.Split(before, "record_file")[0] {
		t.Errorf("written:\n%s\nbefore:\n%s", after, before)
	}
	if got := chief.upload(t, "/api/v1/records/urban.duty:import", "a.xlsx", plain.Bytes()); got.StatusCode != http.StatusOK || got.body["created"] != float64(1) {
		t.Errorf("the plain workbook: %d %s", got.StatusCode, got.raw)
	}
}
