package flow

import (
	"context"
	"strconv"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/store"
)

// IncidentQuery picks open incidents. Zero fields do not restrict.
type IncidentQuery struct {
	Types    []string // record types
	Process  string   // definition key
	Instance string
	Limit    int    // 1 to 200, default 50
	Cursor   string // of the last incident of the page before
}

// OpenIncidents gives a page of open incidents of instances that have not ended, oldest first; fewer than the limit at the
// end. The caller judges who may see them.
func (e *Engine) OpenIncidents(ctx context.Context, tx *store.Tx, q IncidentQuery) ([]Incident, error) {
	if q.Limit <= 0 || q.Limit > 200 {
		q.Limit = 50
	}
	w := where{}
	w.add(`WHERE x.closed = 0 AND i.ended = 0`)
	if len(q.Types) > 0 {
		w.add(` AND i.biz_type IN (` + marks(len(q.Types)) + `)`)
		for _, t := range q.Types {
			w.args = append(w.args, t)
		}
	}
	if q.Process != "" {
		w.add(` AND i.def_key = ?`, q.Process)
	}
	if q.Instance != "" {
		w.add(` AND x.inst = ?`, q.Instance)
	}
	if q.Cursor != "" {
		text, id, ok := strings.Cut(q.Cursor, ".")
		at, err := strconv.ParseInt(text, 36, 64)
		if !ok || err != nil {
			return nil, fault.New(fault.Invalid, "task.cursor")
		}
		w.add(` AND (x.at > ? OR x.at = ? AND x.id > ?)`, at, at, id)
	}
	w.add(` ORDER BY x.at, x.id LIMIT ?`, q.Limit)
	return loadIncidents(ctx, tx, w)
}

// Cursor is where the page after this incident begins.
func (i *Incident) Cursor() string { return strconv.FormatInt(micros(i.At), 36) + "." + i.ID }

// Incident gives one incident, closed ones too; NotFound "flow.incident.unknown" where there is none. The caller judges
// who may see it.
func (e *Engine) Incident(ctx context.Context, tx *store.Tx, id string) (Incident, error) {
	w := where{}
	w.add(`WHERE x.id = ?`, id)
	list, err := loadIncidents(ctx, tx, w)
	if err != nil {
		return Incident{}, err
	}
	if len(list) == 0 {
		return Incident{}, fault.New(fault.NotFound, "flow.incident.unknown", "incident", id)
	}
	return list[0], nil
}
