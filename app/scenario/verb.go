package scenario

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"chengshu/base/fault"
)

// do runs one line.
func (w *World) do(ctx context.Context, l Line) error {
	plain, named := keys(l.Args)
	need := func(n int) error {
		if len(plain) < n {
			return fault.New(fault.Invalid, "scenario.arguments", "verb", l.Verb, "want", n)
		}
		return nil
	}
	switch l.Verb {
	case "clock":
		if err := need(1); err != nil {
			return err
		}
		return w.moveClock(ctx, plain[0])
	case "as":
		if err := need(1); err != nil {
			return err
		}
		return w.become(ctx, plain[0])
	case "expect":
		return w.expect(ctx, plain, named)
	case "decided":
		return w.decided(ctx, plain, named, l.Refuse)
	case "notice":
		return w.notice(ctx, strings.Join(plain, " "), l.Refuse)
	case "evidence":
		return w.evidence(ctx, plain)
	case "list":
		return w.list(ctx, plain, named, l.Refuse)
	}
	act, ok := verbs()[l.Verb]
	if !ok {
		return fault.New(fault.Invalid, "scenario.verb", "verb", l.Verb)
	}
	if err := need(act.args); err != nil {
		return err
	}
	got, err := act.run(w, ctx, plain, named)
	if err != nil {
		if l.Refuse && fault.Is(err, fault.NotFound) {
			return nil
		}
		return err
	}
	switch {
	case l.Refuse && got.ok():
		return fault.New(fault.Conflict, "scenario.allowed")
	case l.Refuse && got.status >= http.StatusInternalServerError:
		return fault.New(fault.Internal, "scenario.broken", "answer", got.words())
	case !l.Refuse && !got.ok():
		return fault.New(fault.Denied, "scenario.refused", "answer", got.words())
	}
	return nil
}

type verb struct {
	args int
	run  func(w *World, ctx context.Context, plain []string, named map[string]string) (answer, error)
}

func verbs() map[string]verb {
	return map[string]verb{
		"create": {2, (*World).create}, "update": {2, (*World).update}, "delete": {1, (*World).remove}, "restore": {1, (*World).restore},
		"command": {2, (*World).command}, "do": {2, (*World).complete}, "task": {2, (*World).task}, "read": {1, (*World).read},
		"find": {3, (*World).find},
	}
}

func (w *World) ref(name string) (*ref, error) {
	if r := w.vars[strings.TrimPrefix(name, "$")]; r != nil {
		return r, nil
	}
	return nil, fault.New(fault.Invalid, "scenario.variable", "name", name)
}

func (w *World) file(name string) (map[string]any, error) {
	out := map[string]any{}
	if name == "" {
		return out, nil
	}
	text, ok := w.files[name]
	if !ok {
		return nil, fault.New(fault.Invalid, "scenario.file", "name", name)
	}
	err := json.Unmarshal(w.substitute(text), &out)
	return out, fault.Wrap(name, err)
}

// find gives a name to the newest record of a type that the present person may read and whose fields have these values.
func (w *World) find(ctx context.Context, plain []string, named map[string]string) (answer, error) {
	var parts []string
	for k, v := range named {
		if other := w.vars[strings.TrimPrefix(v, "$")]; strings.HasPrefix(v, "$") && other != nil {
			v = other.typ + "/" + other.id
		}
		parts = append(parts, k+" = "+strconv.Quote(v))
	}
	slices.Sort(parts)
	q := url.Values{"filter": {strings.Join(parts, " and ")}, "sort": {"-created_at"}, "limit": {"1"}}
	got, err := w.call(ctx, http.MethodGet, "/api/v1/records/"+plain[0]+"?"+q.Encode(), nil)
	if err != nil || !got.ok() {
		return got, err
	}
	list, _ := got.body["items"].([]any)
	if len(list) == 0 {
		return got, fault.New(fault.NotFound, "scenario.record", "filter", q.Get("filter"))
	}
	m, _ := list[0].(map[string]any)
	id, _ := m["id"].(string)
	w.vars[strings.TrimPrefix(plain[2], "$")] = &ref{plain[0], id}
	return got, nil
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

func (w *World) create(ctx context.Context, plain []string, _ map[string]string) (answer, error) {
	data, err := w.file(plain[1])
	if err != nil {
		return answer{}, err
	}
	got, err := w.call(ctx, http.MethodPost, "/api/v1/records/"+plain[0], data)
	if err == nil && got.ok() && at(plain, 2) == "->" {
		id, _ := got.body["id"].(string)
		w.vars[strings.TrimPrefix(at(plain, 3), "$")] = &ref{plain[0], id}
	}
	return got, err
}

func (w *World) update(ctx context.Context, plain []string, named map[string]string) (answer, error) {
	r, err := w.ref(plain[0])
	if err != nil {
		return answer{}, err
	}
	data, err := w.file(plain[1])
	if err != nil {
		return answer{}, err
	}
	return w.call(ctx, http.MethodPatch, r.path()+"?reason="+url.QueryEscape(named["reason"]), data)
}

func (r *ref) path() string { return "/api/v1/records/" + r.typ + "/" + r.id }

func (w *World) remove(ctx context.Context, plain []string, named map[string]string) (answer, error) {
	r, err := w.ref(plain[0])
	if err != nil {
		return answer{}, err
	}
	return w.call(ctx, http.MethodDelete, r.path()+"?reason="+url.QueryEscape(named["reason"]), nil)
}

func (w *World) restore(ctx context.Context, plain []string, named map[string]string) (answer, error) {
	return w.command(ctx, []string{plain[0], "restore"}, named)
}

func (w *World) command(ctx context.Context, plain []string, named map[string]string) (answer, error) {
	r, err := w.ref(plain[0])
	if err != nil {
		return answer{}, err
	}
	data, err := w.file(at(plain, 2))
	if err != nil {
		return answer{}, err
	}
	for k, v := range named {
		if k == "reason" {
			continue
		}
		if other := w.vars[strings.TrimPrefix(v, "$")]; strings.HasPrefix(v, "$") && other != nil {
			v = other.id
		}
		data[k] = v
	}
	return w.call(ctx, http.MethodPost, r.path()+"/commands/"+plain[1], map[string]any{"data": data, "reason": named["reason"]})
}

// mine finds the present person's open task on a record, the one with the outcome first.
func (w *World) mine(ctx context.Context, r *ref, outcome string) (map[string]any, error) {
	got, err := w.call(ctx, http.MethodGet, r.path()+"/actions", nil)
	if err != nil {
		return nil, err
	}
	list, _ := got.body["tasks"].([]any)
	if !got.ok() { // who may not read the record may still hold a task on it
		if got, err = w.call(ctx, http.MethodGet, "/api/v1/tasks?type="+r.typ+"&limit=200", nil); err != nil {
			return nil, err
		}
		list, _ = got.body["items"].([]any)
	}
	var some map[string]any
	for _, x := range list {
		t, _ := x.(map[string]any)
		if t["record"] != r.id {
			continue
		}
		some = t
		outcomes, _ := t["outcomes"].([]any)
		for _, o := range outcomes {
			if m, ok := o.(map[string]any); ok && m["id"] == outcome {
				return t, nil
			}
		}
	}
	if some == nil {
		return nil, fault.New(fault.NotFound, "scenario.task", "outcome", outcome, "answer", got.status)
	}
	return some, nil
}

func (w *World) complete(ctx context.Context, plain []string, named map[string]string) (answer, error) {
	r, err := w.ref(plain[0])
	if err != nil {
		return answer{}, err
	}
	data, err := w.file(at(plain, 2))
	if err != nil {
		return answer{}, err
	}
	t, err := w.mine(ctx, r, plain[1])
	if err != nil {
		return answer{}, err
	}
	path := fmt.Sprintf("/api/v1/tasks/%s/commands/", t["id"])
	if t["claimable"] == true {
		if got, err := w.call(ctx, http.MethodPost, path+"claim", map[string]any{}); err != nil || !got.ok() {
			return got, err
		}
	}
	outcome := plain[1]
	if list, _ := t["outcomes"].([]any); len(list) == 0 {
		outcome = "" // a task with one way on is completed by any word
	}
	return w.call(ctx, http.MethodPost, path+"complete", map[string]any{"outcome": outcome, "data": data, "reason": named["reason"]})
}

func (w *World) task(ctx context.Context, plain []string, named map[string]string) (answer, error) {
	r, err := w.ref(plain[0])
	if err != nil {
		return answer{}, err
	}
	id := named["task"]
	if id == "" {
		t, err := w.taskFor(ctx, r, plain[1])
		if err != nil {
			return answer{}, err
		}
		id, _ = t["id"].(string)
	}
	body := map[string]any{"reason": named["reason"], "target": w.person(named["target"]), "limit": named["limit"], "basis": named["basis"], "direct": named["direct"] == "true"}
	if to := named["to"]; to != "" {
		body["target"], body["to"] = w.person(to), []string{w.person(to)}
	}
	return w.call(ctx, http.MethodPost, "/api/v1/tasks/"+id+"/commands/"+plain[1], body)
}

// taskFor finds the task a command is about: for a withdrawal the person's own done one, for urging any open one.
func (w *World) taskFor(ctx context.Context, r *ref, command string) (map[string]any, error) {
	if command != "withdraw" && command != "urge" && command != "jump" {
		return w.mine(ctx, r, "")
	}
	got, err := w.call(ctx, http.MethodGet, r.path()+"/tasks", nil)
	if err != nil {
		return nil, err
	}
	list, _ := got.body["items"].([]any)
	want := map[string]string{"withdraw": "done", "urge": "open", "jump": "open"}[command]
	for _, l := range slices.Backward(list) {
		if t, ok := l.(map[string]any); ok && t["state"] == want {
			return t, nil
		}
	}
	return nil, fault.New(fault.NotFound, "scenario.task", "command", command)
}

// person turns a demo person's username into an id; other words, such as nodes, stay.
func (w *World) person(name string) string {
	for _, p := range w.people {
		if p.Username == name || p.Name == name {
			return p.id
		}
	}
	return name
}

func (w *World) read(ctx context.Context, plain []string, _ map[string]string) (answer, error) {
	r, err := w.ref(plain[0])
	if err != nil {
		return answer{}, err
	}
	return w.call(ctx, http.MethodGet, r.path(), nil)
}

func (w *World) list(ctx context.Context, plain []string, named map[string]string, refuse bool) error {
	if len(plain) == 0 {
		return fault.New(fault.Invalid, "scenario.arguments", "verb", "list", "want", 1)
	}
	q := url.Values{"limit": {"200"}}
	for _, k := range []string{"filter", "q", "sort", "deleted"} {
		if named[k] != "" {
			q.Set(k, named[k])
		}
	}
	got, err := w.call(ctx, http.MethodGet, "/api/v1/records/"+plain[0]+"?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	if refuse {
		if got.ok() {
			return fault.New(fault.Conflict, "scenario.allowed")
		}
		return nil
	}
	if !got.ok() {
		return fault.New(fault.Denied, "scenario.refused", "answer", got.words())
	}
	items, _ := got.body["items"].([]any)
	if want := named["count"]; want != "" && want != strconv.Itoa(len(items)) {
		return fault.New(fault.Conflict, "scenario.count", "got", len(items), "want", want)
	}
	return nil
}
