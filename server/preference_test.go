package server_test

import (
	"fmt"
	"strings"
	"testing"
)

func preferencesOf(t *testing.T, c *client) map[string]any {
	t.Helper()
	got, ok := c.want(t, 200, "GET", "/api/v1/me", nil).body["preferences"].(map[string]any)
	if !ok {
		t.Fatal("me says nothing of preferences")
	}
	return got
}

// TestPreferences: what the desk remembers belongs to the person, outlives the session, and is seen by nobody else.
func TestPreferences(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		mine, other := w.as(t, "zbz01"), w.as(t, "slr01")
		const path = "/api/v1/me/preferences/"
		mine.want(t, 204, "PUT", path+"list.urban.case", `{"value":{"columns":["title"],"views":[{"name":"我的","query":{"q":"垃圾"}}]}}`)
		mine.want(t, 204, "PUT", path+"list.urban.case", `{"value":{"columns":["title","state"]}}`)
		mine.want(t, 204, "DELETE", "/api/v1/session", nil)
		again := w.as(t, "zbz01")
		if got := fmt.Sprint(preferencesOf(t, again)); got != "map[list.urban.case:map[columns:[title state]]]" {
			t.Errorf("after signing in again: %s", got)
		}
		if got := preferencesOf(t, other); len(got) != 0 {
			t.Errorf("somebody else sees %v", got)
		}
		again.want(t, 204, "PUT", path+"list.urban.case", `{"value":null}`)
		if got := preferencesOf(t, again); len(got) != 0 {
			t.Errorf("after forgetting: %v", got)
		}
		w.visitor().want(t, 401, "PUT", path+"x", `{"value":1}`)
		for name, body := range map[string]string{"x%20y": `{"value":1}`, "X": `{"value":1}`, "x": `{`, strings.Repeat("x", 101): `{"value":1}`, "big": `{"value":"` + strings.Repeat("x", 16<<10) + `"}`} {
			again.want(t, 400, "PUT", path+name, body)
		}
		for i := range 200 {
			again.want(t, 204, "PUT", fmt.Sprintf("%sn%d", path, i), `{"value":1}`)
		}
		again.want(t, 400, "PUT", path+"more", `{"value":1}`)
		again.want(t, 204, "PUT", path+"n0", `{"value":2}`)
	})
}
