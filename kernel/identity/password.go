package identity

import (
	_ "embed" // weak.txt
	"encoding/base64"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"chengshu/base/fault"
	"chengshu/base/text"
)

//go:embed weak.txt
var weakList string

// Rules say which passwords may be chosen.
type Rules struct {
	Min     int // characters
	Max     int // characters
	Classes int // kinds of characters required: lower case, capitals, digits, others; 0 for no such rule
	Days    int // a password must be changed after so many days; 0 for never
	Past    int // so many earlier passwords may not be chosen again
}

// RulesASVS follows OWASP ASVS 5.0 §6.2: length and a list of known passwords, no composition, no rotation.
func RulesASVS() Rules { return Rules{Min: 8, Max: 128} }

// RulesDengbao adds what assessors of GB/T 22239-2019 §8.1.4.1 commonly ask for: three kinds of characters, rotation
// after 90 days, none of the last five. It contradicts ASVS 6.2.5 and 6.2.10 on purpose.
func RulesDengbao() Rules { return Rules{Min: 8, Max: 128, Classes: 3, Days: 90, Past: 5} }

// Preset gives the rules of a name from the configuration: "asvs" (or empty) and "dengbao".
func Preset(name string) (Rules, error) {
	switch name {
	case "", "asvs":
		return RulesASVS(), nil
	case "dengbao":
		return RulesDengbao(), nil
	}
	return Rules{}, fault.New(fault.Invalid, "password.preset", "name", name)
}

// Check refuses a password that the rules do not allow for the account: Invalid "password.refused" with one field fault
// at /password: password.short, password.long, password.classes, password.username or password.known.
func (r Rules) Check(username, password string) error {
	refused := func(code string, args ...any) error {
		return fault.New(fault.Invalid, "password.refused").At("/password", code, args...)
	}
	n := utf8.RuneCountInString(password)
	switch {
	case n < r.Min:
		return refused("password.short", "min", r.Min)
	case n > r.Max:
		return refused("password.long", "max", r.Max)
	case classes(password) < r.Classes:
		return refused("password.classes", "classes", r.Classes)
	}
	folded := text.Fold(password)
	if username != "" && len(username) >= 4 && strings.Contains(folded, username) {
		return refused("password.username")
	}
	if monotone(folded) || known(folded) {
		return refused("password.known")
	}
	return nil
}

func classes(s string) int {
	var lower, upper, digit, other int
	for _, c := range s {
		switch {
		case unicode.IsLower(c):
			lower = 1
		case unicode.IsUpper(c):
			upper = 1
		case unicode.IsDigit(c):
			digit = 1
		default:
			other = 1
		}
	}
	return lower + upper + digit + other
}

// monotone tells words whose characters repeat or count up or down throughout: aaaaaaaa, abcdefgh, 98765432.
func monotone(s string) bool {
	runes := []rune(s)
	if len(runes) < 2 {
		return true
	}
	step := runes[1] - runes[0]
	if step < -1 || step > 1 {
		return false
	}
	for i := 2; i < len(runes); i++ {
		if runes[i]-runes[i-1] != step {
			return false
		}
	}
	return true
}

// known tells whether the word stands in the list. The list is short and a password is chosen rarely, so it is read
// through rather than kept as a map.
func known(word string) bool {
	if strings.ContainsAny(word, "\r\n") || strings.HasPrefix(word, "#") {
		return false
	}
	return strings.Contains(weakList, "\n"+word+"\n")
}

// word gives a random word of n bytes of entropy in URL-safe letters.
func (s *Store) word(n int) (string, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.opt.Random, b); err != nil {
		return "", fault.Wrap("random", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}
