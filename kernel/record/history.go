package record

import (
	"context"
	"encoding/json"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/policy"
	"chengshu/kernel/schema"
)

// Revision is one step of a record's history.
type Revision struct {
	Rev    int64             `json:"rev"`
	Op     string            `json:"op"`
	At     string            `json:"at"`
	By     string            `json:"by"`
	ByName string            `json:"by_name,omitempty"`
	Reason string            `json:"reason,omitempty"`
	Fields map[string][2]any `json:"fields"` // field → value before, value after; masked above the caller's clearance
}

// History gives every revision of a record, oldest first. It needs the permission history.
func (s *Store) History(ctx context.Context, tx *store.Tx, a identity.Actor, typ, id string) ([]Revision, error) {
	r, err := s.reach(ctx, tx, a, typ, id, "history")
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, "SELECT rev, op, at, by_person, reason, patch FROM "+r.Type.Table()+"_h WHERE id = ? ORDER BY rev", id)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []Revision
	for rows.Next() {
		var v Revision
		var at int64
		var patch string
		if err := rows.Scan(&v.Rev, &v.Op, &at, &v.By, &v.Reason, &patch); err != nil {
			return nil, fault.Wrap("read history", err)
		}
		v.At = schema.FormatTime(time.UnixMicro(at))
		if err := json.Unmarshal([]byte(patch), &v.Fields); err != nil {
			return nil, fault.Wrap("read history", err)
		}
		maskRevision(a, r.Type, v.Fields)
		if s.opt.Names != nil {
			v.ByName, _ = s.opt.Names.Name("person", v.By)
		}
		out = append(out, v)
	}
	return out, fault.Wrap("read history", rows.Err())
}

func maskRevision(a identity.Actor, t *schema.Type, fields map[string][2]any) {
	for n, pair := range fields {
		if f := t.Field(n); f != nil && !policy.Sees(a, f) {
			fields[n] = [2]any{f.Masked(pair[0]), f.Masked(pair[1])}
		}
	}
}
