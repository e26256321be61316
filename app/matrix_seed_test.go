package app_test

import (
	"fmt"
	"strings"
	"time"

	"chengshu/app/scenario"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/geo"
	"chengshu/kernel/identity"
	"chengshu/kernel/schema"
)

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
	if err := run(m, tx, t, fmt.Sprint(v["id"])); err != nil {
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
