package blob_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"chengshu/base/blob"
	"chengshu/base/clock"
	"chengshu/base/fault"
)

const sumABC = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0" // GB/T 32905 A.1

func open(t *testing.T, dir string) *blob.Store {
	t.Helper()
	s, err := blob.Open(dir, clock.System())
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func files(t *testing.T, dir string) (n int) {
	t.Helper()
	if err := filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPutGet(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, ctx := open(t, dir), t.Context()
	for range 2 { // the second finds it there
		ref, err := s.Put(ctx, iotest.OneByteReader(strings.NewReader("abc")), 3)
		if err != nil || ref != (blob.Ref{Sum: sumABC, Size: 3, Type: "text/plain; charset=utf-8"}) {
			t.Fatalf("put: got %+v, %v", ref, err)
		}
	}
	if n := files(t, dir); n != 1 {
		t.Errorf("files: got %d, want 1", n)
	}
	r, err := s.Get(ctx, sumABC)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Seek(1, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(r); err != nil || string(b) != "bc" {
		t.Errorf("get: got %q, %v", b, err)
	}
	if ref, err := s.Stat(ctx, sumABC); err != nil || ref.Size != 3 {
		t.Errorf("stat: got %+v, %v", ref, err)
	}
	if err := s.Verify(ctx, sumABC); err != nil {
		t.Errorf("verify: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "66", sumABC), []byte("abd"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(ctx, sumABC); fault.CodeOf(err) != "blob.damaged" {
		t.Errorf("verify a flipped bit: got %v, want blob.damaged", err)
	}
	for range 2 {
		if err := s.Remove(ctx, sumABC); err != nil {
			t.Errorf("remove: %v", err)
		}
	}
	if _, err := s.Get(ctx, sumABC); !fault.Is(err, fault.NotFound) {
		t.Errorf("after remove: got %v, want not found", err)
	}
}

func TestPutRefusals(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name  string
		ctx   context.Context
		r     io.Reader
		limit int64
		want  func(error) bool
	}{
		{"one byte too many", t.Context(), strings.NewReader("abcd"), 3, func(err error) bool { return fault.Is(err, fault.TooLarge) }},
		{"nothing allowed", t.Context(), strings.NewReader("a"), -1, func(err error) bool { return fault.Is(err, fault.TooLarge) }},
		{"endless", t.Context(), endless{}, 1 << 20, func(err error) bool { return fault.Is(err, fault.TooLarge) }},
		{"reader fails", t.Context(), io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(boom)), 9, func(err error) bool { return errors.Is(err, boom) }},
		{"reader fails at the limit", t.Context(), io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(boom)), 3, func(err error) bool { return errors.Is(err, boom) }},
		{"cancelled", ended, strings.NewReader("abc"), 9, func(err error) bool { return errors.Is(err, context.Canceled) && fault.Is(err, fault.Unavailable) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			_, err := open(t, dir).Put(c.ctx, c.r, c.limit)
			if err == nil || !c.want(err) {
				t.Errorf("got %v", err)
			}
			if n := files(t, dir); n != 0 {
				t.Errorf("files left: %d", n)
			}
		})
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestNoPathLeavesTheDirectory(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	dir := filepath.Join(top, "blobs")
	s := open(t, dir)
	secret := filepath.Join(top, "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "66"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(dir, "66", sumABC)); err != nil { // even planted links do not lead out
		t.Fatal(err)
	}
	for _, sum := range []string{"", "..", "../secret", "../../etc/passwd", strings.Repeat("../", 21) + "a", strings.ToUpper(sumABC), sumABC + "0", sumABC[:63] + "/", sumABC} {
		if r, err := s.Get(t.Context(), sum); err == nil {
			_ = r.Close()
			t.Errorf("get %q: opened", sum)
		}
		if _, err := s.Stat(t.Context(), sum); err == nil {
			t.Errorf("stat %q: found", sum)
		}
		if err := s.Remove(t.Context(), sum); err == nil && sum != sumABC {
			t.Errorf("remove %q: done", sum)
		}
	}
	if _, err := os.Stat(secret); err != nil {
		t.Errorf("the file outside is gone: %v", err)
	}
}

func TestSweep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir)
	now := time.Now()
	for name, age := range map[string]time.Duration{"old": 25 * time.Hour, "young": time.Hour} {
		p := filepath.Join(dir, "tmp", name)
		if err := os.WriteFile(p, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(p, now, now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	open(t, dir)
	if left, err := os.ReadDir(filepath.Join(dir, "tmp")); err != nil || len(left) != 1 || left[0].Name() != "young" {
		t.Errorf("got %v, %v; want only young", left, err)
	}
}

func TestSniff(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	archive := func(names ...string) string {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for _, n := range names {
			f, err := w.CreateHeader(&zip.FileHeader{Name: n, Method: zip.Store})
			if err != nil {
				t.Fatal(err)
			}
			if n == "mimetype" {
				_, _ = io.WriteString(f, "application/vnd.oasis.opendocument.text")
			}
		}
		_ = w.Close()
		return b.String()
	}
	for want, content := range map[string]string{
		"image/png":                "\x89PNG\r\n\x1a\n",
		"image/jpeg":               "\xff\xd8\xff\xe0",
		"application/pdf":          "%PDF-1.7",
		"text/html; charset=utf-8": "<html><script>", // whoever serves it must not do so inline
		"application/octet-stream": "\x00\x01",
		"image/svg+xml":            "\n <svg xmlns=''>",
		"application/ofd":          archive("OFD.xml", "Doc_0/Document.xml"),
		"application/zip":          archive("a.txt"),
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": archive("[Content_Types].xml", "xl/workbook.xml"),
		"application/vnd.oasis.opendocument.text":                           archive("mimetype", "content.xml"),
	} {
		if ref, err := s.Put(t.Context(), strings.NewReader(content), 1<<20); err != nil || ref.Type != want {
			t.Errorf("got %q, %v; want %q", ref.Type, err, want)
		}
	}
}

func TestWalkSeesExactlyWhatWasPut(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(top, "") //nolint:usetesting // a new one for each draw
		if err != nil {
			rt.Fatal(err)
		}
		s := open(t, dir)
		want := map[string]int64{}
		for _, content := range rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 40), 0, 5).Draw(rt, "contents") {
			ref, err := s.Put(t.Context(), bytes.NewReader(content), 40)
			if err != nil || ref.Size != int64(len(content)) {
				rt.Fatalf("put: %+v %v", ref, err)
			}
			want[ref.Sum] = ref.Size
		}
		last := ""
		if err := s.Walk(t.Context(), func(ref blob.Ref) error {
			if ref.Sum <= last || want[ref.Sum] != ref.Size {
				rt.Fatalf("walk: %+v after %s", ref, last)
			}
			last = ref.Sum
			delete(want, ref.Sum)
			return s.Verify(t.Context(), ref.Sum)
		}); err != nil {
			rt.Fatal(err)
		}
		if len(want) != 0 {
			rt.Fatalf("not seen: %v", want)
		}
	})
}

// Prune leaves what is young or was put again, and takes what is old; beside it a writer never ends up without content.
func TestPrune(t *testing.T) {
	t.Parallel()
	fake := clock.NewFake(time.Now())
	s, err := blob.Open(t.TempDir(), fake)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	ctx := t.Context()
	put := func() {
		t.Helper()
		if _, err := s.Put(ctx, strings.NewReader("abc"), 3); err != nil {
			t.Error(err)
		}
	}
	prune := func(want bool) {
		t.Helper()
		if got, err := s.Prune(ctx, sumABC, time.Hour); err != nil || got != want {
			t.Errorf("prune: got %v %v, want %v", got, err, want)
		}
	}
	prune(false)
	put()
	prune(false)
	fake.Advance(2 * time.Hour)
	put()
	prune(false)
	fake.Advance(2 * time.Hour)
	prune(true)
	if _, err := s.Stat(ctx, sumABC); !fault.Is(err, fault.NotFound) {
		t.Errorf("pruned content: %v", err)
	}
	if _, err := s.Prune(ctx, "../x", 0); !fault.Is(err, fault.Invalid) {
		t.Errorf("no sum: %v", err)
	}
	for range 200 {
		put()
		fake.Advance(2 * time.Hour)
		done := make(chan struct{})
		go func() {
			defer close(done)
			put()
		}()
		if _, err := s.Prune(ctx, sumABC, time.Hour); err != nil {
			t.Error(err)
		}
		<-done
		if _, err := s.Stat(ctx, sumABC); err != nil {
			t.Fatalf("a content that was put is gone: %v", err)
		}
	}
}
