package store

import (
	"strconv"
	"strings"
	"sync"
)

// Dialect names the database behind a DB.
type Dialect uint8

// The two databases.
const (
	SQLite Dialect = iota
	PostgreSQL
)

// String gives "sqlite" or "postgres".
func (d Dialect) String() string {
	if d == PostgreSQL {
		return "postgres"
	}
	return "sqlite"
}

// binds turns ? placeholders into $1, $2 … and remembers the results: texts come from the program and from declarations,
// so their number is small. A nil binds leaves texts alone, as SQLite wants them.
type binds struct {
	mu sync.RWMutex
	m  map[string]string
}

// bindsMax bounds the memory of statements whose text is put together at run time (filters of lists).
const bindsMax = 4096

func (b *binds) text(query string) string {
	if b == nil || strings.IndexByte(query, '?') < 0 {
		return query
	}
	b.mu.RLock()
	out, ok := b.m[query]
	b.mu.RUnlock()
	if ok {
		return out
	}
	out = rebind(query)
	b.mu.Lock()
	if b.m == nil || len(b.m) >= bindsMax {
		b.m = make(map[string]string)
	}
	b.m[query] = out
	b.mu.Unlock()
	return out
}

// rebind leaves question marks inside string literals, quoted identifiers, dollar-quoted text and comments.
func rebind(query string) string {
	var b strings.Builder
	b.Grow(len(query) + 16)
	n := 0
	for i := 0; i < len(query); {
		if end := skip(query, i); end > i {
			b.WriteString(query[i:end])
			i = end
			continue
		}
		if query[i] == '?' {
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
		} else {
			b.WriteByte(query[i])
		}
		i++
	}
	return b.String()
}

// skip gives the end of the literal, quoted identifier or comment that starts at i, or i where none does. One left open
// reaches to the end of the text: the database says so.
func skip(s string, i int) int {
	rest := s[i:]
	switch {
	case s[i] == '\'':
		escape := i > 0 && (s[i-1] == 'E' || s[i-1] == 'e') && (i == 1 || !isWord(s[i-2]))
		return skipQuote(s, i, '\'', escape)
	case s[i] == '"':
		return skipQuote(s, i, '"', false)
	case strings.HasPrefix(rest, "--"):
		if n := strings.IndexByte(rest, '\n'); n >= 0 {
			return i + n
		}
		return len(s)
	case strings.HasPrefix(rest, "/*"):
		return skipComment(s, i)
	case s[i] == '$' && (i == 0 || !isWord(s[i-1])):
		j := i + 1
		for j < len(s) && isWord(s[j]) {
			j++
		}
		if j >= len(s) || s[j] != '$' || (j > i+1 && s[i+1] >= '0' && s[i+1] <= '9') {
			return i
		}
		tag := s[i : j+1]
		if n := strings.Index(s[j+1:], tag); n >= 0 {
			return j + 1 + n + len(tag)
		}
		return len(s)
	}
	return i
}

func skipQuote(s string, i int, quote byte, escape bool) int {
	for j := i + 1; j < len(s); j++ {
		switch {
		case escape && s[j] == '\\':
			j++
		case s[j] == quote && j+1 < len(s) && s[j+1] == quote:
			j++
		case s[j] == quote:
			return j + 1
		}
	}
	return len(s)
}

// skipComment follows the nesting of PostgreSQL's block comments.
func skipComment(s string, i int) int {
	depth := 0
	for j := i; j+1 < len(s); j++ {
		switch s[j : j+2] {
		case "/*":
			depth++
			j++
		case "*/":
			depth--
			j++
			if depth == 0 {
				return j + 1
			}
		}
	}
	return len(s)
}

func isWord(c byte) bool {
	return c == '_' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// DDL turns the portable text of CREATE TABLE and ALTER TABLE statements into the dialect's: on PostgreSQL the type TEXT
// gets COLLATE "C", because ranges over paths and codes want byte order as on SQLite, and BLOB is BYTEA. Types are written
// in capitals; other statements, literals and comments stay.
func (d Dialect) DDL(text string) string {
	if d != PostgreSQL {
		return text
	}
	var b strings.Builder
	b.Grow(len(text) + 64)
	table := false // inside a statement that declares columns
	start := true  // at the start of a statement
	for i := 0; i < len(text); {
		if end := skip(text, i); end > i {
			b.WriteString(text[i:end])
			i = end
			continue
		}
		if !isWord(text[i]) {
			if text[i] == ';' {
				start = true
			}
			b.WriteByte(text[i])
			i++
			continue
		}
		j := i
		for j < len(text) && isWord(text[j]) {
			j++
		}
		word := text[i:j]
		if start {
			table = strings.EqualFold(word, "CREATE") || strings.EqualFold(word, "ALTER")
			start = false
		}
		switch {
		case table && word == "TEXT":
			b.WriteString(`TEXT COLLATE "C"`)
		case table && word == "BLOB":
			b.WriteString("BYTEA")
		default:
			b.WriteString(word)
		}
		i = j
	}
	return b.String()
}
