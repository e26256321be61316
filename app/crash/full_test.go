package crash_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"chengshu/base/store/storetest"
)

const clients = 4

// starved is a node whose data lie on a small file system.
type starved struct {
	*driver
	dir string // the mount
	r   *rand.Rand
}

// TestDiskFull: the file system fills up while clients work. Changes and uploads are refused with 503 in words a person
// understands, reading goes on, nothing is left half done; when there is space again everything goes on by itself.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	for name, kept := range map[string]bool{"sqlite": true, "postgres": false} { // kept: the database lies on it too
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := smallDisk(t)
			database := "sqlite:" + filepath.Join(dir, "chengshu.db")
			if !kept {
				database = storetest.PostgreSQLURL(t)
			}
			w := newWorldIn(t, dir, database)
			c := newCluster(t, w.cfg, 1)
			x := &starved{driver: newDriver(t, w, c), dir: dir, r: newRandom(t)}
			x.run(clients, x.r)
			x.work(40)
			release := x.fill()
			if kept {
				x.refused()
			}
			x.uploads()
			x.reads()
			release()
			x.work(40)
			if kept {
				x.killedFull()
			}
			x.halt()
			x.sample(x.r, 100)
			x.contents()
			x.tidy(kept)
			x.inspect(t.Context(), true)
			x.complaints()
			t.Logf("%d acknowledged, %d refused\n%s", len(x.acked), len(x.driver.refused), x.summary())
		})
	}
}

// killedFull kills the node while the disk is full. Started there it says why it cannot serve, or serves; with space
// again it goes on where it was.
func (x *starved) killedFull() {
	x.t.Helper()
	release := x.fill()
	x.refused()
	x.complaints()
	x.c.nodes[0].kill()
	p := spawn(x.t, x.c.cfg)
	if p.ready() == "" {
		if said := p.lastWords(); !strings.Contains(said, "full") {
			x.t.Errorf("a node that starts on a full disk says: %s", said)
		}
	}
	p.kill()
	release()
	x.inspect(x.t.Context(), false)
	x.c.start(0)
	x.work(40)
}

// smallDisk mounts a file system of its own.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64m"); err != nil {
		if os.Getenv("CHENGSHU_CI") == "1" {
			t.Fatalf("the right to mount is required in CI: %v", err)
		}
		t.Skipf("SKIPPED WITHOUT THE RIGHT TO MOUNT: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill takes every byte that is left, and what is given back meanwhile.
func (x *starved) fill() (release func()) {
	x.t.Helper()
	name := filepath.Join(x.dir, "ballast")
	f, err := os.Create(name)
	if err != nil {
		x.t.Fatal(err)
	}
	full := func() bool {
		for size := 1 << 20; size > 0; {
			_, err := f.Write(make([]byte, size))
			switch {
			case errors.Is(err, syscall.ENOSPC):
				size /= 4
			case err != nil:
				x.t.Fatal(err)
			}
		}
		return true
	}
	full()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				full()
			}
		}
	}()
	return func() {
		close(stop)
		<-stopped
		if err := errors.Join(f.Close(), os.Remove(name)); err != nil {
			x.t.Fatal(err)
		}
	}
}

// refused waits until the clients have been refused often, and holds the refusal to what a person must be told.
func (x *starved) refused() {
	x.t.Helper()
	before := 0
	count := func() int {
		x.mu.Lock()
		defer x.mu.Unlock()
		return x.counts["~ 503 store.full"]
	}
	before = count()
	for deadline := time.Now().Add(3 * time.Minute); count() < before+50; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			x.t.Fatalf("nobody is refused: %s", x.summary())
		}
	}
	base := x.pick(x.r)
	o := x.news("create", x.w.of("urban.collector")[0].token, http.MethodPost, "/api/v1/records/urban.case",
		map[string]any{"category": "E0102", "detail": "满", "place": map[string]any{"address": "演示街1号", "area": "/990100/990100001/"}})
	a, err := x.once(base, o)
	if said := a.object(); err != nil || a.status != http.StatusServiceUnavailable || said["code"] != "store.full" || !strings.Contains(fmt.Sprint(said["detail"]), "存储空间已满") {
		x.t.Errorf("create on a full disk: %d %s %v", a.status, a.raw, err)
	}
	x.driver.refused[o.key] = "store.full"
	form := url.Values{"type": {"urban.case"}, "detail": {"满"}, "category": {"E0102"}, "place_address": {"演示街1号"}}
	r, err := http.NewRequestWithContext(x.t.Context(), http.MethodPost, base+"/report", strings.NewReader(form.Encode()))
	if err != nil {
		x.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	a, err = x.do(r)
	if err != nil || a.status != http.StatusServiceUnavailable || !bytes.Contains(a.raw, []byte("存储空间已满")) || !bytes.Contains(a.raw, []byte("</html>")) {
		x.t.Errorf("public report on a full disk: %d %s %v", a.status, a.raw, err)
	}
}

// uploads: a picture for which there is no space is refused.
func (x *starved) uploads() {
	x.t.Helper()
	for range 5 {
		a := x.once503()
		if said := a.object(); a.status != http.StatusServiceUnavailable || said["code"] != "blob.full" || !strings.Contains(fmt.Sprint(said["detail"]), "存储空间已满") {
			x.t.Errorf("upload on a full disk: %d %s", a.status, a.raw)
		}
	}
}

// once503 tries one upload.
func (x *starved) once503() answer {
	x.t.Helper()
	content := make([]byte, 200_000)
	_, _ = x.r.Read(content) // never fails
	r, err := uploadOf(x.t.Context(), x.pick(x.r), x.w.of("urban.collector")[0].token, content)
	if err != nil {
		x.t.Fatal(err)
	}
	a, err := x.do(r)
	if err != nil {
		x.t.Fatal(err)
	}
	return a
}

// tidy: no refused upload has left its beginning behind, but for those of clients that a kill interrupted.
func (x *starved) tidy(killed bool) {
	x.t.Helper()
	list, err := os.ReadDir(filepath.Join(x.dir, "blobs", "tmp"))
	most := 0
	if killed {
		most = clients
	}
	if err != nil || len(list) > most {
		x.t.Errorf("%d beginnings of files are left: %v", len(list), err)
	}
}

// complaints: a node on a full disk says that, and nothing else.
func (x *starved) complaints() {
	x.t.Helper()
	for line := range strings.Lines(x.c.nodes[0].log.String()) {
		if !strings.Contains(line, "store.full") && !strings.Contains(line, "blob.full") {
			x.t.Errorf("the node says: %.1000s", line)
		}
	}
}

// reads: looking is not refused.
func (x *starved) reads() {
	x.t.Helper()
	token := x.w.of("urban.acceptor")[0].token
	for _, path := range []string{
		"/readyz", "/", "/report?type=urban.case", "/api/v1/me", "/api/v1/records/urban.case?limit=20", "/api/v1/tasks", "/api/v1/inbox",
		"/api/v1/records/urban.case/" + x.some(x.r) + "/history", "/api/v1/indicators/urban.reported",
	} {
		a, err := x.once(x.pick(x.r), &op{token: token, method: http.MethodGet, path: path})
		if err != nil || !a.ok() {
			x.t.Errorf("%s on a full disk: %d %s %v", path, a.status, a.raw, err)
		}
	}
}
