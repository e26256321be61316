package server

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/flow"
)

// migrationPage is the most instances one request takes to another version; the caller asks again for the next ones.
const migrationPage = 100

// migrationInput is the body of a migration and of its plan.
type migrationInput struct {
	From   int64             `json:"from"`
	To     int64             `json:"to"`
	Map    map[string]string `json:"map"`
	Reason string            `json:"reason"`
	After  string            `json:"after"`
	Limit  int               `json:"limit"`
}

// migrates tells whether the caller may take running processes about a type to another version.
func (s *Server) migrates(r *request, typ string) bool {
	return s.opt.Policy.Any(r.actor, "admin", typ)
}

// migrationOf reads a migration of the process of the path. Who may not even read records of its type gets the same answer
// for a process that is there as for one that is not.
func (s *Server) migrationOf(r *request) (flow.Migration, migrationInput, error) {
	var in migrationInput
	if err := r.signedIn(); err != nil {
		return flow.Migration{}, in, err
	}
	key := r.PathValue("key")
	for _, f := range s.flowsOf(r, "read", "admin") {
		if f.Key != key {
			continue
		}
		if !s.migrates(r, f.Type) {
			return flow.Migration{}, in, fault.New(fault.Denied, "policy.denied", "action", "admin", "type", f.Type)
		}
		if err := r.decode(&in); err != nil {
			return flow.Migration{}, in, err
		}
		return flow.Migration{Key: key, From: in.From, To: in.To, Map: in.Map}, in, nil
	}
	return flow.Migration{}, in, fault.New(fault.NotFound, "flow.definition", "key", key)
}

// planMigration tells what a migration would do, by node. It changes nothing.
func (s *Server) planMigration(r *request) (reply, error) {
	mig, _, err := s.migrationOf(r)
	if err != nil {
		return reply{}, err
	}
	var body map[string]any
	err = s.read(r, func(ctx context.Context, tx *store.Tx) error {
		plan, err := s.opt.Flow.PlanMigration(ctx, tx, mig)
		if err != nil {
			return err
		}
		body, err = s.planView(ctx, tx, plan)
		return err
	})
	return reply{Body: body}, err
}

func (s *Server) planView(ctx context.Context, tx *store.Tx, plan flow.MigrationPlan) (map[string]any, error) {
	old, err := s.opt.Flow.Names(ctx, tx, plan.Key, plan.From)
	if err != nil {
		return nil, err
	}
	names, err := s.opt.Flow.Names(ctx, tx, plan.Key, plan.To)
	if err != nil {
		return nil, err
	}
	xmlFrom, _, err := s.opt.Flow.Definition(ctx, tx, plan.Key, plan.From)
	if err != nil {
		return nil, err
	}
	xmlTo, _, err := s.opt.Flow.Definition(ctx, tx, plan.Key, plan.To)
	if err != nil {
		return nil, err
	}
	steps, err := s.opt.Flow.Steps(ctx, tx, plan.Key, plan.To)
	if err != nil {
		return nil, err
	}
	nodes, targets := make([]map[string]any, 0, len(plan.Nodes)), make([]map[string]any, 0, len(steps))
	for _, n := range plan.Nodes {
		m := map[string]any{
			"node": n.Node, "label": s.nodeName(plan.Key, n.Node, old), "to": n.To, "to_label": "", "itself": n.Itself, "tokens": n.Tokens,
			"blocks": s.blockViews(n.Blocks, s.nodeName(plan.Key, n.Node, old)),
		}
		if n.To != "" {
			m["to_label"] = s.nodeName(plan.Key, n.To, names)
		}
		nodes = append(nodes, m)
	}
	for _, t := range steps {
		targets = append(targets, map[string]any{"node": t.Node, "label": s.nodeName(plan.Key, t.Node, names)})
	}
	return map[string]any{
		"from": plan.From, "to": plan.To, "instances": plan.Instances, "ready": plan.Ready, "nodes": nodes, "targets": targets,
		"xml_from": string(xmlFrom), "xml_to": string(xmlTo),
	}, nil
}

// blockViews puts into words why tokens on a node cannot go over.
func (s *Server) blockViews(blocks map[string]int, node string) []map[string]any {
	out := make([]map[string]any, 0, len(blocks))
	for _, code := range slices.Sorted(maps.Keys(blocks)) {
		out = append(out, map[string]any{"code": code, "label": s.word("fault."+code, map[string]any{"node": node}), "count": blocks[code]})
	}
	return out
}

// migrate takes one page of the running processes to another version, each in a savepoint of its own: one that cannot go
// over stays as it was, is listed, and does not stop the others.
func (s *Server) migrate(r *request) (reply, error) {
	mig, in, err := s.migrationOf(r)
	if err != nil {
		return reply{}, err
	}
	switch {
	case in.Reason == "":
		return reply{}, fault.New(fault.Invalid, "flow.reason").At("/reason", "field.required")
	case in.Limit < 0 || in.Limit > migrationPage:
		return reply{}, fault.New(fault.Invalid, "query.limit", "max", migrationPage)
	case in.Limit == 0:
		in.Limit = migrationPage
	}
	return s.act(r, func(ctx context.Context, tx *store.Tx) (reply, error) {
		// A fault of the migration itself is one answer and not one for each instance.
		if err := s.opt.Flow.CheckMigration(ctx, tx, mig); err != nil {
			return reply{}, err
		}
		page, err := s.opt.Flow.Migratable(ctx, tx, mig, in.After, in.Limit)
		if err != nil {
			return reply{}, err
		}
		refused := []map[string]any{}
		for _, id := range page {
			err := tx.Savepoint(ctx, func() error {
				_, err := s.opt.Flow.Migrate(ctx, tx, r.actor, mig, id, "", in.Reason)
				return err
			})
			if overtaken(err) || fault.Is(err, fault.Unavailable) {
				return reply{}, err
			}
			if err == nil {
				continue
			}
			m, err := s.migrationRefused(ctx, tx, r, id, err)
			if err != nil {
				return reply{}, err
			}
			refused = append(refused, m)
		}
		next := ""
		if len(page) == in.Limit {
			next = page[len(page)-1]
		}
		return reply{Status: http.StatusOK, Body: map[string]any{"done": len(page) - len(refused), "refused": refused, "next": next}}, nil
	})
}

// migrationRefused tells why an instance stays. Of a record the caller does not administer it tells no number.
func (s *Server) migrationRefused(ctx context.Context, tx *store.Tx, r *request, id string, why error) (map[string]any, error) {
	in, err := s.opt.Flow.Instance(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	rec, err := s.opt.Records.Load(ctx, tx, in.Biz.Type, in.Biz.ID)
	if err != nil {
		return nil, err
	}
	p := s.describe(s.inWords(ctx, tx, in, why), r.trace)
	m := map[string]any{"instance": id, "type": in.Biz.Type, "record": "", "number": nil, "code": p.Code, "label": p.Detail}
	if s.may(r, rec, "flow.migrate") {
		m["record"], m["number"] = rec.ID(), rec.Values["number"]
	}
	return m, nil
}

// inWords puts the name of the node that a refusal is about into its words.
func (s *Server) inWords(ctx context.Context, tx *store.Tx, in flow.Instance, why error) error {
	f, ok := errors.AsType[*fault.Error](why)
	if !ok {
		return why
	}
	node, _ := f.Args["node"].(string)
	names, err := s.opt.Flow.Names(ctx, tx, in.Process, in.Version)
	if node == "" || err != nil {
		return why
	}
	args := maps.Clone(f.Args)
	args["node"] = s.nodeName(in.Process, node, names)
	return &fault.Error{Kind: f.Kind, Code: f.Code, Args: args, Fields: f.Fields, Err: why}
}

// migrateOne takes the process of one record to another version, the active one where none is named.
func (s *Server) migrateOne(ctx context.Context, tx *store.Tx, r *request, run running, input processInput) error {
	if err := s.opt.Policy.Require(r.actor, flow.Rights("flow.migrate")[0], run.rec.Type, run.rec.Values); err != nil {
		return err // before anything is told of the versions
	}
	in, to := run.in, input.Version
	if to == 0 {
		var err error
		if _, to, err = s.opt.Flow.Definition(ctx, tx, in.Process, 0); err != nil {
			return err
		}
	}
	_, err := s.opt.Flow.Migrate(ctx, tx, r.actor, flow.Migration{Key: in.Process, From: in.Version, To: to, Map: input.Map}, in.ID, "", input.Reason)
	return s.inWords(ctx, tx, in, err)
}
