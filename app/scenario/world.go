package scenario

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"chengshu/app"
	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// World is an app with people, driven over HTTP.
type World struct {
	App   *app.App
	Clock *clock.Fake

	people []Person
	tokens map[string]string
	who    *Person // nil is a visitor
	vars   map[string]*ref
	files  map[string][]byte
}

// Person is a demo person of a pack.
type Person struct {
	Username string `yaml:"username"`
	Name     string `yaml:"name"`
	Role     string `yaml:"role"`
	Org      string `yaml:"org"`
	Area     string `yaml:"area"`

	id string
}

// ref is a record a script has a name for.
type ref struct{ typ, id string }

// answer is what the server said.
type answer struct {
	status int
	etag   string
	body   map[string]any
	raw    []byte
}

func (a answer) ok() bool { return a.status >= 200 && a.status < 300 }

// words gives the detail of a problem with its fields.
func (a answer) words() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%d %v", a.status, a.body["code"])
	if list, ok := a.body["errors"].([]any); ok {
		for _, e := range list {
			if m, ok := e.(map[string]any); ok {
				fmt.Fprintf(&out, " [%v %v %v]", m["pointer"], m["code"], m["detail"])
			}
		}
	}
	return out.String()
}

// call sends a request as the present person.
func (w *World) call(ctx context.Context, method, path string, body any) (answer, error) {
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return answer{}, fault.Wrap("encode", err)
		}
		in = bytes.NewReader(b)
	}
	return w.send(httptest.NewRequestWithContext(ctx, method, path, in))
}

func (w *World) send(r *http.Request) (answer, error) {
	if w.who != nil {
		r.Header.Set("Authorization", "Bearer "+w.tokens[w.who.Username])
	}
	if r.Method == http.MethodPatch || r.Method == http.MethodDelete {
		if got, err := w.sendOnce(r.Clone(r.Context()), http.MethodGet); err == nil && got.etag != "" {
			r.Header.Set("If-Match", got.etag)
		} else {
			r.Header.Set("If-Match", `"1"`)
		}
	}
	return w.sendOnce(r, r.Method)
}

func (w *World) sendOnce(r *http.Request, method string) (answer, error) {
	if method != r.Method {
		r.Method, r.Body = method, http.NoBody
	}
	rec := httptest.NewRecorder()
	w.App.Handler().ServeHTTP(rec, r)
	out := answer{status: rec.Code, etag: rec.Header().Get("ETag"), raw: rec.Body.Bytes()}
	if strings.Contains(rec.Header().Get("Content-Type"), "json") {
		if err := json.Unmarshal(out.raw, &out.body); err != nil {
			return out, fault.Wrap("decode answer", err)
		}
	}
	return out, nil
}

// become makes "ROLE[@ORG][/AREA]", "person:NAME" or "anonymous" the present person.
func (w *World) become(ctx context.Context, who string) error {
	if who == "anonymous" {
		w.who = nil
		return nil
	}
	if name, ok := strings.CutPrefix(who, "person:"); ok {
		for i := range w.people {
			if w.people[i].Username == name || w.people[i].Name == name {
				return w.signIn(ctx, &w.people[i])
			}
		}
		return fault.New(fault.NotFound, "scenario.person", "name", name)
	}
	role, org, _ := strings.Cut(who, "@")
	area := ""
	if org == "" {
		if i := strings.IndexByte(role, '/'); i >= 0 {
			role, area = role[:i], role[i:]
		}
	}
	for i := range w.people {
		p := &w.people[i]
		if p.Role == role && (org == "" || p.Org == org) && (area == "" || p.Area == area || strings.HasPrefix(p.Area, area)) {
			return w.signIn(ctx, p)
		}
	}
	return fault.New(fault.NotFound, "scenario.person", "role", who)
}

func (w *World) signIn(ctx context.Context, p *Person) error {
	w.who = p
	err := w.App.DB.Write(ctx, func(tx *store.Tx) error {
		in, err := w.App.Identity.Issue(ctx, tx, identity.System("test"), p.id, identity.Meta{Via: "test"}, identity.Life{Absolute: 10 * 365 * 24 * time.Hour})
		if err != nil {
			return err
		}
		w.tokens[p.Username] = in.Token
		return nil
	})
	return fault.Wrap("sign in "+p.Username, err)
}

// clock sets the clock, or moves it and lets the timers in between fire one after the other.
func (w *World) moveClock(ctx context.Context, arg string) error {
	to := time.Time{}
	switch {
	case strings.HasSuffix(arg, "wd") && arg[0] == '+':
		var n int64
		if _, err := fmt.Sscanf(arg, "+%dwd", &n); err != nil {
			return fault.New(fault.Invalid, "scenario.clock", "value", arg)
		}
		due, _ := w.App.CalendarOf("").Due(w.Clock.Now(), clock.Of(n, clock.Workday))
		last := due.Add(-time.Microsecond).In(clock.Shanghai)
		now := w.Clock.Now().In(clock.Shanghai)
		to = time.Date(last.Year(), last.Month(), last.Day(), now.Hour(), now.Minute(), now.Second(), 0, clock.Shanghai)
	case strings.HasSuffix(arg, "d") && arg[0] == '+':
		var n int
		if _, err := fmt.Sscanf(arg, "+%dd", &n); err != nil {
			return fault.New(fault.Invalid, "scenario.clock", "value", arg)
		}
		to = w.Clock.Now().AddDate(0, 0, n)
	case arg[0] == '+':
		d, err := time.ParseDuration(arg[1:])
		if err != nil {
			return fault.New(fault.Invalid, "scenario.clock", "value", arg).With(err)
		}
		to = w.Clock.Now().Add(d)
	default:
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04", time.DateOnly} {
			if t, err := time.ParseInLocation(layout, arg, clock.Shanghai); err == nil {
				to = t
				break
			}
		}
	}
	if to.IsZero() {
		return fault.New(fault.Invalid, "scenario.clock", "value", arg)
	}
	w.Clock.Set(to)
	if _, err := w.App.SyncCalendar(ctx); err != nil {
		return err
	}
	for range 1000 {
		more, err := w.App.Flow.Tick(ctx)
		if err != nil || !more {
			return err
		}
	}
	return nil
}
