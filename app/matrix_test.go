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
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/geo"
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

const (
	homeOrg  = "/matrix/home/"
	otherOrg = "/matrix/other/"
)

func areaOf(m *matrix, w *scenario.World, village int) (path string, lon, lat float64) {
	lon, lat = w.Point(village)
	if at, ok := m.a.Atlas.Index().Locate(lon, lat, geo.Village); ok {
		return at.Path, lon, lat
	}
	m.t.Fatalf("village %d is nowhere", village)
	return "", 0, 0
}

// people makes one caller of each role, at home in the first village and the home department.
func (m *matrix) people(w *scenario.World) {
	m.t.Helper()
	ctx := m.t.Context()
	area, _, _ := areaOf(m, w, 1)
	err := m.a.DB.Write(ctx, func(tx *store.Tx) error {
		return m.a.Identity.Seed(ctx, tx, identity.System("test"), func(s *identity.Seed) error {
			for _, path := range []string{"/matrix/", homeOrg, otherOrg} {
				if err := s.EnsureOrg(ctx, identity.Organisation{Path: path, Name: path, Kind: "unit"}); err != nil {
					return err
				}
			}
			for i, role := range m.a.Policy.Roles() {
				if role.Name == "anonymous" {
					continue
				}
				id, err := s.EnsurePerson(ctx, identity.NewPerson{Username: fmt.Sprint("matrix", i), Name: role.Name, Password: "matrix-" + role.Name})
				if err != nil {
					return err
				}
				post, err := s.EnsurePost(ctx, identity.Post{Person: id, Org: homeOrg, Area: area, Roles: []string{role.Name}})
				if err != nil {
					return err
				}
				m.callers = append(m.callers, caller{name: role.Name, actor: identity.Actor{
					Person: id, Post: post, Org: homeOrg, Area: area, Roles: []string{role.Name}, Clearance: m.a.Policy.Clearance([]string{role.Name}),
				}})
			}
			return nil
		})
	})
	if err == nil {
		err = m.a.Identity.Refresh(ctx)
	}
	if err != nil {
		m.t.Fatal(err)
	}
	for i := range m.callers {
		c := &m.callers[i]
		if err := m.a.DB.Write(ctx, func(tx *store.Tx) error {
			in, err := m.a.Identity.Issue(ctx, tx, identity.System("test"), c.actor.Person, identity.Meta{Via: "test"}, identity.Life{Absolute: time.Hour})
			if err == nil {
				c.token = in.Token
			}
			return err
		}); err != nil {
			m.t.Fatal(err)
		}
	}
	m.callers = append(m.callers, caller{name: "anonymous", actor: identity.Anonymous("api")})
}

// seed writes records of every type in every position straight into the tables: with every value a condition of a grant
// may ask for, empty ones included, which no form would let through in such number.
func (m *matrix) seed(w *scenario.World) {
	m.t.Helper()
	ctx := m.t.Context()
	home, lon, lat := areaOf(m, w, 1)
	away, farLon, farLat := areaOf(m, w, 4)
	places := []map[string]any{{"lon": lon, "lat": lat, "area": home, "address": "x 1"}, {"lon": farLon, "lat": farLat, "area": away, "address": "x 2"}}
	me := m.callers[0].actor.Person
	people := []string{me}
	for _, c := range m.callers[:len(m.callers)-1] {
		people = append(people, c.actor.Person)
	}
	positions := []struct {
		area, org string
		place     int
	}{{home, homeOrg, 0}, {home, otherOrg, 0}, {away, homeOrg, 1}, {away, otherOrg, 1}, {home, homeOrg, 0}, {"", "", 1}}
	n := 0
	err := m.a.DB.Write(ctx, func(tx *store.Tx) error {
		for _, t := range m.a.Bundle.Load().Set.Types() {
			for i, at := range positions {
				n++
				v := m.values(t, i, at.org, people, places[at.place])
				v["id"], v["rev"] = fmt.Sprintf("01900000-0000-7000-8000-%012d", n), int64(1)
				v["number"], v["title"] = fmt.Sprintf("M%06d", n), "t"
				v["area"], v["org"] = at.area, at.org
				v["owner"], v["created_by"] = people[(n*7)%len(people)], people[(n*3)%len(people)]
				v["created_at"], v["updated_at"] = "2026-03-01T09:00:00+08:00", "2026-03-01T09:00:00+08:00"
				if i == 4 && len(people) > 0 {
					v["owner"], v["created_by"] = people[n%len(people)], people[n%len(people)]
				}
				if err := insert(m, tx, t, v); err != nil {
					return fault.Wrap(t.Name, err)
				}
				r, err := m.a.Records.Load(ctx, tx, t.Name, fmt.Sprint(v["id"]))
				if err != nil {
					return err
				}
				m.records[t.Name] = append(m.records[t.Name], r)
			}
		}
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
}

// values gives a record a value in every field, another in each position, and none in some.
func (m *matrix) values(t *schema.Type, i int, org string, people []string, place map[string]any) schema.Values {
	v := schema.Values{"state": m.state(t, i)}
	for k, f := range t.FieldList {
		typ := f.Type
		if typ == "computed" {
			typ = f.As
		}
		switch typ {
		case "text", "longtext", "richtext":
			v[f.Name] = fmt.Sprintf("clear-%s-%s", t.Name, f.Name)
		case "integer":
			v[f.Name] = int64(i)
		case "decimal", "money":
			if parsed, bad := f.Parse(fmt.Sprint(i)); bad == nil {
				v[f.Name] = parsed
			}
		case "boolean":
			v[f.Name] = (i+k)%2 == 0
		case "date":
			v[f.Name] = fmt.Sprintf("2026-03-%02d", 1+(i+k)%3)
		case "datetime":
			v[f.Name] = fmt.Sprintf("2026-03-%02dT09:00:00+08:00", 1+(i+k)%3)
		case "choice":
			v[f.Name] = f.Choices[(i+k)%len(f.Choices)]
		case "code":
			entries := m.a.Bundle.Load().Set.Codes(f.Of).Entries
			v[f.Name] = entries[(i*5+k)%len(entries)].Code
		case "org":
			v[f.Name] = org
		case "area":
			v[f.Name] = place["area"]
		case "person":
			v[f.Name] = people[(i+k)%len(people)]
		case "place":
			v[f.Name] = place
		case "phone":
			v[f.Name] = "13800000000"
		case "idcard":
			v[f.Name] = "11010519491231002X"
		case "file", "image":
			v[f.Name] = m.file(t, f, i)
		}
		if (i+k)%5 == 4 && f.Type != "place" {
			delete(v, f.Name)
		}
	}
	for _, rule := range t.Unique { // empty is not equal to empty
		name, _, _ := strings.Cut(rule, "+")
		if i > 0 {
			delete(v, name)
		}
	}
	return v
}

// state walks through the states of a type or its process.
func (m *matrix) state(t *schema.Type, i int) string {
	if len(t.States) > 0 {
		return t.States[i%len(t.States)]
	}
	return []string{"draft", "published", "closed", "open", "admitted", "handling"}[i%6]
}

// file registers an upload of a file field; its record is known once it is loaded.
func (m *matrix) file(t *schema.Type, f *schema.Field, i int) map[string]any {
	id := fmt.Sprintf("f-%s-%s-%d", strings.ReplaceAll(t.Name, ".", "-"), f.Name, i)
	m.files[id] = fileOf{field: f}
	return map[string]any{"id": id, "name": "a.png", "size": int64(1), "type": "image/png"}
}

func insert(m *matrix, tx *store.Tx, t *schema.Type, v schema.Values) error {
	var names, marks []string
	var args []any
	add := func(name string, x any) {
		names, marks, args = append(names, schema.Quote(name)), append(marks, "?"), append(args, x)
	}
	for _, name := range []string{"id", "number", "title", "rev", "state", "area", "org", "owner", "created_by"} {
		if v[name] != "" {
			add(name, v[name])
		}
	}
	at, err := time.Parse(time.RFC3339, fmt.Sprint(v["created_at"]))
	if err != nil {
		return err
	}
	add("created_at", at.UnixMicro())
	add("updated_at", at.UnixMicro())
	for _, f := range t.FieldList {
		for i, c := range f.Columns() {
			add(c.Name, f.Encode(v[f.Name])[i])
		}
	}
	if _, err := tx.Exec(m.t.Context(), "INSERT INTO "+t.Table()+" ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(marks, ", ")+")", args...); err != nil {
		return err
	}
	for _, f := range t.FieldList {
		file, ok := v[f.Name].(map[string]any)
		if _, known := m.files[fmt.Sprint(file["id"])]; !ok || !known {
			continue
		}
		if _, err := tx.Exec(m.t.Context(), "INSERT INTO record_file (id, sum, name, size, type, owner, at, subject, field) VALUES (?, 'sm3:0', 'a.png', 1, 'image/png', 'x', 0, ?, ?)",
			file["id"], t.Name+"/"+fmt.Sprint(v["id"]), f.Name); err != nil {
			return err
		}
	}
	return nil
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
