package app_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"testing"
	"time"

	"chengshu/app"
	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/kernel/identity"
)

// upload sends a file in somebody's name and gives its id and the sum of its content.
func (o *office) upload(who, content string) (id, sum string) {
	o.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	part, err := m.CreateFormFile("file", "a.png")
	if err != nil {
		o.t.Fatal(err)
	}
	if _, err := part.Write([]byte("\x89PNG\r\n\x1a\n" + content)); err != nil {
		o.t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		o.t.Fatal(err)
	}
	got := o.send(who, http.MethodPost, "/api/v1/files", m.FormDataContentType(), &b)
	if got.status != http.StatusCreated {
		o.t.Fatalf("upload: %d %s", got.status, got.raw)
	}
	return fmt.Sprint(got.body["id"]), fmt.Sprint(got.body["sum"])
}

// TestForgetFiles: what was uploaded and never used goes after a day, its content too, unless something else has the same.
func TestForgetFiles(t *testing.T) {
	t.Parallel()
	fake := clock.NewFake(time.Now())
	a, err := app.New(t.Context(), app.Config{Dir: t.TempDir(), Clock: fake, Cheap: true, Only: []string{"county", "urban"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	o := &office{t: t, a: a, clock: fake, tokens: map[string]string{}}
	o.seat([]identity.Organisation{{Path: centre[:4], Name: "示例县"}, {Path: centre, Name: "指挥中心"}},
		[]identity.NewPerson{{Username: "cjy", Name: "采集员甲"}}, []identity.Post{{Org: centre, Area: "/", Roles: []string{"urban.collector"}}})
	_, lost := o.upload("cjy", "lost")
	_, _ = o.upload("cjy", "shared")
	used, shared := o.upload("cjy", "shared")
	o.want(http.StatusCreated, "cjy", http.MethodPost, "/api/v1/records/urban.case", map[string]any{
		"category": "E0102", "detail": "垃圾", "place": map[string]any{"address": "演示街1号"}, "photos": []any{map[string]any{"id": used}},
	})
	_, again := o.upload("cjy", "again")
	check := func(when string, want map[string]bool) {
		t.Helper()
		if err := a.ForgetFiles(t.Context()); err != nil {
			t.Fatal(err)
		}
		for sum, there := range want {
			if _, err := a.Blobs.Stat(t.Context(), sum); (err == nil) != there || err != nil && !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %s is there: %v, want %v", when, sum, err, there)
			}
		}
	}
	check("at once", map[string]bool{lost: true, shared: true, again: true})
	o.pass(25 * time.Hour)
	o.upload("cjy", "again")
	check("after a day", map[string]bool{lost: false, shared: true, again: true})
	o.pass(25 * time.Hour)
	check("after two days", map[string]bool{lost: false, shared: true, again: false})
}
