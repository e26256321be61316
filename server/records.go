package server

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/flow"
	"chengshu/kernel/record"
)

// listOrVerb serves GET /records/{type} and GET /records/{type}:verb.
func (s *Server) listOrVerb(r *request) (reply, error) {
	typ, verb, _ := strings.Cut(r.PathValue("type"), ":")
	switch verb {
	case "":
		return s.list(r, typ)
	case "aggregate":
		return s.aggregate(r, typ)
	case "export":
		return s.export(r, typ)
	case "template":
		return s.template(r, typ)
	}
	return reply{}, fault.New(fault.NotFound, "verb.unknown", "verb", verb)
}

// createOrVerb serves POST /records/{type} and POST /records/{type}:verb.
func (s *Server) createOrVerb(r *request) (reply, error) {
	typ, verb, _ := strings.Cut(r.PathValue("type"), ":")
	switch verb {
	case "":
		return s.create(r, typ)
	case "import":
		return s.importSheet(r, typ)
	case "export":
		return s.export(r, typ)
	case "bulk":
		return s.bulk(r, typ)
	}
	return reply{}, fault.New(fault.NotFound, "verb.unknown", "verb", verb)
}

// selection reads the query parameters that lists, aggregates and exports share.
func selection(q url.Values, typ string) (record.Query, error) {
	out := record.Query{
		Type: typ, Filter: q.Get("filter"), Text: q.Get("q"), Sort: q.Get("sort"), Cursor: q.Get("cursor"),
		Total: q.Get("total") == "1", Deleted: q.Get("deleted") == "1",
	}
	var err error
	if out.Limit, err = limitOf(q.Get("limit"), 0); err != nil {
		return out, err
	}
	if v := q.Get("bbox"); v != "" {
		box, err := parseBox(v)
		if err != nil {
			return out, err
		}
		out.Box = box
	}
	return out, nil
}

func parseBox(v string) (*[4]float64, error) {
	parts := strings.Split(v, ",")
	var box [4]float64
	for i, p := range parts {
		n, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil || len(parts) != 4 || n != n {
			return nil, fault.New(fault.Invalid, "query.box")
		}
		box[i] = n
	}
	if len(parts) != 4 {
		return nil, fault.New(fault.Invalid, "query.box")
	}
	return &box, nil
}

func fieldList(q url.Values) []string {
	if v := q.Get("fields"); v != "" {
		return strings.Split(v, ",")
	}
	return nil
}

func (s *Server) list(r *request, typ string) (reply, error) {
	values := r.URL.Query()
	q, err := selection(values, typ)
	if err != nil {
		return reply{}, err
	}
	body := map[string]any{}
	err = s.read(r, func(ctx context.Context, tx *store.Tx) error {
		page, err := s.opt.Records.List(ctx, tx, r.actor, q)
		if err != nil {
			return err
		}
		items, err := s.views(ctx, tx, r, page.Records, fieldList(values))
		if err != nil {
			return err
		}
		body["items"], body["next"] = items, page.Next
		if page.Total >= 0 {
			body["total"] = page.Total
		}
		return nil
	})
	return reply{Body: body}, err
}

// views gives records as the caller may see them, with words for states and the light of their clock.
func (s *Server) views(ctx context.Context, tx *store.Tx, r *request, records []*record.Record, fields []string) ([]map[string]any, error) {
	items, err := s.opt.Records.View(ctx, tx, r.actor, records, fields)
	if err != nil {
		return nil, err
	}
	for i, rec := range records {
		if display, ok := items[i]["_display"].(map[string]any); ok && rec.State() != "" {
			display["state"] = s.word("state."+rec.Type.Name+"."+rec.State(), nil)
		}
	}
	return items, s.lights(ctx, tx, records, items)
}

// one gives a record with its ETag.
func (s *Server) one(ctx context.Context, tx *store.Tx, r *request, rec *record.Record, code int) (reply, error) {
	items, err := s.views(ctx, tx, r, []*record.Record{rec}, nil)
	if err != nil {
		return reply{}, err
	}
	return reply{Status: code, Body: items[0], ETag: strconv.FormatInt(rec.Rev(), 10)}, nil
}

func (s *Server) create(r *request, typ string) (reply, error) {
	return s.act(r, func(ctx context.Context, tx *store.Tx) (reply, error) {
		var data map[string]any
		if err := r.decode(&data); err != nil {
			return reply{}, err
		}
		rec, err := s.opt.Records.Create(ctx, tx, r.actor, typ, data)
		if err != nil {
			return reply{}, err
		}
		out, err := s.oneOrReceipt(ctx, tx, r, rec, http.StatusCreated)
		out.Header = map[string]string{"Location": "/api/v1/records/" + typ + "/" + rec.ID()}
		return out, err
	})
}

// oneOrReceipt answers a change: the record, or only its number where the caller may not read it afterwards.
func (s *Server) oneOrReceipt(ctx context.Context, tx *store.Tx, r *request, rec *record.Record, code int) (reply, error) {
	if s.opt.Policy.Allow(r.actor, "read", rec.Type, rec.Values) {
		return s.one(ctx, tx, r, rec, code)
	}
	body := map[string]any{"type": rec.Type.Name, "id": rec.ID(), "rev": rec.Rev()}
	if n := rec.Values["number"]; n != nil {
		body["number"] = n
	}
	return reply{Status: code, Body: body, ETag: strconv.FormatInt(rec.Rev(), 10)}, nil
}

func (s *Server) getRecord(r *request) (reply, error) {
	var out reply
	err := s.read(r, func(ctx context.Context, tx *store.Tx) error {
		rec, err := s.opt.Records.Get(ctx, tx, r.actor, r.PathValue("type"), r.PathValue("id"))
		if err != nil {
			return err
		}
		out, err = s.one(ctx, tx, r, rec, http.StatusOK)
		return err
	})
	if err == nil && matches(r.Header.Get("If-None-Match"), out.ETag) {
		return reply{Status: http.StatusNotModified, ETag: out.ETag}, nil
	}
	return out, err
}

// matches reads If-None-Match (RFC 9110 §13.1.2): "*" or a list of entity tags, compared weakly.
func matches(header, etag string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if tag == "*" || tag == strconv.Quote(etag) {
			return true
		}
	}
	return false
}

// rev reads If-Match: 428 where it is missing, 412 where it cannot match.
func (r *request) rev() (int64, error) {
	v := r.Header.Get("If-Match")
	if v == "" {
		return 0, fault.New(fault.Invalid, "record.precondition")
	}
	n, err := strconv.ParseInt(strings.Trim(v, `W/"`), 10, 64)
	if err != nil || n <= 0 {
		return 0, fault.New(fault.Conflict, "record.stale")
	}
	return n, nil
}

func (s *Server) patchRecord(r *request) (reply, error) {
	rev, err := r.rev()
	if err != nil {
		return reply{}, err
	}
	return s.act(r, func(ctx context.Context, tx *store.Tx) (reply, error) {
		var data map[string]any
		if err := r.decode(&data); err != nil {
			return reply{}, err
		}
		rec, err := s.opt.Records.Update(ctx, tx, r.actor, r.PathValue("type"), r.PathValue("id"), rev, data, r.query("reason"))
		if err != nil {
			return reply{}, err
		}
		return s.oneOrReceipt(ctx, tx, r, rec, http.StatusOK)
	})
}

func (s *Server) deleteRecord(r *request) (reply, error) {
	rev, err := r.rev()
	if err != nil {
		return reply{}, err
	}
	return s.act(r, func(ctx context.Context, tx *store.Tx) (reply, error) {
		err := s.opt.Records.Delete(ctx, tx, r.actor, r.PathValue("type"), r.PathValue("id"), rev, r.query("reason"))
		return reply{Status: http.StatusNoContent}, err
	})
}

func (s *Server) history(r *request) (reply, error) {
	items := []record.Revision{}
	err := s.read(r, func(ctx context.Context, tx *store.Tx) (err error) {
		items, err = s.opt.Records.History(ctx, tx, r.actor, r.PathValue("type"), r.PathValue("id"))
		return err
	})
	return reply{Body: map[string]any{"items": items}}, err
}

func (s *Server) aggregate(r *request, typ string) (reply, error) {
	q, err := selection(r.URL.Query(), typ)
	if err != nil {
		return reply{}, err
	}
	var by []string
	if v := r.query("by"); v != "" {
		by = strings.Split(v, ",")
	}
	var items []record.Group
	err = s.read(r, func(ctx context.Context, tx *store.Tx) (err error) {
		items, err = s.opt.Records.Aggregate(ctx, tx, r.actor, q, by, r.query("measure"))
		return err
	})
	if items == nil {
		items = []record.Group{}
	}
	for i := range items {
		for j, b := range by {
			if b == "state" {
				items[i].Labels[j] = s.word("state."+typ+"."+items[i].Labels[j], nil)
			}
		}
	}
	return reply{Body: map[string]any{"items": items}}, err
}

// commandInput is the body of every command.
type commandInput struct {
	Data    map[string]any `json:"data"`
	Reason  string         `json:"reason"`
	Outcome string         `json:"outcome"`
	Target  string         `json:"target"`
	To      []string       `json:"to"`
	Limit   string         `json:"limit"`
	Basis   string         `json:"basis"`
	Notice  string         `json:"notice"`
	Rev     int64          `json:"rev"`
	Direct  bool           `json:"direct"`
	Before  bool           `json:"before"`
	SLA     string         `json:"sla"`  // name of a clock
	Next    string         `json:"next"` // who gets the task that follows
}

// command is the act on a task or a process that the body describes.
func (in *commandInput) command(name string) flow.Command {
	cmd := flow.Command{
		Name: name, Outcome: in.Outcome, Data: in.Data, Rev: in.Rev, Reason: in.Reason, Target: in.Target, Limit: in.Limit,
		Basis: in.Basis, Notice: in.Notice, Before: in.Before, SLA: in.SLA, Next: in.Next,
	}
	if in.Direct {
		cmd.Resubmit = "direct"
	}
	for _, p := range in.To {
		cmd.To = append(cmd.To, flow.Candidate{Kind: flow.ByPerson, Ref: p})
	}
	return cmd
}

func (s *Server) command(r *request) (reply, error) {
	typ, id, name := r.PathValue("type"), r.PathValue("id"), r.PathValue("command")
	return s.act(r, func(ctx context.Context, tx *store.Tx) (reply, error) {
		var in commandInput
		if err := r.decode(&in); err != nil {
			return reply{}, err
		}
		switch name {
		case "unmask":
			fields, err := s.opt.Records.Unmask(ctx, tx, r.actor, typ, id, words(in.Data["fields"]), in.Reason)
			return reply{Body: map[string]any{"fields": fields}}, err
		case "restore":
			rec, err := s.opt.Records.Restore(ctx, tx, r.actor, typ, id, in.Reason)
			if err != nil {
				return reply{}, err
			}
			return s.oneOrReceipt(ctx, tx, r, rec, http.StatusOK)
		case "merge":
			into, _ := in.Data["into"].(string)
			rec, err := s.opt.Records.Merge(ctx, tx, r.actor, typ, id, into, in.Reason)
			if err != nil {
				return reply{}, err
			}
			return s.oneOrReceipt(ctx, tx, r, rec, http.StatusOK)
		}
		rec, err := s.opt.Records.Command(ctx, tx, r.actor, typ, id, name, in.Data, in.Reason)
		if err != nil {
			return reply{}, err
		}
		return s.oneOrReceipt(ctx, tx, r, rec, http.StatusOK)
	})
}

func words(v any) []string {
	list, ok := v.([]any)
	if !ok {
		return nil
	}
	out := make([]string, 0, len(list))
	for _, x := range list {
		if w, ok := x.(string); ok {
			out = append(out, w)
		}
	}
	return out
}

func (s *Server) duplicates(r *request) (reply, error) {
	items := []map[string]any{}
	err := s.read(r, func(ctx context.Context, tx *store.Tx) error {
		found, err := s.opt.Records.Duplicates(ctx, tx, r.actor, r.PathValue("type"), r.PathValue("id"))
		if err != nil {
			return err
		}
		for _, d := range found {
			views, err := s.views(ctx, tx, r, []*record.Record{d.Record}, nil)
			if err != nil {
				return err
			}
			items = append(items, map[string]any{"record": views[0], "score": d.Score, "distance": d.Distance})
		}
		return nil
	})
	return reply{Body: map[string]any{"items": items}}, err
}

func (s *Server) explain(r *request) (reply, error) {
	action := r.query("action")
	if action == "" {
		action = "read"
	}
	var body any
	err := s.read(r, func(ctx context.Context, tx *store.Tx) error {
		rec, err := s.opt.Records.Get(ctx, tx, r.actor, r.PathValue("type"), r.PathValue("id"))
		if err != nil {
			return err
		}
		body = s.opt.Policy.Explain(r.actor, action, rec.Type, rec.Values)
		return nil
	})
	return reply{Body: body}, err
}

// bulk runs one command on many records, each in a savepoint of its own, and tells the result of each.
func (s *Server) bulk(r *request, typ string) (reply, error) {
	return s.act(r, func(ctx context.Context, tx *store.Tx) (reply, error) {
		var in struct {
			IDs     []string       `json:"ids"`
			Command string         `json:"command"`
			Data    map[string]any `json:"data"`
			Reason  string         `json:"reason"`
		}
		if err := r.decode(&in); err != nil {
			return reply{}, err
		}
		if len(in.IDs) == 0 || len(in.IDs) > 500 {
			return reply{}, fault.New(fault.Invalid, "bulk.count", "max", 500)
		}
		items := make([]map[string]any, 0, len(in.IDs))
		for _, id := range in.IDs {
			err := tx.Savepoint(ctx, func() error {
				switch in.Command {
				case "delete":
					return s.opt.Records.Delete(ctx, tx, r.actor, typ, id, 0, in.Reason)
				case "restore":
					_, err := s.opt.Records.Restore(ctx, tx, r.actor, typ, id, in.Reason)
					return err
				}
				_, err := s.opt.Records.Command(ctx, tx, r.actor, typ, id, in.Command, in.Data, in.Reason)
				return err
			})
			item := map[string]any{"id": id, "ok": err == nil}
			if err != nil {
				if fault.Is(err, fault.Internal) || fault.Is(err, fault.Unavailable) {
					return reply{}, err
				}
				item["error"] = s.describe(err, r.trace)
			}
			items = append(items, item)
		}
		return reply{Body: map[string]any{"items": items}}, nil
	})
}
