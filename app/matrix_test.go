package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"chengshu/app"
	"chengshu/app/scenario"
	"chengshu/base/clock"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/policy"
	"chengshu/kernel/record"
	"chengshu/kernel/schema"
)

// matrix drives every record type of every pack with every role over HTTP and compares each answer with policy.Allow.
type matrix struct {
	t       *testing.T
	a       *app.App
	callers []caller
	records map[string][]*record.Record
	files   map[string]fileOf // id → record and field
	cases   int
	address int
}

// caller is somebody with one role, or a visitor.
type caller struct {
	name  string
	token string
	actor identity.Actor
}

type fileOf struct {
	record *record.Record
	field  *schema.Field
}

type answer struct {
	status int
	code   string
	body   map[string]any
	raw    []byte
}

// TestMatrix: whatever the record is to the caller (own, of another area, of another department, in another state, of a
// higher grade) and whatever the caller does, the answer is the one policy gives. What is refused is refused as unknown
// where the caller may not even read it.
func TestMatrix(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	for _, c := range m.callers {
		for _, typ := range m.a.Bundle.Load().Set.Types() {
			m.checkType(c, typ)
		}
		m.checkTiles(c)
		m.checkFiles(c)
	}
	if m.cases < 10_000 {
		t.Errorf("only %d cases", m.cases)
	}
	t.Logf("MATRIX: %d cases, %d callers, %d types", m.cases, len(m.callers), len(m.records))
	m.unchanged()
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	ctx := t.Context()
	fake := clock.NewFake(time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai))
	a, err := app.New(ctx, app.Config{Dir: t.TempDir(), Clock: fake, Cheap: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	w, err := scenario.NewWorld(ctx, a, fake)
	if err != nil {
		t.Fatal(err)
	}
	m := &matrix{t: t, a: a, records: map[string][]*record.Record{}, files: map[string]fileOf{}}
	m.people(w)
	m.seed(w)
	return m
}

// call sends a request; every one comes from another address, because the limit of requests is not what is tested.
func (m *matrix) call(c caller, method, path string, body any, header ...string) answer {
	m.t.Helper()
	m.cases++
	m.address++
	var in bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&in).Encode(body); err != nil {
			m.t.Fatal(err)
		}
	}
	r := httptest.NewRequestWithContext(m.t.Context(), method, path, &in)
	r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", m.address>>16&255, m.address>>8&255, m.address&255)
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	m.a.Handler().ServeHTTP(w, r)
	out := answer{status: w.Code, raw: w.Body.Bytes()}
	if strings.Contains(w.Header().Get("Content-Type"), "json") {
		if err := json.Unmarshal(out.raw, &out.body); err != nil {
			m.t.Errorf("%s %s: %v", method, path, err)
		}
		out.code, _ = out.body["code"].(string)
	}
	if out.status >= http.StatusInternalServerError {
		m.t.Errorf("%s: %s %s answers %d %s", c.name, method, path, out.status, out.raw)
	}
	return out
}

func (m *matrix) allow(c caller, action string, r *record.Record) bool {
	return m.a.Policy.Allow(c.actor, action, r.Type, r.Values)
}

// refused compares an answer to an act with what policy says of it.
func (m *matrix) refused(c caller, action string, r *record.Record, got answer) {
	m.t.Helper()
	denied := got.status == http.StatusForbidden || got.status == http.StatusUnauthorized
	unknown := got.status == http.StatusNotFound && (got.code == "record.unknown" || got.code == "file.unknown")
	switch allowed, reads := m.allow(c, action, r), m.allow(c, "read", r); {
	case allowed && (denied || unknown):
		m.t.Errorf("%s may %s %s %v and is refused: %d %s", c.name, action, r.Subject(), r.Values["state"], got.status, got.code)
	case !allowed && reads && !denied:
		m.t.Errorf("HOLE: %s may not %s %s and gets %d %s %s", c.name, action, r.Subject(), got.status, got.code, clip(got.raw))
	case !allowed && !reads && !unknown:
		m.t.Errorf("HOLE: %s may not even read %s and %s gets %d %s %s", c.name, r.Subject(), action, got.status, got.code, clip(got.raw))
	}
}

func clip(b []byte) string { return string(b[:min(len(b), 120)]) }

func (m *matrix) checkType(c caller, t *schema.Type) {
	m.t.Helper()
	m.checkList(c, t)
	m.checkAggregate(c, t)
	m.checkExport(c, t)
	records := m.records[t.Name]
	if !slices.ContainsFunc(policy.Actions(t), func(a string) bool { return m.a.Policy.Any(c.actor, a, t.Name) }) {
		records = records[:1] // one is enough where nothing is granted
	}
	for _, r := range records {
		m.checkRecord(c, r)
	}
	m.checkBulk(c, t)
	m.checkIncidents(c, t)
}

// checkRecord tries every act on one record. Acts that change something are sent so that they cannot succeed once they are
// permitted: with a revision that is not there, with input nobody declared.
func (m *matrix) checkRecord(c caller, r *record.Record) {
	m.t.Helper()
	base := "/api/v1/records/" + r.Type.Name + "/" + r.ID()
	for _, sub := range []string{"", "/tasks", "/actions", "/flow", "/timeline", "/duplicates", "/proof", "/explain"} {
		got := m.call(c, http.MethodGet, base+sub, nil)
		if sub == "/duplicates" && got.code == "field.masked" {
			continue
		}
		m.refused(c, "read", r, got)
		if sub == "" && got.status == http.StatusOK {
			m.checkMasks(c, r, got.body)
		}
	}
	m.checkProcess(c, r)
	m.refused(c, "history", r, m.call(c, http.MethodGet, base+"/history", nil))
	m.refused(c, "update", r, m.call(c, http.MethodPatch, base, map[string]any{}, "If-Match", `"999"`))
	m.refused(c, "delete", r, m.call(c, http.MethodDelete, base, nil, "If-Match", `"999"`))
	probe := map[string]any{"data": map[string]any{"__probe": 1, "into": r.ID(), "fields": []string{"__probe"}}, "reason": "probe"}
	for _, action := range []string{"restore", "unmask", "merge"} {
		m.refused(c, action, r, m.call(c, http.MethodPost, base+"/commands/"+action, probe))
	}
	for _, command := range r.Type.Commands {
		m.refused(c, command.Name, r, m.call(c, http.MethodPost, base+"/commands/"+command.Name, probe))
	}
}

// checkMasks: no value above the caller's clearance stands in a view.
func (m *matrix) checkMasks(c caller, r *record.Record, view map[string]any) {
	m.t.Helper()
	masked, _ := view["_masked"].([]any)
	for _, f := range r.Type.FieldList {
		v := r.Values[f.Name]
		if v == nil {
			continue
		}
		hidden := f.Grade > c.actor.Clearance || f.Type == "secret"
		if got := slices.Contains(masked, any(f.Name)); got != hidden {
			m.t.Errorf("%s: %s of %s masked: %v, want %v", c.name, f.Name, r.Subject(), got, hidden)
		}
		if text, ok := v.(string); hidden && ok && view[f.Name] == text {
			m.t.Errorf("HOLE: %s sees %s of %s in the clear", c.name, f.Name, r.Subject())
		}
	}
}

// expected gives the ids of the records a caller may do something with.
func (m *matrix) expected(c caller, t *schema.Type, actions ...string) []string {
	out := []string{}
	for _, r := range m.records[t.Name] {
		if !slices.ContainsFunc(actions, func(a string) bool { return !m.allow(c, a, r) }) {
			out = append(out, fmt.Sprint(r.Values["number"]))
		}
	}
	return out
}

// mine keeps the records of the matrix: packs seed some of their own.
func mine(numbers []string) []string {
	out := slices.DeleteFunc(numbers, func(n string) bool { return len(n) != 7 || n[0] != 'M' })
	slices.Sort(out)
	return out
}

func (m *matrix) checkList(c caller, t *schema.Type) {
	m.t.Helper()
	got := m.call(c, http.MethodGet, "/api/v1/records/"+t.Name+"?limit=200&total=1", nil)
	m.compare(c, t, "list", "read", got, func() []string {
		var numbers []string
		items, _ := got.body["items"].([]any)
		for _, x := range items {
			if item, ok := x.(map[string]any); ok {
				numbers = append(numbers, fmt.Sprint(item["number"]))
			}
		}
		return numbers
	}, m.expected(c, t, "read"))
	if got := m.call(c, http.MethodGet, "/api/v1/records/"+t.Name+"?deleted=1", nil); got.status == http.StatusOK && !m.a.Policy.Any(c.actor, "restore", t.Name) {
		m.t.Errorf("HOLE: %s sees the bin of %s", c.name, t.Name)
	}
}

func (m *matrix) checkExport(c caller, t *schema.Type) {
	m.t.Helper()
	got := m.call(c, http.MethodGet, "/api/v1/records/"+t.Name+":export?format=csv", nil)
	m.compare(c, t, "export", "export", got, func() []string {
		var numbers []string
		for line := range strings.Lines(string(got.raw)) {
			number, _, _ := strings.Cut(line, ",")
			numbers = append(numbers, number)
		}
		return numbers
	}, m.expected(c, t, "read", "export"))
}

// compare checks that an answer over many records has exactly those that policy allows.
func (m *matrix) compare(c caller, t *schema.Type, what, action string, got answer, numbers func() []string, want []string) {
	m.t.Helper()
	if !m.a.Policy.Any(c.actor, action, t.Name) || what == "export" && !m.a.Policy.Any(c.actor, "read", t.Name) {
		if got.status != http.StatusForbidden && got.status != http.StatusUnauthorized {
			m.t.Errorf("HOLE: %s may %s no %s and gets %d %s", c.name, what, t.Name, got.status, clip(got.raw))
		}
		return
	}
	if got.status != http.StatusOK {
		m.t.Errorf("%s may %s %s and gets %d %s", c.name, what, t.Name, got.status, clip(got.raw))
		return
	}
	slices.Sort(want)
	if have := mine(numbers()); !slices.Equal(have, want) {
		m.t.Errorf("HOLE: %s %ss %s: got %v, allowed are %v", c.name, what, t.Name, have, want)
	}
}

// checkAggregate: the count over the records of the matrix is that of the records the caller may read.
func (m *matrix) checkAggregate(c caller, t *schema.Type) {
	m.t.Helper()
	filter := url.QueryEscape(`number >= "M000001" and number <= "M999999"`)
	got := m.call(c, http.MethodGet, "/api/v1/records/"+t.Name+":aggregate?filter="+filter, nil)
	if !m.a.Policy.Any(c.actor, "read", t.Name) {
		if got.status != http.StatusForbidden && got.status != http.StatusUnauthorized {
			m.t.Errorf("HOLE: %s counts %s: %d", c.name, t.Name, got.status)
		}
		return
	}
	items, _ := got.body["items"].([]any)
	if len(items) != 1 {
		m.t.Errorf("%s aggregate of %s: %d %s", c.name, t.Name, got.status, clip(got.raw))
		return
	}
	group, _ := items[0].(map[string]any)
	if want := float64(len(m.expected(c, t, "read"))); group["value"] != want {
		m.t.Errorf("HOLE: %s counts %v of %s, may read %v", c.name, group["value"], t.Name, want)
	}
	// A field above the clearance cannot be asked for in any parameter.
	for _, f := range t.FieldList {
		if _, ok := t.SQLColumn(f.Name); !ok || f.Grade <= c.actor.Clearance {
			continue
		}
		for _, query := range []string{"?filter=" + url.QueryEscape(f.Name+" != null"), "?sort=" + f.Name, ":aggregate?by=" + f.Name} {
			if got := m.call(c, http.MethodGet, "/api/v1/records/"+t.Name+query, nil); got.status != http.StatusForbidden {
				m.t.Errorf("HOLE: %s %s%s: %d", c.name, t.Name, query, got.status)
			}
		}
	}
}

// checkBulk runs every command on all records at once; each has its own answer.
func (m *matrix) checkBulk(c caller, t *schema.Type) {
	m.t.Helper()
	if len(t.Commands) == 0 {
		return
	}
	command := t.Commands[m.cases%len(t.Commands)].Name
	var list []string
	for _, r := range m.records[t.Name] {
		list = append(list, r.ID())
	}
	got := m.call(c, http.MethodPost, "/api/v1/records/"+t.Name+":bulk", map[string]any{"ids": list, "command": command, "data": map[string]any{"__probe": 1}, "reason": "probe"})
	items, _ := got.body["items"].([]any)
	if got.status != http.StatusOK || len(items) != len(list) {
		m.t.Errorf("%s bulk %s: %d %s", c.name, t.Name, got.status, clip(got.raw))
		return
	}
	for i, x := range items {
		item, _ := x.(map[string]any)
		problem, _ := item["error"].(map[string]any)
		code, _ := problem["code"].(string)
		status, _ := problem["status"].(float64)
		m.refused(c, command, m.records[t.Name][i], answer{status: int(status), code: code})
	}
}

// checkFiles: the file of a field is seen by whoever reads the record and sees the field.
func (m *matrix) checkFiles(c caller) {
	m.t.Helper()
	for id, f := range m.files {
		if f.record == nil {
			f.record = m.owner(id)
			m.files[id] = f
		}
		if f.record == nil {
			continue
		}
		got := m.call(c, http.MethodGet, "/api/v1/files/"+id, nil)
		sees := m.allow(c, "read", f.record) && policy.Sees(c.actor, f.field)
		if unknown := got.code == "file.unknown"; unknown == sees {
			m.t.Errorf("HOLE: %s, file %s of %s: %d %s, sees it: %v", c.name, id, f.record.Subject(), got.status, got.code, sees)
		}
	}
}

func (m *matrix) owner(id string) *record.Record {
	for _, list := range m.records {
		for _, r := range list {
			for _, f := range r.Type.FieldList {
				if file, ok := r.Values[f.Name].(map[string]any); ok && file["id"] == id {
					return r
				}
			}
		}
	}
	return nil
}

// checkTiles: a tile shows the records of its layer that the caller may read, and no other.
func (m *matrix) checkTiles(c caller) {
	m.t.Helper()
	for _, p := range m.a.Bundle.Load().Packs {
		for _, y := range p.Layers {
			got := m.call(c, http.MethodGet, "/tiles/"+y.ID+"/0/0/0.mvt", nil)
			for _, r := range m.records[y.Type] {
				shown := bytes.Contains(got.raw, []byte(r.ID()))
				if shown && !m.allow(c, "read", r) {
					m.t.Errorf("HOLE: %s sees %s on the layer %s", c.name, r.Subject(), y.ID)
				}
				if place := r.Type.PlaceField(); got.status == http.StatusOK && y.Filter == "" && place != nil && !shown && m.allow(c, "read", r) && r.Values[place.Name] != nil {
					m.t.Errorf("%s may read %s and misses it on the layer %s", c.name, r.Subject(), y.ID)
				}
			}
		}
	}
}

// unchanged: all the acts of the matrix left every record as it was.
func (m *matrix) unchanged() {
	m.t.Helper()
	for _, list := range m.records {
		for _, was := range list {
			err := m.a.DB.Read(m.t.Context(), func(tx *store.Tx) error {
				now, err := m.a.Records.Load(m.t.Context(), tx, was.Type.Name, was.ID())
				if err == nil && now.Rev() != was.Rev() {
					m.t.Errorf("%s was changed", was.Subject())
				}
				return err
			})
			if err != nil {
				m.t.Error(err)
			}
		}
	}
}
