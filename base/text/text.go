// Package text prepares Chinese and mixed text for full-text search: tokens, phrase queries, highlights and pinyin.
//
// A run of Han (or kana, hangul) characters becomes overlapping pairs, and its last character once more alone; a run of
// other letters and digits becomes one token in lower case. All is folded as NFKC first, so full-width and half-width
// forms meet. With these tokens in order, a phrase query finds every substring of two or more characters and a prefix
// query every single character, exactly: measured recall of words of two characters with the stock tokenisers is nil.
//
// The package holds no SQL and no index: see kernel/search. It does not segment words and does not rank.
//
// Main types: Phrase, Range.
package text

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxWord is the longest token in characters; the rest of a longer word is cut, in texts and queries alike, because
// databases bound the length of a lexeme.
const maxWord = 64

// unit is a Han character or a whole word of the folded text.
type unit struct {
	text   []rune
	start  int   // byte offset in the original text
	ends   []int // byte offset after each character
	han    bool
	joined bool // continues the Han run of the unit before
}

// Fold gives the text in lower case with compatibility forms resolved: "ＡＢＣ１㎡" is "abc1m2".
func Fold(s string) string {
	var b strings.Builder
	fold(s, func(r rune, _, _ int) { b.WriteRune(r) })
	return b.String()
}

// fold calls visit for each character of the folded text with the bytes of the original it came from.
func fold(s string, visit func(r rune, start, end int)) {
	var it norm.Iter
	it.InitString(norm.NFKC, s)
	for !it.Done() {
		start := it.Pos()
		segment := string(it.Next())
		end := it.Pos()
		for _, r := range segment {
			visit(unicode.ToLower(r), start, end)
		}
	}
}

func isHan(r rune) bool {
	return r >= 0x1100 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo)
}

// isIgnored tells marks that change the look of a character but not what it is.
func isIgnored(r rune) bool {
	return r > 0x7f && unicode.In(r, unicode.Cf, unicode.Variation_Selector)
}

func isWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}

// units splits a text into Han characters and words; all else only separates.
func units(s string) []unit {
	var out []unit
	const none, inHan, inWord = 0, 1, 2
	state := none
	fold(s, func(r rune, start, end int) {
		switch {
		case isIgnored(r) || state == inHan && unicode.IsMark(r):
		case isHan(r):
			out = append(out, unit{text: []rune{r}, start: start, ends: []int{end}, han: true, joined: state == inHan})
			state = inHan
		case isWord(r) && state == inWord:
			if last := &out[len(out)-1]; len(last.text) < maxWord {
				last.text, last.ends = append(last.text, r), append(last.ends, end)
			}
		case isWord(r):
			out = append(out, unit{text: []rune{r}, start: start, ends: []int{end}})
			state = inWord
		default:
			state = none
		}
	})
	return out
}

// Tokens gives the tokens of a text in order, ready to be joined by spaces. They hold letters, digits and marks only, so
// SQLite's FTS5 must be told tokenize='ascii', which keeps every character outside ASCII. In a tsvector their positions
// count from 1; PostgreSQL keeps positions up to 16383 and 256 of a token, so longer texts are indexed in pieces.
func Tokens(s string) []string {
	us := units(s)
	out := make([]string, 0, len(us)+8)
	for i, u := range us {
		out = append(out, token(us, i, u))
	}
	return out
}

// token is the pair that begins with unit i, or the unit alone where its run ends.
func token(us []unit, i int, u unit) string {
	if i+1 < len(us) && us[i+1].joined {
		return string([]rune{u.text[0], us[i+1].text[0]})
	}
	return string(u.text)
}
