package identity_test

import (
	"sync"
	"testing"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
)

func TestASVS_6_3_1_lockout_after_bad_tries(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		refused, throttled := 0, 0
		for range 20 {
			_, err := w.SignIn(t.Context(), "slr01", "wrong password", meta("192.0.2.7"))
			switch fault.CodeOf(err) {
			case "signin.failed":
				refused++
			case "signin.throttled":
				throttled++
			}
		}
		if refused != 5 || throttled != 15 {
			t.Errorf("got %d refused and %d throttled, want 5 and 15", refused, throttled)
		}
		_, err := w.SignIn(t.Context(), "slr01", secret, meta("203.0.113.1"))
		want(t, err, "signin.throttled") // the right password from elsewhere waits as well
		if got := len(entries(t, w.db, w.journal, "session.refuse")); got != 5 {
			t.Errorf("got %d entries of refusals, want 5", got)
		}
		// One guess whenever the wait is over: the wait doubles, so an hour lets few through.
		tries := 0
		for end := w.clock.Now().Add(time.Hour); w.clock.Now().Before(end); w.clock.Advance(time.Second) {
			_, err := w.SignIn(t.Context(), "slr01", "wrong password", meta("192.0.2.7"))
			if fault.CodeOf(err) == "signin.failed" {
				tries++
			}
		}
		if tries > 40 {
			t.Errorf("an hour let %d guesses through", tries)
		}
		w.clock.Advance(16 * time.Minute)
		w.signIn(t, "slr01")
		for range 5 { // a success forgives
			_, err := w.SignIn(t.Context(), "slr01", "wrong password", meta("192.0.2.8"))
			want(t, err, "signin.failed")
		}
	})
}

func TestASVS_6_3_1_parallel_tries_count(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		var wg sync.WaitGroup
		var mu sync.Mutex
		codes := map[string]int{}
		for range 20 {
			wg.Go(func() {
				_, err := w.SignIn(t.Context(), "slr01", "wrong password", meta("192.0.2.7"))
				mu.Lock()
				defer mu.Unlock()
				codes[fault.CodeOf(err)]++
			})
		}
		wg.Wait()
		if codes["signin.failed"] != 5 || codes["signin.throttled"] != 15 {
			t.Errorf("got %v, want 5 failed and 15 throttled", codes)
		}
	})
}

func TestASVS_6_3_1_address_is_throttled(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		for i := range 30 {
			_, err := w.SignIn(t.Context(), "user"+string(rune('a'+i)), "wrong password", meta("192.0.2.7"))
			want(t, err, "signin.failed")
		}
		_, err := w.SignIn(t.Context(), "slr01", secret, meta("192.0.2.7"))
		want(t, err, "signin.throttled")
		_, err = w.SignIn(t.Context(), "slr01", secret, meta("192.0.2.8"))
		must(t, err)
		for i := range 30 { // IPv6 customers own a /64
			_, err := w.SignIn(t.Context(), "other"+string(rune('a'+i)), "wrong password", meta("2001:db8::"+string(rune('1'+i%9))))
			want(t, err, "signin.failed")
		}
		_, err = w.SignIn(t.Context(), "slr01", secret, meta("2001:db8::ffff"))
		want(t, err, "signin.throttled")
	})
}

// What a stranger sees does not depend on whether the account exists.
func TestASVS_6_3_8_unknown_account_looks_the_same(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		for i := range 8 {
			_, known := w.SignIn(t.Context(), "slr01", "wrong password", meta("192.0.2.7"))
			_, unknown := w.SignIn(t.Context(), "nobody", "wrong password", meta("192.0.2.9"))
			if known.Error() != unknown.Error() {
				t.Errorf("try %d: got %v for a known and %v for an unknown account", i, known, unknown)
			}
		}
		must(t, w.Disable(t.Context(), w.system, w.clerk))
		w.clock.Advance(time.Hour)
		_, err := w.SignIn(t.Context(), "slr01", secret, meta("192.0.2.7"))
		want(t, err, "signin.failed")
	})
}

func TestASVS_7_3_1_idle_timeout(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		in := w.signIn(t, "slr01")
		for range 4 { // used every 20 minutes it lives on
			w.clock.Advance(20 * time.Minute)
			_, err := w.Authenticate(t.Context(), in.Token, "")
			must(t, err)
		}
		w.clock.Advance(31 * time.Minute)
		_, err := w.Authenticate(t.Context(), in.Token, "")
		want(t, err, "session.ended")
		_, err = w.Authenticate(t.Context(), in.Token, "")
		want(t, err, "session.ended") // asking does not revive it
		if list, err := w.Sessions(t.Context(), identity.Actor{Person: w.clerk}, w.clerk); err != nil || len(list) != 0 {
			t.Errorf("got %d sessions (%v), want none", len(list), err)
		}
		w.clock.Advance(time.Minute)
		must(t, w.Prune(t.Context()))
		must(t, w.db.Read(t.Context(), func(tx *store.Tx) error {
			var n int
			if err := tx.QueryRow(t.Context(), `SELECT COUNT(*) FROM identity_session`).Scan(&n); err != nil || n != 0 {
				t.Errorf("got %d rows (%v), want none", n, err)
			}
			return nil
		}))
	})
}

func TestASVS_7_3_2_absolute_timeout(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		in := w.signIn(t, "slr01")
		for range 12*6 - 1 {
			w.clock.Advance(10 * time.Minute)
			_, err := w.Authenticate(t.Context(), in.Token, "")
			must(t, err)
		}
		w.clock.Advance(10 * time.Minute)
		_, err := w.Authenticate(t.Context(), in.Token, "")
		want(t, err, "session.ended")
	})
}

func TestASVS_7_2_4_new_session_at_every_sign_in(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		a, b := w.signIn(t, "slr01"), w.signIn(t, "slr01")
		if a.Token == b.Token || a.Session.ID == b.Session.ID || len(a.Token) < 43 {
			t.Errorf("got tokens %d and %d long, want two different ones", len(a.Token), len(b.Token))
		}
	})
}

func TestASVS_7_4_1_token_reuse_after_sign_out(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		in := w.signIn(t, "slr01")
		_, err := w.Authenticate(t.Context(), in.Token, "")
		must(t, err)
		must(t, w.SignOut(t.Context(), in.Token))
		_, err = w.Authenticate(t.Context(), in.Token, "")
		want(t, err, "session.ended")
		must(t, w.SignOut(t.Context(), in.Token))
		if got := len(entries(t, w.db, w.journal, "session.end")); got != 1 {
			t.Errorf("got %d entries, want 1", got)
		}
	})
}

func TestASVS_7_4_2_disabling_kills_every_session(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		other := newStore(t, w.db, w.clock, w.journal, nil) // a second node with its own cache
		tokens := []string{w.signIn(t, "slr01").Token, w.signIn(t, "slr01").Token}
		for _, token := range tokens {
			_, err := w.Authenticate(t.Context(), token, "")
			must(t, err)
			_, err = other.Authenticate(t.Context(), token, "")
			must(t, err)
		}
		want(t, w.Disable(t.Context(), w.guard, w.clerk), "identity.power")
		want(t, w.Disable(t.Context(), w.system, w.system.Person), "identity.self")
		must(t, w.Disable(t.Context(), w.system, w.clerk))
		for _, token := range tokens {
			_, err := w.Authenticate(t.Context(), token, "")
			want(t, err, "session.ended") // at once here
		}
		w.clock.Advance(5 * time.Second)
		for _, token := range tokens {
			_, err := other.Authenticate(t.Context(), token, "")
			want(t, err, "session.ended") // within five seconds there
		}
		must(t, w.Enable(t.Context(), w.system, w.clerk))
		_, err := w.Authenticate(t.Context(), tokens[0], "")
		want(t, err, "session.ended")
		w.signIn(t, "slr01")
	})
}

func TestASVS_7_5_2_list_and_kill_sessions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		first, second := w.signIn(t, "slr01"), w.signIn(t, "slr01")
		mine, err := w.Authenticate(t.Context(), first.Token, "")
		must(t, err)
		list, err := w.Sessions(t.Context(), mine, w.clerk)
		must(t, err)
		if len(list) != 2 || list[0].Agent != "test" || list[0].IP != "192.0.2.7" {
			t.Errorf("got %+v, want two sessions", list)
		}
		_, err = w.Sessions(t.Context(), mine, w.system.Person)
		want(t, err, "identity.power")
		_, err = w.Authenticate(t.Context(), second.Token, "")
		must(t, err)
		must(t, w.Kill(t.Context(), mine, second.Session.ID))
		_, err = w.Authenticate(t.Context(), second.Token, "")
		want(t, err, "session.ended")
		admin := w.signIn(t, "sys")
		want(t, w.Kill(t.Context(), mine, admin.Session.ID), "session.unknown")
		want(t, w.Kill(t.Context(), mine, "nothing"), "session.unknown")
		must(t, w.Kill(t.Context(), w.guard, first.Session.ID))
		_, err = w.Authenticate(t.Context(), first.Token, "")
		want(t, err, "session.ended")
		if list, err := w.Sessions(t.Context(), w.system, w.clerk); err != nil || len(list) != 0 {
			t.Errorf("got %d sessions (%v), want none", len(list), err)
		}
	})
}

func TestSeenIsWrittenOnceAMinute(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		in := w.signIn(t, "slr01")
		before := w.db.Stats().Writes
		for range 30 {
			w.clock.Advance(4 * time.Second)
			_, err := w.Authenticate(t.Context(), in.Token, "")
			must(t, err)
		}
		if got := w.db.Stats().Writes - before; got != 2 {
			t.Errorf("two minutes of use gave %d writes, want 2", got)
		}
		before = w.db.Stats().Reads
		for range 100 {
			_, err := w.Authenticate(t.Context(), in.Token, "")
			must(t, err)
		}
		if got := w.db.Stats().Reads - before; got != 0 {
			t.Errorf("a hundred requests within three seconds gave %d reads, want none", got)
		}
	})
}

func TestIssuedSessionOutlivesIdling(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		var in *identity.SignedIn
		must(t, w.db.Write(t.Context(), func(tx *store.Tx) error {
			var err error
			in, err = w.Issue(t.Context(), tx, identity.System("demo"), w.clerk, identity.Meta{Via: "demo"}, identity.Life{Absolute: 10000 * time.Hour})
			return err
		}))
		w.clock.Advance(9000 * time.Hour)
		a, err := w.Authenticate(t.Context(), in.Token, "")
		must(t, err)
		if a.Via != "demo" || a.Post != w.post {
			t.Errorf("got %+v", a)
		}
		w.clock.Advance(1001 * time.Hour)
		_, err = w.Authenticate(t.Context(), in.Token, "")
		want(t, err, "session.ended")
	})
}
