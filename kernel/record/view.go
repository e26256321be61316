package record

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/policy"
	"chengshu/kernel/schema"
)

// View gives records as the caller may see them: JSON objects with the system columns, the declared fields (masked above
// the clearance, and then listed in "_masked"), and "_display" with words for codes, references, people, organisations
// and areas. fields limits the declared fields; nil gives all.
func (s *Store) View(ctx context.Context, tx *store.Tx, a identity.Actor, records []*Record, fields []string) ([]map[string]any, error) {
	out := make([]map[string]any, len(records))
	for i, r := range records {
		out[i] = s.view(a, r, fields)
	}
	return out, s.displayRefs(ctx, tx, a, records, fields, out)
}

func (s *Store) view(a identity.Actor, r *Record, fields []string) map[string]any {
	m := map[string]any{"type": r.Type.Name}
	display := map[string]any{}
	for _, c := range systemColumns() {
		if v := r.Values[c.Name]; v != nil && c.Name != "ext" {
			m[c.Name] = v
		}
	}
	for column, kind := range map[string]string{"area": "area", "org": "org", "owner": "person", "created_by": "person", "updated_by": "person"} {
		s.label(display, column, kind, m[column])
	}
	var masked []string
	for _, f := range r.Type.FieldList {
		v := r.Values[f.Name]
		if v == nil || fields != nil && !slices.Contains(fields, f.Name) {
			continue
		}
		if !policy.Sees(a, f) {
			m[f.Name] = f.Masked(v)
			masked = append(masked, f.Name)
			continue
		}
		m[f.Name] = v
		switch f.Type {
		case "code":
			display[f.Name] = s.Set().Codes(f.Of).Label(asString(v))
		case "org", "person", "area":
			s.label(display, f.Name, f.Type, v)
		}
	}
	if masked != nil {
		m["_masked"] = masked
	}
	m["_display"] = display
	return m
}

func (s *Store) label(display map[string]any, name, kind string, v any) {
	id, ok := v.(string)
	if !ok || s.opt.Names == nil {
		return
	}
	if n, known := s.opt.Names.Name(kind, id); known {
		display[name] = n
	}
}

// displayRefs adds the titles of referenced records, one query a referenced type.
func (s *Store) displayRefs(ctx context.Context, tx *store.Tx, a identity.Actor, records []*Record, fields []string, out []map[string]any) error {
	wanted := map[string]map[string]string{} // type → id → title
	each := func(fn func(i int, f *schema.Field, ids []any)) {
		for i, r := range records {
			for _, f := range r.Type.FieldList {
				v := r.Values[f.Name]
				if f.Type != "ref" && f.Type != "refs" || v == nil || !policy.Sees(a, f) || fields != nil && !slices.Contains(fields, f.Name) {
					continue
				}
				ids, ok := v.([]any)
				if !ok {
					ids = []any{v}
				}
				fn(i, f, ids)
			}
		}
	}
	each(func(_ int, f *schema.Field, ids []any) {
		if wanted[f.Of] == nil {
			wanted[f.Of] = map[string]string{}
		}
		for _, id := range ids {
			wanted[f.Of][asString(id)] = ""
		}
	})
	for _, typ := range slices.Sorted(maps.Keys(wanted)) {
		titles := wanted[typ]
		if err := s.titles(ctx, tx, a, typ, titles); err != nil {
			return err
		}
	}
	each(func(i int, f *schema.Field, ids []any) {
		words := make([]string, 0, len(ids))
		for _, id := range ids {
			if title := wanted[f.Of][asString(id)]; title != "" {
				words = append(words, title)
			}
		}
		if d, ok := out[i]["_display"].(map[string]any); ok && len(words) > 0 {
			d[f.Name] = strings.Join(words, "; ")
		}
	})
	return nil
}

// titles reads the titles of the referenced records that the caller may read; of others there are no words.
func (s *Store) titles(ctx context.Context, tx *store.Tx, a identity.Actor, typ string, titles map[string]string) error {
	t, err := s.Set().Type(typ)
	if err != nil {
		return err
	}
	where, whereArgs, err := s.opt.Policy.Filter(a, "read", t)
	if err != nil {
		return err
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(titles)), 500) {
		args := make([]any, len(ids), len(ids)+len(whereArgs))
		for i, id := range ids {
			args[i] = id
		}
		rows, err := tx.Query(ctx, "SELECT id, title FROM "+t.Table()+" WHERE id IN (?"+strings.Repeat(", ?", len(args)-1)+") AND ("+where+")",
			append(args, whereArgs...)...)
		if err != nil {
			return err
		}
		if err := readTitles(rows, titles); err != nil {
			return fault.Wrap("read titles", err)
		}
	}
	return nil
}

func readTitles(rows *sql.Rows, titles map[string]string) error {
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, title string
		if err := rows.Scan(&id, &title); err != nil {
			return err
		}
		titles[id] = title
	}
	return rows.Err()
}

func asString(v any) string {
	s, _ := v.(string)
	return s
}

func jsonBody(v any) (json.RawMessage, error) {
	b, err := json.Marshal(v)
	return b, fault.Wrap("encode body", err)
}
