package scenario

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"chengshu/base/fault"
)

// decided compares the latest decision of a key about a record, as the present person sees it: verdict, value, version,
// rows, missing and basis, of which a part is enough.
func (w *World) decided(ctx context.Context, plain []string, named map[string]string, refuse bool) error {
	if len(plain) < 2 {
		return fault.New(fault.Invalid, "scenario.arguments", "verb", "decided", "want", 2)
	}
	r, err := w.ref(plain[0])
	if err != nil {
		return err
	}
	got, err := w.call(ctx, http.MethodGet, r.path()+"/decisions", nil)
	if err != nil {
		return err
	}
	if !got.ok() {
		if refuse {
			return nil
		}
		return fault.New(fault.Denied, "scenario.refused", "answer", got.words())
	}
	var last map[string]any
	items, _ := got.body["items"].([]any)
	for _, x := range items {
		if m, ok := x.(map[string]any); ok && m["key"] == plain[1] {
			last = m
		}
	}
	switch {
	case last == nil && refuse:
		return nil
	case last == nil:
		return fault.New(fault.NotFound, "scenario.key", "key", plain[1], "answer", string(got.raw))
	case refuse:
		return fault.New(fault.Conflict, "scenario.allowed")
	}
	facts := decidedFacts(last)
	for name, want := range named {
		have := facts[name]
		if have != want && (name != "basis" || !strings.Contains(have, want)) {
			return fault.New(fault.Conflict, "scenario.value", "field", name, "got", have, "want", want)
		}
	}
	return nil
}

func decidedFacts(m map[string]any) map[string]string {
	out := map[string]string{"verdict": fmt.Sprint(m["verdict"]), "value": fmt.Sprint(m["value"]), "version": fmt.Sprint(m["version"])}
	var rows, basis, missing []string
	rules, _ := m["rules"].([]any)
	for _, x := range rules {
		rule, _ := x.(map[string]any)
		rows = append(rows, fmt.Sprint(rule["row"]))
		list, _ := rule["basis"].([]any)
		for _, b := range list {
			basis = append(basis, fmt.Sprint(b))
		}
	}
	facts, _ := m["missing"].([]any)
	for _, x := range facts {
		fact, _ := x.(map[string]any)
		missing = append(missing, fmt.Sprint(fact["label"]))
	}
	out["rows"], out["basis"], out["missing"] = strings.Join(rows, ","), strings.Join(basis, "; "), strings.Join(missing, ",")
	return out
}
