// Package blob keeps files by the SM3 of their content in a directory.
//
// A file that was put is durable and whole, or not there: it is written aside, synced, and renamed. The same content is kept
// once. Nothing but the content is kept: names, owners and rights belong to the records that hold a Ref. It is not a cache
// and forgets nothing by itself.
//
// Main types: Store, Ref.
package blob

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"chengshu/base/clock"
	"chengshu/base/fault"
)

// Ref names a content.
type Ref struct {
	Sum  string `json:"sum"`  // SM3 of the content, 64 lower-case hex digits
	Size int64  `json:"size"` // bytes
	Type string `json:"type"` // media type found by looking at the content, never taken from the sender
}

// Store is a directory of contents: <first two digits>/<all digits>, and tmp/ for files being written. It is safe for
// concurrent use, also by several processes.
type Store struct {
	root  *os.Root // cannot be left by any name, symbolic links included
	clock clock.Clock
}

const (
	sumLength = 2 * sm3.Size
	temporary = "tmp"
	stale     = 24 * time.Hour // a temporary file older than this has lost its writer
)

// Open opens the directory, creating it where absent (mode 0700), and removes what writers that died left behind a day ago
// or earlier.
func Open(dir string, c clock.Clock) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap("create blob directory", storage(err))
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fault.Wrap("open blob directory", storage(err))
	}
	s := &Store{root: root, clock: c}
	if err := root.Mkdir(temporary, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		_ = root.Close()
		return nil, fault.Wrap("create blob directory", storage(err))
	}
	s.sweep()
	return s, nil
}

// Close lets the directory go. Readers that were handed out stay good.
func (s *Store) Close() error { return s.root.Close() }

// Put keeps what r gives, at most limit bytes, and returns once it is durable. More is TooLarge "blob.large"; a full disk is
// Unavailable "blob.full"; an error of r comes back as it is. In all these cases nothing is kept.
func (s *Store) Put(ctx context.Context, r io.Reader, limit int64) (Ref, error) {
	name := path.Join(temporary, rand.Text())
	f, err := s.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return Ref{}, fault.Wrap("put blob", storage(err))
	}
	ref, err := fill(ctx, f, r, limit)
	if err == nil {
		err = storage(f.Sync())
	}
	if e := f.Close(); err == nil {
		err = storage(e)
	}
	if err == nil {
		err = s.settle(name, ref)
	}
	if err != nil {
		_ = s.root.Remove(name)
		return Ref{}, fault.Wrap("put blob", err)
	}
	return ref, nil
}

// fill copies r into f, hashing and looking at it on the way.
func fill(ctx context.Context, f io.Writer, r io.Reader, limit int64) (Ref, error) {
	if limit < 0 {
		limit = 0
	}
	sum := sm3.New()
	head := &prefix{}
	src := &source{ctx: ctx, r: r}
	n, err := io.Copy(io.MultiWriter(sum, head, &target{f}), io.LimitReader(src, limit))
	switch {
	case src.err != nil:
		return Ref{}, src.err
	case err != nil:
		return Ref{}, err
	}
	if n == limit { // is there more?
		if extra, _ := io.ReadFull(src, make([]byte, 1)); extra > 0 {
			return Ref{}, fault.New(fault.TooLarge, "blob.large", "max", limit)
		}
		if src.err != nil {
			return Ref{}, src.err
		}
	}
	return Ref{Sum: digest(sum), Size: n, Type: sniff(head.b)}, nil
}

// settle gives the finished file its name. The directories are synced too, since a rename lives in them; also where the
// content is already there, because whoever put it may have died before its sync. What is there already gets a new time, so
// that a Prune at the same moment leaves it.
func (s *Store) settle(name string, ref Ref) error {
	dir := ref.Sum[:2]
	if err := s.root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return storage(err)
	}
	at, now := path.Join(dir, ref.Sum), s.clock.Now()
	if err := s.root.Chtimes(name, now, now); err != nil {
		return storage(err)
	}
	if s.renew(at, ref.Size, now) {
		if err := s.root.Remove(name); err != nil {
			return storage(err)
		}
	} else if err := s.root.Rename(name, at); err != nil {
		return storage(err)
	}
	for _, d := range []string{dir, "."} {
		if err := s.sync(d); err != nil {
			return storage(err)
		}
	}
	return nil
}

// renew gives a content that is there a new time and tells whether it still is. The second look is needed: a Prune may have
// taken the file aside, and judged it by its old time, while the new one was on its way to it. A Prune that comes after the
// look finds the new time.
func (s *Store) renew(at string, size int64, now time.Time) bool {
	same := func() bool {
		info, err := s.root.Lstat(at)
		return err == nil && info.Mode().IsRegular() && info.Size() == size
	}
	return same() && s.root.Chtimes(at, now, now) == nil && same()
}

func (s *Store) sync(dir string) error {
	d, err := s.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Get opens a content for reading. Close it. Unknown is NotFound "blob.none", a sum that is none Invalid "blob.sum".
func (s *Store) Get(_ context.Context, sum string) (io.ReadSeekCloser, error) {
	f, _, err := s.open(sum)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Stat tells size and type of a content without reading it whole. Errors as Get.
func (s *Store) Stat(_ context.Context, sum string) (Ref, error) {
	f, info, err := s.open(sum)
	if err != nil {
		return Ref{}, err
	}
	defer func() { _ = f.Close() }()
	head := make([]byte, prefixLength)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return Ref{}, fault.Wrap("stat blob", storage(err))
	}
	return Ref{Sum: sum, Size: info.Size(), Type: sniff(head[:n])}, nil
}

// Verify reads a content whole and compares its sum: Internal "blob.damaged" where it differs.
func (s *Store) Verify(ctx context.Context, sum string) error {
	f, _, err := s.open(sum)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	h := sm3.New()
	if _, err := io.Copy(h, &source{ctx: ctx, r: f}); err != nil {
		return fault.Wrap("verify blob", storage(err))
	}
	if digest(h) != sum {
		return fault.New(fault.Internal, "blob.damaged", "sum", sum)
	}
	return nil
}

// Walk calls fn for each content, ordered by sum, until fn fails.
func (s *Store) Walk(ctx context.Context, fn func(Ref) error) error {
	tops, err := fs.ReadDir(s.root.FS(), ".")
	if err != nil {
		return fault.Wrap("walk blobs", storage(err))
	}
	for _, top := range tops {
		if !top.IsDir() || len(top.Name()) != 2 {
			continue
		}
		files, err := fs.ReadDir(s.root.FS(), top.Name())
		if err != nil {
			return fault.Wrap("walk blobs", storage(err))
		}
		for _, file := range files {
			if err := ctx.Err(); err != nil {
				return fault.New(fault.Unavailable, "blob.cancelled").With(err)
			}
			ref, err := s.Stat(ctx, file.Name())
			if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) {
				continue // removed meanwhile, or not ours
			}
			if err != nil {
				return err
			}
			if err := fn(ref); err != nil {
				return err
			}
		}
	}
	return nil
}

// Remove forgets a content, as lawful deletion asks. A content that is not there is no error. The caller has made sure that
// no other record holds it.
func (s *Store) Remove(_ context.Context, sum string) error {
	if !valid(sum) {
		return fault.New(fault.Invalid, "blob.sum")
	}
	err := s.root.Remove(path.Join(sum[:2], sum))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = s.sync(sum[:2])
	}
	return fault.Wrap("remove blob", storage(err))
}

// Prune removes a content that nobody has put for an age, and tells whether it did. It may run beside writers: one that puts
// the same content in this moment keeps it. The caller has made sure that no record held it when the age began.
func (s *Store) Prune(_ context.Context, sum string, age time.Duration) (bool, error) {
	if !valid(sum) {
		return false, fault.New(fault.Invalid, "blob.sum")
	}
	at, aside := path.Join(sum[:2], sum), path.Join(temporary, rand.Text())
	old := func(name string) (bool, error) {
		info, err := s.root.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return err == nil && s.clock.Now().Sub(info.ModTime()) >= age, err
	}
	if yes, err := old(at); err != nil || !yes {
		return false, fault.Wrap("prune blob", storage(err))
	}
	if err := s.root.Rename(at, aside); err != nil { // from here a writer finds nothing and brings its own
		return false, fault.Wrap("prune blob", storage(err))
	}
	yes, err := old(aside)
	if err != nil || !yes { // a writer was faster
		return false, fault.Wrap("prune blob", storage(errors.Join(err, s.root.Rename(aside, at))))
	}
	return true, fault.Wrap("prune blob", storage(errors.Join(s.root.Remove(aside), s.sync(sum[:2]))))
}

func (s *Store) open(sum string) (*os.File, fs.FileInfo, error) {
	if !valid(sum) {
		return nil, nil, fault.New(fault.Invalid, "blob.sum")
	}
	f, err := s.root.Open(path.Join(sum[:2], sum))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fault.New(fault.NotFound, "blob.none", "sum", sum)
	}
	if err != nil {
		return nil, nil, fault.Wrap("open blob", storage(err))
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fault.New(fault.NotFound, "blob.none", "sum", sum)
	}
	if err != nil {
		_ = f.Close()
		return nil, nil, fault.Wrap("open blob", storage(err))
	}
	return f, info, nil
}

// sweep removes temporary files whose writers died. What cannot be removed now goes the next time.
func (s *Store) sweep() {
	files, err := fs.ReadDir(s.root.FS(), temporary)
	if err != nil {
		return
	}
	for _, file := range files {
		info, err := file.Info()
		if err == nil && s.clock.Now().Sub(info.ModTime()) > stale {
			_ = s.root.Remove(path.Join(temporary, file.Name()))
		}
	}
}

// valid tells whether sum can be the name of a content.
func valid(sum string) bool {
	if len(sum) != sumLength {
		return false
	}
	for i := range len(sum) {
		if c := sum[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func digest(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// storage turns trouble of the file system into a fault.
func storage(err error) error {
	if err == nil {
		return nil
	}
	var f *fault.Error
	switch {
	case errors.As(err, &f):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return fault.New(fault.Unavailable, "blob.full").With(err)
	}
	return fault.New(fault.Unavailable, "blob.io").With(err)
}
