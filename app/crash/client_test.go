package crash_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"slices"
	"time"
)

// step is one thing somebody does: reports, completes a task or does something else with it, gives a command.
func (d *driver) step(r *rand.Rand) {
	p := d.w.people[r.Intn(len(d.w.people))]
	switch x := r.Intn(100); {
	case x < 14:
		d.report(r)
	case x < 30:
		d.command(r, p)
	case x < 34:
		d.spot(r)
	default:
		d.task(r, p)
	}
}

// report makes a case, of a visitor or of a collector, now and then with a picture.
func (d *driver) report(r *rand.Rand) {
	token := ""
	body := map[string]any{
		"category": "E0102", "detail": fmt.Sprintf("垃圾 %x", r.Int63()),
		"place": map[string]any{"address": "演示街1号", "area": []string{"/990100/990100001/", "/990100/990100100/"}[r.Intn(2)]},
	}
	if r.Intn(2) == 0 {
		token = d.w.of("urban.collector")[r.Intn(2)].token
		if r.Intn(4) == 0 {
			if id := d.upload(r, token); id != "" {
				body["photos"] = []any{map[string]any{"id": id}}
			}
		}
	}
	a := d.act(r, d.news("create", token, http.MethodPost, "/api/v1/records/urban.case", body))
	if a.ok() {
		d.mu.Lock()
		d.cases = append(d.cases, a.location)
		d.mu.Unlock()
	}
}

// upload stores a picture; there is no key, so a lost answer leaves a file nobody uses.
func (d *driver) upload(r *rand.Rand, token string) string {
	content := append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 10_000+r.Intn(100_000))...)
	_, _ = r.Read(content[8:]) // never fails
	id := d.put(r, token, content)
	if id != "" {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.files[id] = content
		d.owners[id] = token
	}
	return id
}

func (d *driver) put(r *rand.Rand, token string, content []byte) string {
	for range 100_000 {
		base := d.pick(r)
		if base == "" {
			return ""
		}
		req, err := uploadOf(d.t.Context(), base, token, content)
		if err != nil {
			d.t.Error(err)
			return ""
		}
		a, err := d.do(req)
		switch {
		case err != nil:
			d.count("~ upload broken off")
		case a.status == http.StatusServiceUnavailable:
			d.count(fmt.Sprint("~ 503 ", a.object()["code"]))
		case a.status == http.StatusCreated:
			d.count("upload ok")
			return fmt.Sprint(a.object()["id"])
		default:
			d.t.Errorf("upload: %d %s", a.status, a.raw)
			return ""
		}
		time.Sleep(3 * time.Millisecond)
	}
	d.t.Error("an upload gets no answer")
	return ""
}

// uploadOf is the request that uploads a picture.
func uploadOf(ctx context.Context, base, token string, content []byte) (*http.Request, error) {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	part, err := m.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="file"; filename="photo.png"`}})
	if err != nil {
		return nil, err
	}
	if _, err := part.Write(content); err != nil {
		return nil, err
	}
	if err := m.Close(); err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/api/v1/files", &b)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Authorization", "Bearer "+token)
	return r, nil
}

// spot makes or changes a record without a process.
func (d *driver) spot(r *rand.Rand) {
	token := d.w.of("urban.supervisor")[r.Intn(2)].token
	d.mu.Lock()
	spots := slices.Clone(d.spots)
	d.mu.Unlock()
	if len(spots) == 0 || r.Intn(3) == 0 {
		a := d.act(r, d.news("create", token, http.MethodPost, "/api/v1/records/urban.spotcheck", map[string]any{
			"kind": "missed", "unit": cleaner, "category": "E0102", "detail": "漏报", "place": map[string]any{"address": "演示街2号", "area": "/990100/990100001/"},
		}))
		if a.ok() {
			d.mu.Lock()
			d.spots = append(d.spots, a.location)
			d.mu.Unlock()
		}
		return
	}
	path := spots[r.Intn(len(spots))]
	now := d.get(r, token, path)
	o := d.news("patch", token, http.MethodPatch, path, map[string]any{"detail": fmt.Sprintf("漏报 %x", r.Int63())})
	o.match = now.etag
	d.act(r, o)
}

// task does something with one of a person's tasks.
func (d *driver) task(r *rand.Rand, p person) {
	tasks := d.get(r, p.token, "/api/v1/tasks?limit=30").items("items")
	if len(tasks) == 0 {
		return
	}
	k := tasks[r.Intn(len(tasks))]
	body := map[string]any{"reason": "理由"}
	name := "complete"
	switch x := r.Intn(100); {
	case x < 72:
		d.fill(r, k, body)
	case x < 80:
		name = "claim"
	case x < 83:
		name = "release"
	case x < 88:
		name = []string{"transfer", "delegate"}[r.Intn(2)]
		body["target"] = d.w.of(p.role)[r.Intn(2)].id
	case x < 93:
		name = "return"
		ways := d.get(r, p.token, fmt.Sprintf("/api/v1/tasks/%s/return-targets", k["id"])).items("items")
		if len(ways) == 0 {
			return
		}
		body["target"], body["direct"] = ways[r.Intn(len(ways))]["node"], r.Intn(2) == 0
	case x < 97:
		name = []string{"consult", "copy"}[r.Intn(2)]
		body["to"] = []string{d.w.people[r.Intn(len(d.w.people))].id}
	default:
		name = []string{"extend", "pause", "resume"}[r.Intn(3)]
		body["limit"], body["basis"] = "2 workday", "办法"
		body["to"] = []string{d.w.of("urban.duty_chief")[r.Intn(2)].id}
	}
	path := fmt.Sprintf("/api/v1/tasks/%s/commands/", k["id"])
	a := d.act(r, d.news("task."+name, p.token, http.MethodPost, path+name, body))
	if a.ok() && name == "complete" && r.Intn(10) == 0 {
		d.act(r, d.news("task.withdraw", p.token, http.MethodPost, path+"withdraw", map[string]any{"reason": "理由"}))
	}
}

// fill chooses an outcome, mostly the first, which leads on, and fills in its form.
func (d *driver) fill(r *rand.Rand, k, body map[string]any) {
	form := objects(k["form"])
	if list := objects(k["outcomes"]); len(list) > 0 {
		o := list[0]
		if r.Intn(4) == 0 {
			o = list[r.Intn(len(list))]
		}
		body["outcome"] = o["id"]
		form = objects(o["form"])
	}
	data := map[string]any{}
	for _, f := range form {
		name := fmt.Sprint(f["name"])
		if v := d.value(r, name); v != nil && (f["required"] == true || r.Intn(3) == 0) {
			data[name] = v
		}
	}
	body["data"] = data
}

// value invents what a field may hold; nil where there is nothing to say.
func (d *driver) value(r *rand.Rand, field string) any {
	switch field {
	case "category":
		return "E0102"
	case "condition":
		return fmt.Sprint("E0102-", 1+r.Intn(3))
	case "unit":
		return []string{cleaner, mender}[r.Intn(2)]
	case "merged_into":
		return d.some(r)
	case "return_reason":
		return []string{"duty", "area", "place"}[r.Intn(3)]
	case "satisfaction":
		return []string{"very_satisfied", "satisfied", "unsatisfied"}[r.Intn(3)]
	case "may_reopen", "called_back", "contacted", "solved":
		return r.Intn(2) == 0
	case "severity":
		return "urgent"
	case "handle_note", "verify_note", "inspect_note", "reply", "satisfaction_note", "call_note", "dispatch_note":
		return "已办"
	}
	return nil
}

// some gives the id of some case.
func (d *driver) some(r *rand.Rand) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.cases) == 0 {
		return "none"
	}
	path := d.cases[r.Intn(len(d.cases))]
	return path[len("/api/v1/records/urban.case/"):]
}

// command gives one of the commands that a case offers, or merges it.
func (d *driver) command(r *rand.Rand, p person) {
	id := any(d.some(r))
	if tasks := d.get(r, p.token, "/api/v1/tasks?limit=30").items("items"); len(tasks) > 0 && r.Intn(3) > 0 {
		id = tasks[r.Intn(len(tasks))]["record"]
	}
	path := fmt.Sprint("/api/v1/records/urban.case/", id)
	name := "merge"
	if r.Intn(15) > 0 {
		offers := d.get(r, p.token, path+"/actions").items("commands")
		if len(offers) == 0 {
			return
		}
		name = fmt.Sprint(offers[r.Intn(len(offers))]["name"])
	}
	if name == "void" && r.Intn(5) > 0 {
		return
	}
	data := map[string]map[string]any{
		"merge": {"into": d.some(r)}, "oversee": {"level": "red", "note": "督办"}, "add_reporter": {"source": "hotline", "words": "又有人反映"},
		"apply_extension": {"limit": "2", "unit": "workday"}, "apply_hold": {"why": "season", "until": "2026-03-03"}, "call_back": {"called_back": true},
	}[name]
	d.act(r, d.news("command."+name, p.token, http.MethodPost, path+"/commands/"+name, map[string]any{"data": data, "reason": "理由"}))
}
