package server

import (
	"context"
	"sort"
	"strconv"
	"strings"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/flow"
	"chengshu/kernel/identity"
	"chengshu/kernel/journal"
	"chengshu/kernel/record"
	"chengshu/kernel/schema"
)

// timeline tells the story of a record: revisions and process steps in the order of time, in words.
func (s *Server) timeline(r *request) (reply, error) {
	var items []map[string]any
	err := s.withRecord(r, func(ctx context.Context, tx *store.Tx, rec *record.Record) error {
		steps, err := s.opt.Flow.History(ctx, tx, biz(rec))
		if err != nil {
			return err
		}
		for _, h := range steps {
			items = append(items, s.step(rec, h))
		}
		decided, err := s.stories(ctx, tx, r, rec)
		if err != nil {
			return err
		}
		items = append(items, decided...)
		if !s.opt.Policy.Allow(r.actor, "history", rec.Type, rec.Values) {
			return nil
		}
		revisions, err := s.opt.Records.History(ctx, tx, r.actor, rec.Type.Name, rec.ID())
		if err != nil {
			return err
		}
		for _, v := range revisions {
			if strings.HasPrefix(v.Op, "flow.") { // the step itself tells it
				continue
			}
			label := s.word("ui.op."+v.Op, nil)
			if key := "command." + rec.Type.Name + "." + v.Op; s.bundle().Has(key) {
				label = s.word(key, nil)
			}
			items = append(items, map[string]any{"at": v.At, "kind": "record", "label": label, "by_name": v.ByName, "reason": v.Reason, "rev": v.Rev})
		}
		return nil
	})
	sort.SliceStable(items, func(i, j int) bool { return text(items[i]["at"]) < text(items[j]["at"]) })
	if items == nil {
		items = []map[string]any{}
	}
	return reply{Body: map[string]any{"items": items}}, err
}

func (s *Server) step(rec *record.Record, h flow.Hist) map[string]any {
	kind := "task"
	switch h.Op {
	case "timer", "warn", "yellow", "red", "reclock":
		kind = "sla"
	}
	m := map[string]any{
		"at": schema.FormatTime(h.At), "kind": kind, "op": h.Op, "label": s.word("flow.op."+h.Op, nil), "by_name": s.doerName(h), "reason": h.Reason,
	}
	process := rec.Type.FlowKey()
	if h.Node != "" {
		m["node_label"] = s.stepLabel(process, h.Node)
	}
	if h.Outcome != "" {
		m["outcome_label"] = s.word("flow."+process+"."+h.Node+"."+h.Outcome, nil)
	}
	if h.Target != "" {
		m["detail"] = s.stepLabel(process, h.Target)
	}
	return m
}

// doerName names who did a step, with the person stood in for.
func (s *Server) doerName(h flow.Hist) string {
	if h.OnBehalf == "" {
		return s.actorName(h.Actor)
	}
	return s.word("ui.on_behalf", map[string]any{"deputy": s.actorName(h.Actor), "person": s.actorName(h.OnBehalf)})
}

// stepLabel names a node: by the locale, else by the model.
func (s *Server) stepLabel(process, node string) string {
	if key := "flow." + process + "." + node; s.bundle().Has(key) {
		return s.word(key, nil)
	}
	for _, p := range s.bundle().Packs {
		for _, f := range p.Flows {
			if f.Key == process {
				return f.NodeName(node)
			}
		}
	}
	return node
}

func (s *Server) actorName(person string) string {
	switch person {
	case identity.SystemPerson, identity.AnonymousPerson:
		return s.word("ui.person."+person, nil)
	}
	return s.personName(person)
}

// recordProof gives the evidence of a record: every entry with its inclusion in the journal under a signed checkpoint.
func (s *Server) recordProof(r *request) (reply, error) {
	if err := s.withRecord(r, func(context.Context, *store.Tx, *record.Record) error { return nil }); err != nil {
		return reply{}, err
	}
	if _, err := s.opt.Journal.Sign(r.Context()); err != nil { // cover the newest entries before proving them
		return reply{}, err
	}
	var p journal.Proof
	err := s.withRecord(r, func(ctx context.Context, tx *store.Tx, rec *record.Record) (err error) {
		p, err = s.opt.Journal.ProveSubject(ctx, tx, rec.Subject())
		return err
	})
	return reply{Body: p}, err
}

// auditor refuses everybody but those with an audit power: only they read the journal as a whole.
func (s *Server) auditor(r *request) error {
	if err := r.signedIn(); err != nil {
		return err
	}
	for _, role := range r.actor.Roles {
		if p := s.opt.Policy.Role(role); p != nil && p.Power == "audit" {
			return nil
		}
	}
	return fault.New(fault.Denied, "policy.denied", "action", "read", "type", "journal")
}

// journal lists entries: of one subject for those who may read its history, of everything for auditors. Reading by an
// auditor leaves an entry itself.
func (s *Server) journal(r *request) (reply, error) {
	limit, err := r.limit(50)
	if err != nil {
		return reply{}, err
	}
	f := journal.Filter{Subject: r.query("subject"), Actor: r.query("actor"), Action: r.query("action"), Newest: true, Limit: limit}
	if v := r.query("cursor"); v != "" {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return reply{}, fault.New(fault.Invalid, "query.cursor")
		}
		f.After = n
	}
	asAuditor := s.auditor(r)
	if asAuditor != nil {
		typ, id, ok := strings.Cut(f.Subject, "/")
		if !ok {
			return reply{}, asAuditor
		}
		if err := s.read(r, func(ctx context.Context, tx *store.Tx) error {
			_, err := s.opt.Records.History(ctx, tx, r.actor, typ, id)
			return err
		}); err != nil {
			return reply{}, err
		}
	}
	var entries []journal.Entry
	if err := s.read(r, func(ctx context.Context, tx *store.Tx) (err error) {
		entries, err = s.opt.Journal.Query(ctx, tx, f)
		return err
	}); err != nil {
		return reply{}, err
	}
	if asAuditor == nil {
		if err := s.auditRead(r, f); err != nil {
			return reply{}, err
		}
	}
	items := make([]map[string]any, 0, len(entries))
	next := ""
	for _, e := range entries {
		items = append(items, map[string]any{
			"id": strconv.FormatInt(e.ID, 10), "seq": e.Seq, "at": schema.FormatTime(e.At), "actor": e.Actor, "actor_name": s.actorName(e.Actor), "post": e.Post, "via": e.Via,
			"action": e.Action, "subject": e.Subject, "rev": e.Rev, "reason": e.Reason, "request": e.Request, "body": e.Body,
		})
		next = strconv.FormatInt(e.ID, 10)
	}
	if len(entries) < f.Limit {
		next = ""
	}
	return reply{Body: map[string]any{"items": items, "next": next}}, nil
}

// auditRead is the audit of the audit.
func (s *Server) auditRead(r *request, f journal.Filter) error {
	body, err := encodeJSON(map[string]any{"subject": f.Subject, "actor": f.Actor, "action": f.Action})
	if err != nil {
		return err
	}
	return s.opt.DB.Write(r.Context(), func(tx *store.Tx) error {
		_, err := s.opt.Journal.Append(r.Context(), tx, journal.Entry{
			At: s.now().Truncate(time.Microsecond), Actor: r.actor.Person, Post: r.actor.Post, Via: r.actor.Via, Action: "journal.read", Subject: "journal", Request: r.trace, Body: body,
		})
		return err
	})
}

// checkpoint gives the newest signed checkpoint as a C2SP note; it is public, that is its point.
func (s *Server) checkpoint(r *request) (reply, error) {
	c, err := s.opt.Journal.Sign(r.Context())
	return reply{Body: []byte(c.Note), Type: "text/plain; charset=utf-8"}, err
}

// journalProof gives the inclusion proof of one entry to auditors.
func (s *Server) journalProof(r *request) (reply, error) {
	if err := s.auditor(r); err != nil {
		return reply{}, err
	}
	seq, err := strconv.ParseInt(r.query("seq"), 10, 64)
	if err != nil || seq < 1 {
		return reply{}, fault.New(fault.Invalid, "query.seq")
	}
	var p journal.Proof
	err = s.read(r, func(ctx context.Context, tx *store.Tx) (err error) {
		p, err = s.opt.Journal.Prove(ctx, tx, seq)
		return err
	})
	return reply{Body: p}, err
}
