package feel

import (
	"strings"
	"unicode/utf8"
)

// The scanner works on the source as it stands: what a name is depends on the names in scope (DMN 1.5 §10.3.1.2), so
// tokens cannot be cut before parsing.

// space is the white space of grammar rule 61, ideographic space included.
func space(r rune) bool {
	switch r {
	case ' ', '\t', '\n', '\r', '\v', '\f', 0x85, 0xA0, 0x1680, 0x180E, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF:
		return true
	}
	return r >= 0x2000 && r <= 0x200B
}

// nameStart is grammar rule 28 without "?", which stands for the input of a unary test.
func nameStart(r rune) bool {
	switch {
	case r < 0x80:
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
	case space(r):
		return false
	case r < 0x300:
		return r >= 0xC0 && r != 0xD7 && r != 0xF7 || r == 0xAA || r == 0xB5 || r == 0xBA
	}
	return r >= 0x370 && r <= 0x1FFF && r != 0x37E || r >= 0x200C && r <= 0x200D || r >= 0x2070 && r <= 0x218F ||
		r >= 0x2C00 && r <= 0x2FEF || r >= 0x3001 && r <= 0xD7FF || r >= 0xF900 && r <= 0xFDCF ||
		r >= 0xFDF0 && r <= 0xFFFC || r >= 0x10000 && r <= 0xEFFFF
}

// namePart is grammar rule 29.
func namePart(r rune) bool {
	return nameStart(r) || r >= '0' && r <= '9' || r == 0xB7 || r >= 0x300 && r <= 0x36F || r >= 0x203F && r <= 0x2040
}

// nameSymbol is an additional name symbol, grammar rule 30.
func nameSymbol(r rune) bool { return strings.ContainsRune("./-’'+*", r) }

// word gives the end of the run of name parts at pos.
func word(s string, pos int) int {
	for pos < len(s) {
		r, n := utf8.DecodeRuneInString(s[pos:])
		if !namePart(r) {
			break
		}
		pos += n
	}
	return pos
}

// blank skips white space.
func blank(s string, pos int) int {
	for pos < len(s) {
		r, n := utf8.DecodeRuneInString(s[pos:])
		if !space(r) {
			break
		}
		pos += n
	}
	return pos
}

// nameTokens cuts a declared name into words and symbols.
func nameTokens(name string) []string {
	var toks []string
	for pos := blank(name, 0); pos < len(name); pos = blank(name, pos) {
		end := word(name, pos)
		if end == pos {
			_, n := utf8.DecodeRuneInString(name[pos:])
			end = pos + n
		}
		toks = append(toks, name[pos:end])
		pos = end
	}
	return toks
}

// matchTokens tells where the tokens of a name end if they stand at pos; white space between them does not matter.
func matchTokens(s string, pos int, toks []string) (end int, ok bool) {
	for i, t := range toks {
		if i > 0 {
			pos = blank(s, pos)
		}
		if !strings.HasPrefix(s[pos:], t) {
			return 0, false
		}
		end = pos + len(t)
		if r, _ := utf8.DecodeRuneInString(t); namePart(r) && word(s, pos) != end {
			return 0, false
		}
		pos = end
	}
	return pos, true
}

// normal is a name with its white space reduced, the form in which names are compared.
func normal(name string) string {
	if !strings.ContainsFunc(name, func(r rune) bool { return space(r) }) {
		return name
	}
	return strings.Join(strings.FieldsFunc(name, space), " ")
}

// position turns a byte offset into line and column.
func position(src string, off int) Pos {
	off = min(off, len(src))
	line := strings.Count(src[:off], "\n") + 1
	start := strings.LastIndexByte(src[:off], '\n') + 1
	return Pos{Line: line, Column: utf8.RuneCountInString(src[start:off]) + 1}
}

func clip(s string) string {
	const most = 40
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}
