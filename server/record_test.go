package server_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestPreconditions: a change needs the revision it was made against (RFC 6585 §3, RFC 9110 §13).
func TestPreconditions(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		chief := w.as(t, "zbz01")
		made := chief.want(t, 201, "POST", "/api/v1/records/urban.duty", map[string]any{"category": "E0102", "unit": "/county/cgj/hwzx/"})
		path := made.Header.Get("Location")
		if path != "/api/v1/records/urban.duty/"+made.text("id") || made.Header.Get("ETag") != `"1"` {
			t.Fatalf("headers of a creation: %v", made.Header)
		}
		change := map[string]any{"unit": "/county/cgj/sszx/"}
		chief.want(t, 428, "PATCH", path, change)
		chief.want(t, 428, "DELETE", path, nil)
		chief.want(t, 412, "PATCH", path, change, "If-Match", `"7"`)
		chief.want(t, 412, "PATCH", path, change, "If-Match", `"x"`)
		chief.want(t, 412, "PATCH", path, change, "If-Match", `*`)
		chief.want(t, 412, "DELETE", path, nil, "If-Match", `"7"`)
		got := chief.want(t, 200, "PATCH", path, change, "If-Match", made.Header.Get("ETag"))
		if got.Header.Get("ETag") != `"2"` || got.text("unit") != "/county/cgj/sszx/" {
			t.Errorf("after a change: %v %s", got.Header, got.raw)
		}
		chief.want(t, 412, "PATCH", path, change, "If-Match", `"1"`)

		for tag, want := range map[string]int{`"2"`: 304, `W/"2"`: 304, `"1", "2"`: 304, `*`: 304, `"1"`: 200, `2`: 200, ``: 200} {
			got := chief.want(t, want, "GET", path, nil, "If-None-Match", tag)
			if want == 304 && (len(got.raw) > 0 || got.Header.Get("ETag") != `"2"`) {
				t.Errorf("304 with %q: %v %q", tag, got.Header, got.raw)
			}
		}
		chief.want(t, 204, "DELETE", path+"?reason=x", nil, "If-Match", `"2"`)
		chief.want(t, 404, "GET", path, nil)
		got = chief.want(t, 200, "POST", path+"/commands/restore", map[string]any{"reason": "x"})
		if got.body["rev"] != float64(4) {
			t.Errorf("after restoring: %s", got.raw)
		}
	})
}

// TestPages walks a list by its cursor, and refuses cursors that are not for that list.
func TestPages(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		chief := w.as(t, "zbz01")
		want := map[string]bool{}
		for range 7 {
			want[w.report(t, "路边垃圾")] = true
		}
		for _, sort := range []string{"", "-created_at", "number", "-number", "unit", "-handled_at", "state"} {
			seen := map[string]bool{}
			path, pages := "/api/v1/records/urban.case?limit=3&filter=category%3D%22E0102%22&total=1&sort="+sort, 0
			cursor := ""
			for {
				got := chief.want(t, 200, "GET", path+"&cursor="+cursor, nil)
				if got.body["total"] != float64(7) {
					t.Errorf("sort %q: total %v", sort, got.body["total"])
				}
				for _, r := range got.items(t) {
					if seen[r["id"].(string)] {
						t.Errorf("sort %q: %v twice", sort, r["id"])
					}
					seen[r["id"].(string)] = true
				}
				pages++
				if cursor = got.text("next"); cursor == "" {
					break
				}
				chief.want(t, 400, "GET", "/api/v1/records/urban.case?sort="+sort+"&cursor="+cursor, nil)
				chief.want(t, 400, "GET", path+"&cursor="+cursor[:len(cursor)-4]+"AAAA", nil)
			}
			if pages != 3 || len(seen) != len(want) {
				t.Errorf("sort %q: %d pages with %d records, want 3 with %d", sort, pages, len(seen), len(want))
			}
		}
		for _, bad := range []string{"limit=0", "limit=201", "limit=-1", "limit=x", "cursor=x", "sort=nothing", "bbox=1,2,3", "bbox=1,2,3,x", "bbox=1,2,3,4,5", "filter=1%2B"} {
			got := chief.do(t, "GET", "/api/v1/records/urban.case?"+bad, nil)
			if got.StatusCode != 400 {
				t.Errorf("%s: %d %s", bad, got.StatusCode, got.raw)
			}
		}
	})
}

// TestMask: what is above the clearance comes masked and can be neither filtered nor sorted by.
func TestMask(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	id := w.report(t, "路边垃圾")
	path := "/api/v1/records/urban.case"
	acceptor, supervisor := w.as(t, "slr01"), w.as(t, "dcy01")
	if got := acceptor.want(t, 200, "GET", path+"/"+id, nil); got.text("phone") != "13900000000" {
		t.Errorf("the acceptor sees %s", got.raw)
	}
	got := supervisor.want(t, 200, "GET", path+"/"+id, nil)
	if strings.Contains(string(got.raw), "13900000000") || strings.Contains(string(got.raw), "演示群众") {
		t.Errorf("the supervisor sees %s", got.raw)
	}
	if list, _ := got.body["_masked"].([]any); len(list) != 2 {
		t.Errorf("masked %v", got.body["_masked"])
	}
	for _, q := range []string{
		"filter=phone%3D%2213900000000%22", "sort=phone", "sort=-reporter", ":aggregate?by=phone",
		"filter=starts+with(reporter,%22%E6%BC%94%22)", ":aggregate?by=state&measure=max:phone",
	} {
		url := path + "?" + q
		if strings.HasPrefix(q, ":") {
			url = path + q
		}
		if got := supervisor.do(t, "GET", url, nil); got.StatusCode != 403 && got.StatusCode != 400 {
			t.Errorf("%s: %d %s", q, got.StatusCode, got.raw)
		}
	}
	for _, format := range []string{"csv"} {
		got := supervisor.want(t, 200, "GET", path+":export?format="+format, nil)
		if strings.Contains(string(got.raw), "13900000000") || !strings.Contains(got.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("export %s: %v", got.raw, got.Header)
		}
	}
	history := supervisor.want(t, 200, "GET", path+"/"+id+"/history", nil)
	if strings.Contains(string(history.raw), "13900000000") {
		t.Errorf("history %s", history.raw)
	}
	supervisor.want(t, 403, "POST", path+"/"+id+"/commands/unmask", map[string]any{"data": map[string]any{"fields": []string{"phone"}}, "reason": "x"})
	acceptor.want(t, 400, "POST", path+"/"+id+"/commands/unmask", map[string]any{"data": map[string]any{"fields": []string{"phone"}}})
	acceptor.want(t, 200, "POST", path+"/"+id+"/commands/unmask", map[string]any{"data": map[string]any{"fields": []string{"phone"}}, "reason": "回访"})
	w.visitor().want(t, 401, "GET", path, nil)
	w.visitor().want(t, 404, "GET", path+"/"+id, nil)
	if got := acceptor.want(t, http.StatusOK, "GET", path+"?q=%E5%9E%83%E5%9C%BE", nil); len(got.items(t)) != 1 {
		t.Errorf("full text: %s", got.raw)
	}
}
