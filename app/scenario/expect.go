package scenario

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/flow"
)

// expect compares a record's values, lights and open tasks, or an indicator.
func (w *World) expect(ctx context.Context, plain []string, named map[string]string) error {
	if at(plain, 0) == "indicator" {
		return w.expectIndicator(ctx, plain, named)
	}
	r, err := w.ref(at(plain, 0))
	if err != nil {
		return err
	}
	values, err := w.facts(ctx, r)
	if err != nil {
		return err
	}
	names := make([]string, 0, len(named))
	for n := range named {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		want := named[n]
		if other := w.vars[strings.TrimPrefix(want, "$")]; strings.HasPrefix(want, "$") && other != nil {
			want = other.id
		}
		if got := values[n]; got != want {
			return fault.New(fault.Conflict, "scenario.value", "field", n, "got", got, "want", want)
		}
	}
	return nil
}

// facts reads a record as it is, whoever is at work: a scenario checks what happened, not what somebody may see.
func (w *World) facts(ctx context.Context, r *ref) (map[string]string, error) {
	out := map[string]string{"overdue": "false", "light": "none"}
	err := w.App.DB.Read(ctx, func(tx *store.Tx) error {
		rec, err := w.App.Records.Load(ctx, tx, r.typ, r.id)
		if err != nil {
			return err
		}
		for k, v := range rec.Values {
			if m, ok := v.(map[string]any); ok {
				for part, x := range m {
					out[k+"."+part] = fmt.Sprint(x)
				}
			}
			out[k] = fmt.Sprint(v)
		}
		for _, f := range rec.Type.FieldList {
			if _, ok := out[f.Name]; !ok {
				out[f.Name] = ""
			}
		}
		biz := flow.Biz{Type: r.typ, ID: r.id}
		clocks, err := w.App.Flow.SLA(ctx, tx, biz)
		if err != nil {
			return err
		}
		now := w.Clock.Now()
		var first time.Time
		for _, c := range clocks {
			if c.State == flow.Stopped {
				continue
			}
			if first.IsZero() || c.Due.Before(first) { // the last day of the clock that is due first
				first = c.Due
				out["last_day"], out["provisional"] = clock.LastDay(c.Due).String(), strconv.FormatBool(c.Provisional)
			}
			if c.State == flow.Paused {
				out["light"] = "paused"
				continue
			}
			switch {
			case !now.Before(c.Due):
				out["overdue"], out["light"] = "true", "red"
			case !c.Warn.IsZero() && !now.Before(c.Warn) && out["light"] != "red":
				out["light"] = "yellow"
			case out["light"] == "none":
				out["light"] = "green"
			}
		}
		tasks, err := w.App.Flow.TasksOf(ctx, tx, biz)
		open := 0
		for _, t := range tasks {
			if t.State == flow.Open {
				open++
			}
		}
		out["open"] = fmt.Sprint(open)
		return err
	})
	return out, err
}

func (w *World) expectIndicator(ctx context.Context, plain []string, named map[string]string) error {
	q := url.Values{}
	for _, k := range []string{"by", "from", "to"} {
		if named[k] != "" {
			q.Set(k, named[k])
		}
	}
	got, err := w.call(ctx, http.MethodGet, "/api/v1/indicators/"+at(plain, 1)+"?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	if !got.ok() {
		return fault.New(fault.Denied, "scenario.refused", "answer", got.words())
	}
	row, _ := got.body["total"].(map[string]any)
	if key, ok := named["key"]; ok {
		row = nil
		rows, _ := got.body["rows"].([]any)
		for _, x := range rows {
			if m, ok := x.(map[string]any); ok && (fmt.Sprint(m["key"]) == key || fmt.Sprint(m["label"]) == key) {
				row = m
			}
		}
	}
	if row == nil {
		return fault.New(fault.NotFound, "scenario.key", "key", named["key"], "answer", string(got.raw))
	}
	for _, k := range []string{"value", "numerator", "denominator"} {
		if want, ok := named[k]; ok && number(row[k]) != number(want) {
			return fault.New(fault.Conflict, "scenario.value", "field", k, "got", fmt.Sprint(row[k]), "want", want)
		}
	}
	return nil
}

// number drops the zeros behind a decimal point, so that 50 and 50.00 are one.
func number(v any) string {
	s := fmt.Sprint(v)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// notice looks for a text in the present person's inbox.
func (w *World) notice(ctx context.Context, text string, absent bool) error {
	w.App.Settle(ctx)
	got, err := w.call(ctx, http.MethodGet, "/api/v1/inbox", nil)
	if err != nil {
		return err
	}
	found := false
	items, _ := got.body["items"].([]any)
	var all []string
	for _, x := range items {
		if m, ok := x.(map[string]any); ok {
			all = append(all, fmt.Sprint(m["text"]))
			found = found || strings.Contains(fmt.Sprint(m["text"], m["title"]), text)
		}
	}
	if found == absent {
		return fault.New(fault.Conflict, "scenario.notice", "want", text, "have", strings.Join(all, " | "))
	}
	return nil
}

// evidence verifies the entries of a record offline, from the proofs that the server hands out.
func (w *World) evidence(ctx context.Context, plain []string) error {
	r, err := w.ref(at(plain, 0))
	if err != nil {
		return err
	}
	for w.App.DB.Dialect() == store.PostgreSQL { // entries get their numbers after the commit
		var waiting int
		if err := w.App.DB.Read(ctx, func(tx *store.Tx) error {
			return tx.QueryRow(ctx, "SELECT count(*) FROM journal WHERE seq IS NULL").Scan(&waiting)
		}); err != nil {
			return err
		}
		if waiting == 0 {
			break
		}
		if _, err := w.App.Journal.Sign(ctx); err != nil {
			return err
		}
	}
	n, err := w.App.Evidence(ctx, r.typ+"/"+r.id)
	if err == nil && n == 0 {
		return fault.New(fault.NotFound, "scenario.evidence")
	}
	return err
}
