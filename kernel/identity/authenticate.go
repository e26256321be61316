package identity

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
)

// cached is a session as this node has read it.
type cached struct {
	Session
	mustChange bool
	checked    time.Time    // when it was read, before the reading began
	seen       atomic.Int64 // last request on this node, in microseconds
	written    atomic.Int64 // last request as the database has it
}

// cache holds sessions by the digest of their token. A drop raises the age, so that what was read before the drop is not
// put in after it.
type cache struct {
	mu  sync.RWMutex
	age uint64
	m   map[string]*cached
}

// maxCached bounds the cache; a node serves fewer people at once.
const maxCached = 50_000

func (c *cache) get(key string) (*cached, uint64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.m[key], c.age
}

func (c *cache) put(key string, e *cached, age uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.age != age {
		return
	}
	if c.m == nil || len(c.m) >= maxCached {
		c.m = make(map[string]*cached)
	}
	c.m[key] = e
}

func (c *cache) drop(which func(*cached) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.age++
	for key, e := range c.m {
		if which(e) {
			delete(c.m, key)
		}
	}
}

// Authenticate gives the actor of a session token, in the post named or else the one the session is in. It reads the
// database at most every Options.Fresh for a session and writes its last use at most once a minute. Faults: Anonymous
// "session.ended" for a token that is unknown, ended or timed out, Denied "session.post" for a post that is neither held
// nor stood in for today, Denied "password.must-change".
func (s *Store) Authenticate(ctx context.Context, token, post string) (Actor, error) {
	e, err := s.session(ctx, token)
	if err != nil {
		return Actor{}, err
	}
	if e.mustChange {
		return Actor{}, fault.New(fault.Denied, "password.must-change")
	}
	member := s.Directory().member(e.Person)
	if member == nil || !member.Disabled.IsZero() {
		return Actor{}, ended()
	}
	a := Actor{Person: e.Person, Name: member.Name, Clearance: 1}
	today := s.today()
	for _, q := range member.Posts {
		if !q.In(today) {
			continue
		}
		if q.ID == post || post == "" && q.ID == e.Post {
			a = s.actor(member.Person, q)
			break
		}
		if post == "" && a.Post == "" {
			a = s.actor(member.Person, q) // the session's own post has ended
		}
	}
	if want := cmp.Or(post, e.Post); want != a.Post {
		for _, other := range s.Deputising(e.Person) {
			if other.Post == want {
				a = other
			}
		}
	}
	if post != "" && a.Post != post {
		return Actor{}, fault.New(fault.Denied, "session.post")
	}
	a.Via, a.Session = e.Via, e.ID
	return a, nil
}

// session gives the session of a token and notes its use.
func (s *Store) session(ctx context.Context, token string) (*cached, error) {
	if len(token) != tokenSize*4/3+1 {
		return nil, ended()
	}
	key, now := tokenDigest(token), s.now()
	e, age := s.cache.get(key)
	if e == nil || now.Before(e.checked) || now.Sub(e.checked) >= s.opt.Fresh {
		fresh, err := s.readSession(ctx, key, now)
		if err != nil {
			return nil, err
		}
		if e != nil && e.ID == fresh.ID {
			fresh.seen.Store(max(e.seen.Load(), fresh.seen.Load()))
		}
		s.cache.put(key, fresh, age)
		e = fresh
	}
	if !s.alive(&e.Session, instant(e.seen.Load())) {
		return nil, ended()
	}
	e.seen.Store(max(e.seen.Load(), now.UnixMicro()))
	s.touch(ctx, e, now)
	return e, nil
}

// readSession reads a session and brings the directory up to date where another node has changed it.
func (s *Store) readSession(ctx context.Context, key string, now time.Time) (*cached, error) {
	e := &cached{checked: now}
	var version, disabled int64
	err := s.opt.DB.Read(ctx, func(tx *store.Tx) error {
		var err error
		e.Session, err = scanSession(tx.QueryRow(ctx, `SELECT s.id, s.person, s.post, s.via, s.agent, s.ip, s.idle, s.created_at, s.seen_at, s.expires_at,
			COALESCE(a.must_change, FALSE), p.disabled_at, v.version
			FROM identity_session s JOIN identity_person p ON p.id = s.person LEFT JOIN identity_account a ON a.person = s.person
			JOIN identity_state v ON v.id = 1 WHERE s.token = ?`, key), &e.mustChange, &disabled, &version)
		return err
	})
	if store.None(err) || err == nil && disabled != 0 {
		return nil, ended()
	}
	if err != nil {
		return nil, err
	}
	if version > s.Directory().version {
		if err := s.Refresh(ctx); err != nil {
			return nil, err
		}
	}
	e.seen.Store(e.Seen.UnixMicro())
	e.written.Store(e.Seen.UnixMicro())
	return e, nil
}

// touch writes the last use of a session at most once a minute. A write that fails costs at most a session that times out
// early on another node: reading goes on where the disk is full, so the fault is not the request's.
func (s *Store) touch(ctx context.Context, e *cached, now time.Time) {
	written := e.written.Load()
	if now.UnixMicro()-written < seenEvery.Microseconds() || !e.written.CompareAndSwap(written, now.UnixMicro()) {
		return
	}
	_ = s.opt.DB.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE identity_session SET seen_at = ? WHERE id = ? AND seen_at < ?`, now.UnixMicro(), e.ID, now.UnixMicro())
		return err
	})
}
