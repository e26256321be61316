package crash_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

// op is one request that changes something, with the key under which it may be repeated.
type op struct {
	key, kind    string // kind is "create", "patch", "task.complete", "command.urge" …
	token        string
	method, path string
	match        string // If-Match
	body         []byte
	got          answer
}

// answer is what the server said.
type answer struct {
	status   int
	etag     string
	location string
	replayed bool
	raw      []byte
}

func (a answer) ok() bool { return a.status >= 200 && a.status < 300 }

func (a answer) object() map[string]any {
	var out map[string]any
	if err := json.Unmarshal(a.raw, &out); err != nil {
		return map[string]any{}
	}
	return out
}

// same tells whether a repeat got the same answer.
func (a answer) same(b answer) bool {
	return a.status == b.status && a.etag == b.etag && a.location == b.location && bytes.Equal(a.raw, b.raw)
}

// items are the objects under a member of an answer.
func (a answer) items(member string) []map[string]any { return objects(a.object()[member]) }

func objects(v any) []map[string]any {
	list, _ := v.([]any)
	var out []map[string]any
	for _, x := range list {
		if m, ok := x.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// driver is several clients that do what an office does, and remember what was answered.
type driver struct {
	t    *testing.T
	w    *world
	c    *cluster
	http *http.Client
	wg   sync.WaitGroup
	stop chan struct{}

	mu      sync.Mutex
	serial  int
	acked   []*op
	refused map[string]string // key → problem code
	cases   []string          // paths of records
	spots   []string
	files   map[string][]byte // id → content
	owners  map[string]string // id → token of who uploaded it
	counts  map[string]int    // what happened, for the report
}

func newDriver(t *testing.T, w *world, c *cluster) *driver {
	t.Helper()
	return &driver{
		t: t, w: w, c: c, stop: make(chan struct{}), refused: map[string]string{}, files: map[string][]byte{},
		owners: map[string]string{}, counts: map[string]int{},
		http: &http.Client{Timeout: 2 * time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 32}},
	}
}

// run starts clients that work until halt.
func (d *driver) run(clients int, r *rand.Rand) {
	for range clients {
		mine := rand.New(rand.NewSource(r.Int63()))
		d.wg.Go(func() {
			for {
				select {
				case <-d.stop:
					return
				default:
					d.step(mine)
				}
			}
		})
	}
}

// halt lets every client finish what it has begun; a node must be up.
func (d *driver) halt() {
	close(d.stop)
	d.wg.Wait()
	d.http.CloseIdleConnections()
}

func (d *driver) count(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.counts[what]++
}

// news makes an op under a new key.
func (d *driver) news(kind, token, method, path string, body any) *op {
	text, err := json.Marshal(body)
	if err != nil {
		d.t.Error(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.serial++
	return &op{key: fmt.Sprintf("crash-%06d", d.serial), kind: kind, token: token, method: method, path: path, body: text}
}

// pick gives the address of a running node, waiting for one.
func (d *driver) pick(r *rand.Rand) string {
	for {
		urls, wake := d.c.up()
		if len(urls) > 0 {
			return urls[r.Intn(len(urls))]
		}
		select {
		case <-wake:
		case <-d.t.Context().Done():
			return ""
		}
	}
}

// once sends an op to a node.
func (d *driver) once(base string, o *op) (answer, error) {
	var body io.Reader = http.NoBody
	if o.body != nil {
		body = bytes.NewReader(o.body)
	}
	r, err := http.NewRequestWithContext(d.t.Context(), o.method, base+o.path, body)
	if err != nil {
		return answer{}, err
	}
	if o.token != "" {
		r.Header.Set("Authorization", "Bearer "+o.token)
	}
	if o.key != "" {
		r.Header.Set("Idempotency-Key", o.key)
		r.Header.Set("Content-Type", "application/json")
	}
	if o.match != "" {
		r.Header.Set("If-Match", o.match)
	}
	return d.do(r)
}

func (d *driver) do(r *http.Request) (answer, error) {
	res, err := d.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	h := res.Header
	return answer{res.StatusCode, h.Get("ETag"), h.Get("Location"), h.Get("Idempotent-Replayed") != "", raw}, err
}

// send sends an op again and again, under the same key, until it has an answer.
func (d *driver) send(r *rand.Rand, o *op) answer {
	for try := range 100_000 {
		base := d.pick(r)
		if base == "" {
			return answer{}
		}
		if try > 0 {
			time.Sleep(3 * time.Millisecond)
		}
		a, err := d.once(base, o)
		switch {
		case err != nil:
			d.count("~ broken off")
		case a.status == http.StatusServiceUnavailable:
			d.count(fmt.Sprint("~ 503 ", a.object()["code"]))
		case a.status >= http.StatusInternalServerError:
			d.t.Errorf("%s %s: %d %s", o.method, o.path, a.status, a.raw)
			return a
		default:
			return a
		}
	}
	d.t.Errorf("%s %s gets no answer", o.method, o.path)
	return answer{}
}

// get reads.
func (d *driver) get(r *rand.Rand, token, path string) answer {
	return d.send(r, &op{token: token, method: http.MethodGet, path: path})
}

// act sends a change until it has an answer and remembers it. Now and then the same is sent twice at once, and what is
// done already is sent again.
func (d *driver) act(r *rand.Rand, o *op) answer {
	if r.Intn(20) == 0 {
		var other answer
		var wg sync.WaitGroup
		mine := rand.New(rand.NewSource(r.Int63()))
		wg.Go(func() { other = d.send(mine, o) })
		o.got = d.send(r, o)
		wg.Wait()
		if (o.got.ok() || other.ok()) && !o.got.same(other) {
			d.t.Errorf("%s %s sent twice at once: %d %.500s and %d %.500s", o.kind, o.key, o.got.status, o.got.raw, other.status, other.raw)
		}
		d.count("~ twice at once")
	} else {
		o.got = d.send(r, o)
	}
	d.keep(o)
	if o.got.ok() && r.Intn(8) == 0 {
		d.again(r, o)
	}
	return o.got
}

// again repeats what was acknowledged.
func (d *driver) again(r *rand.Rand, o *op) {
	if a := d.send(r, o); !a.same(o.got) || !a.replayed {
		d.t.Errorf("%s %s repeated: %d %.500s, was %d %.500s", o.kind, o.key, a.status, a.raw, o.got.status, o.got.raw)
	}
	d.count("~ repeated")
}

func (d *driver) keep(o *op) {
	d.mu.Lock()
	defer d.mu.Unlock()
	code := "ok"
	if o.got.ok() {
		d.acked = append(d.acked, o)
	} else {
		code = fmt.Sprint(o.got.object()["code"])
		d.refused[o.key] = code
	}
	d.counts[o.kind+" "+code]++
}

// work waits until so many more changes are acknowledged.
func (d *driver) work(n int) {
	d.t.Helper()
	done := func() int {
		d.mu.Lock()
		defer d.mu.Unlock()
		return len(d.acked)
	}
	want := done() + n
	for deadline := time.Now().Add(4 * time.Minute); done() < want; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			d.t.Fatalf("the clients do not get on: %s", d.summary())
		}
	}
}

// sample repeats some of what was acknowledged, oldest and newest.
func (d *driver) sample(r *rand.Rand, n int) {
	d.mu.Lock()
	list := slices.Clone(d.acked)
	d.mu.Unlock()
	for i := range min(n, len(list)) {
		o := list[len(list)-1-i]
		if i%2 == 0 {
			o = list[r.Intn(len(list))]
		}
		d.again(r, o)
	}
}

// contents downloads every picture that was acknowledged, by whoever uploaded it, and compares.
func (d *driver) contents() {
	d.t.Helper()
	urls, _ := d.c.up()
	for id, content := range d.files {
		a, err := d.once(urls[0], &op{token: d.owners[id], method: http.MethodGet, path: "/api/v1/files/" + id})
		if err != nil || a.status != http.StatusOK || !bytes.Equal(a.raw, content) {
			d.t.Errorf("file %s: %d, %d of %d bytes, %v", id, a.status, len(a.raw), len(content), err)
		}
	}
}

// summary tells what happened.
func (d *driver) summary() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var b bytes.Buffer
	for _, k := range slices.Sorted(maps.Keys(d.counts)) {
		fmt.Fprintf(&b, "  %6d %s\n", d.counts[k], k)
	}
	return b.String()
}
