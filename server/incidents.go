package server

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/flow"
	"chengshu/kernel/identity"
	"chengshu/kernel/record"
	"chengshu/kernel/schema"
)

// Bounds of the search for incidents the caller may see: so many are looked at with one query, and at most so many in one
// request, which then ends with a cursor.
const (
	incidentStep = 200
	incidentScan = 2000
)

// incidents lists the places where processes cannot go on by themselves, oldest first, for those who administer or
// supervise the records they are about.
func (s *Server) incidents(r *request) (reply, error) {
	if err := r.signedIn(); err != nil {
		return reply{}, err
	}
	limit, err := r.limit(50)
	if err != nil {
		return reply{}, err
	}
	q := flow.IncidentQuery{Process: r.query("process"), Cursor: r.query("cursor"), Limit: incidentStep}
	if q.Types, err = s.watched(r, r.query("type")); err != nil {
		return reply{}, err
	}
	items := []map[string]any{}
	next := ""
	err = s.read(r, func(ctx context.Context, tx *store.Tx) error {
		for seen := 0; ; {
			page, err := s.opt.Flow.OpenIncidents(ctx, tx, q)
			if err != nil {
				return err
			}
			for i := range page {
				if len(items) == limit {
					next = q.Cursor
					return nil
				}
				m, err := s.incidentSeen(ctx, tx, r, &page[i])
				if err != nil {
					return err
				}
				if m != nil {
					items = append(items, m)
				}
				q.Cursor = page[i].Cursor()
			}
			if seen += len(page); len(page) < incidentStep {
				return nil
			}
			if seen >= incidentScan {
				next = q.Cursor
				return nil
			}
		}
	})
	return reply{Body: map[string]any{"items": items, "next": next}}, err
}

// operates tells whether the caller mends processes about no record, which no grant can be about.
func (s *Server) operates(r *request) bool {
	return s.opt.Identity.Require(r.actor, identity.PowerSystem) == nil
}

// watched gives the types whose incidents the caller may see: one, or all for ""; among them "" for processes about no
// record.
func (s *Server) watched(r *request, typ string) ([]string, error) {
	if typ != "" {
		if _, err := s.bundle().Set.Type(typ); err != nil {
			return nil, err
		}
	}
	var out []string
	for _, t := range s.bundle().Set.Types() {
		if (typ == "" || t.Name == typ) && (s.opt.Policy.Any(r.actor, "admin", t.Name) || s.opt.Policy.Any(r.actor, "supervise", t.Name)) {
			out = append(out, t.Name)
		}
	}
	if typ == "" && s.operates(r) {
		out = append(out, "")
	}
	if len(out) == 0 {
		return nil, fault.New(fault.Denied, "policy.denied", "action", "supervise", "type", typ)
	}
	return out, nil
}

// incidentSeen gives the view of an incident, nil where the caller may not see it.
func (s *Server) incidentSeen(ctx context.Context, tx *store.Tx, r *request, i *flow.Incident) (map[string]any, error) {
	if i.Biz.Type == "" {
		if !s.operates(r) {
			return nil, nil //nolint:nilnil // not his to see
		}
		return s.incidentView(ctx, tx, r, i, nil)
	}
	rec, err := s.opt.Records.Load(ctx, tx, i.Biz.Type, i.Biz.ID)
	if err != nil {
		return nil, err
	}
	if !s.may(r, rec, "flow.supervise") {
		return nil, nil //nolint:nilnil // not his to see
	}
	return s.incidentView(ctx, tx, r, i, rec)
}

// incidentView describes an incident; rec is nil for a process about no record. Who administers the record without reading
// it gets its number and no title, which is made of what stands in the record.
func (s *Server) incidentView(ctx context.Context, tx *store.Tx, r *request, i *flow.Incident, rec *record.Record) (map[string]any, error) {
	in, err := s.opt.Flow.Instance(ctx, tx, i.Instance)
	if err != nil {
		return nil, err
	}
	names, err := s.opt.Flow.Names(ctx, tx, i.Process, in.Version)
	if err != nil {
		return nil, err
	}
	var number any
	title, commands, record, label := "", []string{}, "", ""
	if rec != nil {
		number, record, label = rec.Values["number"], rec.ID(), s.word("type."+rec.Type.Name, nil)
		if s.opt.Policy.Allow(r.actor, "read", rec.Type, rec.Values) {
			title = rec.Title()
		}
	}
	if in.State == flow.Running && (rec == nil || s.may(r, rec, "flow.incident")) {
		commands = append(commands, flow.Retry, flow.Skip)
		if i.Job != "" {
			commands = append(commands, flow.Resolve)
		}
	}
	return map[string]any{
		"id": i.ID, "instance": i.Instance, "process": i.Process, "process_label": s.processLabel(i.Process, names), "type": i.Biz.Type,
		"type_label": label, "record": record, "number": number, "title": title, "node": i.Node,
		"label": s.nodeName(i.Process, i.Node, names), "code": i.Code, "text": s.word("fault."+i.Code, map[string]any{"error": i.Detail, "detail": i.Detail}),
		"detail": s.incidentDetail(i.Detail), "call": i.Job != "", "at": schema.FormatTime(i.At), "commands": commands,
	}, nil
}

// incidentDetail puts the fault that stopped a process into words; what is no fault stands in the text already.
func (s *Server) incidentDetail(detail string) string {
	code, raw, _ := strings.Cut(detail, " ")
	if !s.bundle().Has("fault." + code) {
		return ""
	}
	var args map[string]any
	if err := json.Unmarshal([]byte(cmp.Or(raw, "{}")), &args); err != nil {
		return ""
	}
	return s.word("fault."+code, s.named(args))
}

// incidentsOf gives the open incidents of a process, for those who may see them.
func (s *Server) incidentsOf(ctx context.Context, tx *store.Tx, r *request, run running) ([]map[string]any, error) {
	out := []map[string]any{}
	if !s.may(r, run.rec, "flow.supervise") {
		return out, nil
	}
	list, err := s.opt.Flow.OpenIncidents(ctx, tx, flow.IncidentQuery{Instance: run.in.ID, Limit: incidentStep})
	if err != nil {
		return nil, err
	}
	for i := range list {
		m, err := s.incidentView(ctx, tx, r, &list[i], run.rec)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// incidentCommand decides an incident.
func (s *Server) incidentCommand(r *request) (reply, error) {
	if err := r.signedIn(); err != nil {
		return reply{}, err
	}
	return s.act(r, func(ctx context.Context, tx *store.Tx) (reply, error) {
		var in commandInput
		if err := r.decode(&in); err != nil {
			return reply{}, err
		}
		i, err := s.opt.Flow.Incident(ctx, tx, r.PathValue("id"))
		if err != nil {
			return reply{}, err
		}
		seen, err := s.incidentSeen(ctx, tx, r, &i)
		if err != nil {
			return reply{}, err
		}
		name := r.PathValue("command")
		switch {
		case seen == nil:
			return reply{}, fault.New(fault.NotFound, "flow.incident.unknown", "incident", i.ID)
		case !slices.Contains([]string{flow.Retry, flow.Skip, flow.Resolve}, name), name == flow.Resolve && i.Job == "": // only a call has an answer
			return reply{}, fault.New(fault.Invalid, "flow.command", "command", name)
		case !i.Closed.IsZero():
			return reply{}, fault.New(fault.Conflict, "flow.incident.closed", "by", i.ClosedBy, "at", i.Closed)
		}
		if _, err := s.opt.Flow.Do(ctx, tx, r.actor, flow.Command{
			Name: name, Instance: i.Instance, Token: i.Token, Reason: in.Reason, Data: in.Data,
		}); err != nil {
			return reply{}, err
		}
		return reply{Status: http.StatusOK, Body: map[string]any{"record": map[string]any{"type": i.Biz.Type, "id": seen["record"]}}}, nil
	})
}
