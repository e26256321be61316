package text

import (
	"strconv"
	"strings"
)

// maxTerms bounds the parts of a query; more are not looked at, so that a pasted book costs no more than a line.
const maxTerms = 32

// Phrase is a sequence of tokens that must stand next to each other. With Prefix the last one may be the beginning of a
// longer token.
type Phrase struct {
	Tokens []string
	Prefix bool
}

// Query splits what a person typed at white space into phrases which all must match. Text without a letter or digit
// gives none, which matches everything.
func Query(s string) []Phrase {
	var out []Phrase
	for _, term := range terms(s) {
		out = append(out, phrase(term))
	}
	return out
}

// terms gives the units of each part of a query that has any.
func terms(query string) [][]unit {
	var out [][]unit
	for field := range strings.FieldsSeq(query) {
		if us := units(field); len(us) > 0 {
			out = append(out, us)
		}
		if len(out) == maxTerms {
			break
		}
	}
	return out
}

// phrase leaves out the closing single character of a Han run at the end, for the text may go on there.
func phrase(us []unit) Phrase {
	var p Phrase
	for i, u := range us {
		last := i == len(us)-1
		if last && u.joined {
			break
		}
		p.Tokens = append(p.Tokens, token(us, i, u))
		p.Prefix = last
	}
	return p
}

// FTS5 writes the phrases as a MATCH expression of SQLite: "路灯 灯坏" AND "a"*. No phrase gives "".
func FTS5(phrases []Phrase) string {
	parts := make([]string, len(phrases))
	for i, p := range phrases {
		parts[i] = `"` + strings.Join(p.Tokens, " ") + `"`
		if p.Prefix {
			parts[i] += "*"
		}
	}
	return strings.Join(parts, " AND ")
}

// TSQuery writes the phrases as text of a PostgreSQL tsquery: ('路灯' <-> '灯坏') & ('a':*). No phrase gives "".
func TSQuery(phrases []Phrase) string {
	parts := make([]string, len(phrases))
	for i, p := range phrases {
		parts[i] = "('" + strings.Join(p.Tokens, "' <-> '") + "'"
		if p.Prefix {
			parts[i] += ":*"
		}
		parts[i] += ")"
	}
	return strings.Join(parts, " & ")
}

// TSVector writes tokens as text of a PostgreSQL tsvector: '路灯':1 '灯坏':2.
func TSVector(tokens []string) string {
	var b strings.Builder
	for i, t := range tokens {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString("'" + t + "':" + strconv.Itoa(i+1))
	}
	return b.String()
}
