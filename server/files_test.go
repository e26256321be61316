package server_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"strings"
	"testing"
)

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 4, 4))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestFiles: nothing that was uploaded runs in our origin, and a file is seen by those who see its record.
func TestFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	acceptor, other := w.as(t, "slr01"), w.as(t, "hw01")
	for _, f := range []struct {
		name    string
		content []byte
		inline  bool
	}{
		{"photo.png", picture(t), true},
		{"page.html", []byte("<!DOCTYPE html><script>alert(1)</script>"), false},
		{"picture.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), false},
		{"photo.png", []byte("<!DOCTYPE html><script>alert(1)</script>"), false},
		{"report.xml", []byte(`<?xml version="1.0"?><a/>`), false},
		{"a.pdf", []byte("%PDF-1.7\n"), false},
		{"现场照片.bin", []byte{0, 1, 2}, false},
		{"../../etc/passwd", []byte("x"), false},
		{"a\r\nSet-Cookie: x=1.txt", []byte("x"), false},
		{strings.Repeat("长", 300) + ".txt", []byte("x"), false},
	} {
		up := acceptor.upload(t, "/api/v1/files", f.name, f.content)
		if up.StatusCode != 201 {
			t.Fatalf("%s: %d %s", f.name, up.StatusCode, up.raw)
		}
		id := up.text("id")
		got := acceptor.want(t, 200, "GET", "/api/v1/files/"+id, nil)
		mustBeGuarded(t, got)
		if !bytes.Equal(got.raw, f.content) {
			t.Errorf("%s: other content", f.name)
		}
		disposition := got.Header.Get("Content-Disposition")
		if inline := strings.HasPrefix(disposition, "inline;"); inline != f.inline || !inline && !strings.HasPrefix(disposition, "attachment;") {
			t.Errorf("%s: %q", f.name, disposition)
		}
		if got.Header.Get("Set-Cookie") != "" || strings.ContainsAny(disposition, "\r\n/\\") {
			t.Errorf("%s: headers %v", f.name, got.Header)
		}
		other.want(t, 404, "GET", "/api/v1/files/"+id, nil)
		w.visitor().want(t, 404, "GET", "/api/v1/files/"+id, nil)
		w.visitor().want(t, 404, "GET", "/files/"+id, nil)
	}
}

// TestFileOfRecord: a file follows the record it is used in, and belongs to one record only.
func TestFileOfRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	v, acceptor := w.visitor(), w.as(t, "slr01")
	id := v.upload(t, "/api/v1/files", "现场.png", picture(t)).text("id")
	data := w.reportData("路边垃圾")
	data["photos"] = []map[string]any{{"id": id}}
	v.want(t, 201, "POST", "/api/v1/records/urban.case", data)
	v.want(t, 404, "GET", "/api/v1/files/"+id, nil)
	got := acceptor.want(t, 200, "GET", "/api/v1/files/"+id, nil)
	if got.Header.Get("Content-Type") != "image/png" {
		t.Errorf("type %v", got.Header)
	}
	part := acceptor.want(t, 206, "GET", "/api/v1/files/"+id, nil, "Range", "bytes=0-3")
	if string(part.raw) != "\x89PNG" {
		t.Errorf("range %q", part.raw)
	}
	acceptor.want(t, 304, "GET", "/api/v1/files/"+id, nil, "If-None-Match", got.Header.Get("ETag"))
	again := v.do(t, "POST", "/api/v1/records/urban.case", data)
	if again.StatusCode != 400 || !strings.Contains(string(again.raw), "file.taken") {
		t.Errorf("a second record with it: %d %s", again.StatusCode, again.raw)
	}
	page := v.upload(t, "/api/v1/files", "照片.png", []byte("<html>")).text("id")
	data["photos"] = []map[string]any{{"id": page}}
	if got := v.do(t, "POST", "/api/v1/records/urban.case", data); got.StatusCode != 400 || !strings.Contains(string(got.raw), "file.image") {
		t.Errorf("a page as a photo: %d %s", got.StatusCode, got.raw)
	}
}

// TestUploadLimits: too large, no form, no file, a broken form.
func TestUploadLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	v := w.visitor()
	before := count(t, w, "SELECT count(*) FROM record_file")
	large := v.upload(t, "/api/v1/files", "a.bin", make([]byte, 20<<20+1))
	if large.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("20 MiB and a byte: %d %s", large.StatusCode, large.raw)
	}
	large.mustBeProblem(t)
	if got := v.upload(t, "/api/v1/files", "a.bin", make([]byte, 40<<20)); got.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("40 MiB: %d %s", got.StatusCode, got.raw)
	}
	for name, body := range map[string]string{
		"no form": "x", "empty": "", "no end": "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx",
		"no file": "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--b--", "other field": "--b\r\nContent-Disposition: form-data; name=\"x\"; filename=\"a\"\r\n\r\nx\r\n--b--",
	} {
		got := v.do(t, "POST", "/api/v1/files", body, "Content-Type", "multipart/form-data; boundary=b")
		if got.StatusCode != 400 {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.raw)
			continue
		}
		got.mustBeProblem(t)
	}
	v.want(t, 400, "POST", "/api/v1/files", map[string]any{"file": "x"})
	if got := v.upload(t, "/api/v1/files", "a.bin", make([]byte, 20<<20)); got.StatusCode != 201 {
		t.Errorf("20 MiB: %d %s", got.StatusCode, got.raw)
	}
	if n := count(t, w, "SELECT count(*) FROM record_file"); n != before+1 {
		t.Errorf("%d files kept", n-before)
	}
}

// TestSheets: import with dry run and error column, template, export, and what is no sheet.
func TestSheets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	chief := w.as(t, "zbz01")
	path := "/api/v1/records/urban.duty"
	before := count(t, w, "SELECT count(*) FROM urban_duty")
	good := "category,unit,remark\nE0103,/county/cgj/sszx/,示例\nE0104,/county/cgj/sszx/,=1+1\n"
	dry := chief.upload(t, path+":import?dry=1", "a.csv", []byte(good))
	if dry.StatusCode != 200 || dry.body["created"] != 2.0 || count(t, w, "SELECT count(*) FROM urban_duty") != before {
		t.Fatalf("dry run: %d %s", dry.StatusCode, dry.raw)
	}
	bad := chief.upload(t, path+":import?dry=1", "a.csv", []byte("category,unit\nE0103,/county/cgj/sszx/\nnothing,/nowhere/\n"))
	if bad.body["failed"] != 1.0 || bad.text("file") == "" {
		t.Fatalf("a wrong row: %s", bad.raw)
	}
	for _, e := range bad.body["errors"].([]any) {
		mustBeWords(t, e.(map[string]any)["detail"].(string), bad.raw)
	}
	if sheet := chief.want(t, 200, "GET", "/api/v1/files/"+bad.text("file"), nil); !bytes.HasPrefix(sheet.raw, []byte("PK")) {
		t.Errorf("the returned sheet begins with %q", sheet.raw[:4])
	}
	made := chief.upload(t, path+":import", "a.csv", []byte(good))
	if made.body["created"] != 2.0 || count(t, w, "SELECT count(*) FROM urban_duty") != before+2 {
		t.Fatalf("import: %s", made.raw)
	}
	for range 2 { // the same sheet under one key is imported once
		r := chief.uploadRequest(t, path+":import", "a.csv", []byte("category,unit\nE0105,/county/cgj/sszx/\n"))
		r.Header.Set("Idempotency-Key", "sheet")
		if got := chief.send(t, r); got.body["created"] != 1.0 {
			t.Errorf("with a key: %d %s", got.StatusCode, got.raw)
		}
	}
	csv := chief.want(t, 200, "GET", path+":export?format=csv", nil)
	if !strings.Contains(string(csv.raw), "'=1+1") || !strings.HasPrefix(csv.Header.Get("Content-Type"), "text/csv") {
		t.Errorf("export %v %s", csv.Header, csv.raw)
	}
	book := chief.want(t, 200, "POST", path+":export?format=xlsx", nil)
	template := chief.want(t, 200, "GET", path+":template", nil)
	for _, got := range []*answer{book, template} {
		if !bytes.HasPrefix(got.raw, []byte("PK")) || !strings.HasPrefix(got.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("no workbook: %v", got.Header)
		}
	}
	for name, content := range map[string]string{"not a zip": "PK\x03\x04xx", "empty": "", "columns": "nothing\nx\n", "zeros": "a\x00b,c\n1,2\n"} {
		got := chief.upload(t, path+":import", "a.csv", []byte(content))
		if got.StatusCode != 400 {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.raw)
			continue
		}
		got.mustBeProblem(t)
	}
	if got := w.as(t, "hw01").upload(t, path+":import", "a.csv", []byte(good)); got.StatusCode != 403 {
		t.Errorf("without permission: %d %s", got.StatusCode, got.raw)
	}
}
