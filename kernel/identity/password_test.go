package identity

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"

	"chengshu/base/fault"
)

func TestASVS_6_2_password_rules(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, username, password string
		rules                    Rules
		want                     string
	}{
		{"seven characters", "", "k9#mQz2", RulesASVS(), "password.short"},
		{"seven Chinese characters", "", "井盖路灯缺失了", RulesASVS(), "password.short"},
		{"eight Chinese characters", "", "井盖路灯缺失了呀", RulesASVS(), ""},
		{"eight letters", "", "kvmqzepw", RulesASVS(), ""},
		{"64 characters", "", strings.Repeat("kvmqzepw", 8), RulesASVS(), ""},
		{"128 characters", "", strings.Repeat("kvmqzepw", 16), RulesASVS(), ""},
		{"129 characters", "", strings.Repeat("kvmqzepw", 16) + "x", RulesASVS(), "password.long"},
		{"leaked", "", "password", RulesASVS(), "password.known"},
		{"leaked in capitals", "", "PassWord1", RulesASVS(), "password.known"},
		{"leaked in full width", "", "ｐａｓｓｗｏｒｄ", RulesASVS(), "password.known"},
		{"keyboard row", "", "1qaz2wsx", RulesASVS(), "password.known"},
		{"common in China", "", "woaini1314", RulesASVS(), "password.known"},
		{"one character", "", "zzzzzzzzzz", RulesASVS(), "password.known"},
		{"counting", "", "23456789:", RulesASVS(), "password.known"},
		{"counting down", "", "hgfedcba", RulesASVS(), "password.known"},
		{"holds the username", "slr01", "xSLR01-2026", RulesASVS(), "password.username"},
		{"line break cannot match the list", "", "password\nsunshine", RulesASVS(), ""},
		{"spaces are allowed", "", "right horse battery", RulesASVS(), ""},
		{"two classes under dengbao", "", "kvmqzepw1", RulesDengbao(), "password.classes"},
		{"three classes under dengbao", "", "kvmqZepw1", RulesDengbao(), ""},
		{"leaked under dengbao", "", "P@ssw0rd", RulesDengbao(), "password.known"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := tt.rules.Check(tt.username, tt.password); err != nil {
				f, ok := err.(*fault.Error) //nolint:errorlint // the fault itself is under test
				if !ok || len(f.Fields) != 1 {
					t.Fatalf("got %v", err)
				}
				got = f.Fields[0].Code
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if n := strings.Count(weakList, "\n"); n < 3000 {
		t.Errorf("the list holds %d lines, ASVS 6.2.4 wants 3,000 passwords", n)
	}
}

func TestPreset(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Rules{"": RulesASVS(), "asvs": RulesASVS(), "dengbao": RulesDengbao()} {
		if got, err := Preset(name); err != nil || got != want {
			t.Errorf("%q: got %+v, %v", name, got, err)
		}
	}
	if _, err := Preset("weak"); fault.CodeOf(err) != "password.preset" {
		t.Errorf("got %v", err)
	}
}

func TestHashRoundTrip(t *testing.T) {
	t.Parallel()
	s := &Store{hashing: make(chan struct{}, 1)}
	for name, cost := range map[string]Cost{"argon2id": DemoCost(), "default": DefaultCost(), "sm3": {Rounds: 1000}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hash, err := cost.hash(rand.Reader, "井盖 password")
			if err != nil {
				t.Fatal(err)
			}
			for password, want := range map[string]bool{"井盖 password": true, "井盖 passwore": false, "": false} {
				if ok, outdated, err := s.opens(context.Background(), hash, password); err != nil || ok != want || !outdated {
					t.Errorf("%q: got %v, %v, %v, want %v", password, ok, outdated, err, want)
				}
			}
			if again, _ := cost.hash(rand.Reader, "井盖 password"); again == hash {
				t.Error("two hashes of one password are the same")
			}
		})
	}
}

// A hash from the tests of the Argon2 reference implementation.
func TestHashIsPHC(t *testing.T) {
	t.Parallel()
	s := &Store{hashing: make(chan struct{}, 1)}
	const hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if ok, _, err := s.opens(context.Background(), hash, "password"); err != nil || !ok {
		t.Errorf("got %v, %v for the reference's own test value", ok, err)
	}
}

func FuzzParseHash(f *testing.F) {
	hash, err := DemoCost().hash(rand.Reader, "x")
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{hash, "", "$$$", "$argon2id$v=19$m=4294967295,t=1,p=1$AAAA$AAAA", "$pbkdf2-sm3$i=9999999999$AAAA$AAAA", "$argon2id$v=19$m=64,t=1,p=0$AAAA$AAAA"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, _, key, err := parseHash(s)
		if err == nil && (c.Rounds == 0 || c.KiB > maxKiB || len(key) != keySize || !strings.HasPrefix(s, c.head())) {
			t.Errorf("%q was read as %+v", s, c)
		}
	})
}
