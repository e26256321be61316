package server_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// fill sends the public form of urban.case as a browser without scripts does.
func fill(t *testing.T, w *world, fields map[string]string, photo []byte) *answer {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for name, value := range fields {
		if err := m.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	if photo != nil {
		part, err := m.CreateFormFile("photos", "site.png")
		if err == nil {
			_, err = part.Write(photo)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return w.visitor().do(t, "POST", "/report", b.String(), "Content-Type", m.FormDataContentType(), "Accept", "text/html")
}

// TestReportKeepsAll: a form that is refused comes back with everything typed, chosen and uploaded.
func TestReportKeepsAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	village := regexp.MustCompile(`<option value="(\d+)"`).FindSubmatch(
		regexp.MustCompile(`(?s)id="place_village".*?</select>`).Find(w.visitor().do(t, "GET", "/report?type=urban.case", nil).raw))
	if village == nil {
		t.Fatal("no villages to choose from")
	}
	fields := map[string]string{
		"type": "urban.case", "category": "E0102", "detail": "路边<b>垃圾</b>", "place_village": string(village[1]), "place_address": `演示街"3"号`, "phone": "12",
	}
	got := fill(t, w, fields, picture(t))
	page := string(got.raw)
	kept := regexp.MustCompile(`name="photos_kept" value="([0-9a-f-]{36}/site\.png)" checked`).FindStringSubmatch(page)
	for what, want := range map[string]string{
		"the village": `value="` + string(village[1]) + `" selected`, "the category": `value="E0102" selected`, "the text, escaped": "路边&lt;b&gt;垃圾", "the address": "演示街&#34;3&#34;号",
		"the wrong value": `value="12"`, "the way to it": `href="#phone"`, "its label": "联系电话：",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is lost: no %s", what, want)
		}
	}
	if got.StatusCode != http.StatusBadRequest || kept == nil {
		t.Fatalf("%d, kept %v: %s", got.StatusCode, kept, page)
	}
	fields["phone"], fields["photos_kept"] = "13900000001", kept[1]
	if got = fill(t, w, fields, nil); got.StatusCode != http.StatusCreated {
		t.Fatalf("the mended form: %d %s", got.StatusCode, got.raw)
	}
	fields["photos_kept"] = strings.Repeat("0", 36) + "/x.png"
	if got = fill(t, w, fields, nil); got.StatusCode != http.StatusBadRequest {
		t.Errorf("a file nobody sent: %d", got.StatusCode)
	}
	if got = fill(t, w, map[string]string{"type": "urban.case", "phone": "12"}, nil); !bytes.Contains(got.raw, []byte("联系电话：")) || !bytes.Contains(got.raw, []byte("问题描述：")) || !bytes.Contains(got.raw, []byte("位置：")) {
		t.Errorf("not everything that is wrong is said at once: %s", got.raw)
	}
}

// TestTrackInWords: what a citizen reads has no raw instant.
func TestTrackInWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	number := w.visitor().want(t, 201, "POST", "/api/v1/records/urban.case", w.reportData("路边垃圾")).text("number")
	page := w.visitor().do(t, "GET", "/track?number="+number, nil).raw
	if !bytes.Contains(page, []byte("2026年3月2日 09:00")) || regexp.MustCompile(`\d{4}-\d\d-\d\d`).Match(page) {
		t.Errorf("the page says %s", page)
	}
}
