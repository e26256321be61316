package search

import (
	"context"
	"strconv"
	"strings"
	"unicode"

	"chengshu/base/store"
	"chengshu/base/text"
)

// PostgreSQL keeps positions up to 16383 in a tsvector, 256 of one lexeme, and a megabyte in all.
const (
	maxPositions = 15_000 // leaves room for the initials
	maxRepeats   = 255
	maxBytes     = 400_000
)

// pieces cuts tokens so that each piece fits a tsvector. Neighbours share as many tokens as the longest query has, so that
// no phrase is cut in two; a piece is longer than that, so the cutting ends.
func pieces(tokens []string) [][]string {
	var out [][]string
	for start := 0; ; {
		end := fit(tokens[start:]) + start
		out = append(out, tokens[start:end])
		if end == len(tokens) {
			return out
		}
		start = end - (maxQuery - 1)
	}
}

// fit tells how many tokens go into one piece.
func fit(tokens []string) int {
	repeats, bytes := map[string]int{}, 0
	for i, t := range tokens {
		repeats[t]++
		bytes += len(t) + 8
		if i == maxPositions || repeats[t] > maxRepeats || bytes > maxBytes {
			return i
		}
	}
	return len(tokens)
}

// putPieces writes the pieces of a record and removes those of a longer text before. The initials stand at the end of
// the first one, two positions apart, so that no phrase meets them. Without positions they would break the phrases that end
// in a prefix they have: PostgreSQL gives up on a lexeme whose place it does not know.
func putPieces(ctx context.Context, tx *store.Tx, typ, id string, pieces [][]string, keys []string) error {
	for n, tokens := range pieces {
		var vector strings.Builder
		vector.WriteString(text.TSVector(tokens))
		for i := 0; n == 0 && i < len(keys); i++ {
			vector.WriteString(" '" + keys[i] + "':" + strconv.Itoa(len(tokens)+2*(i+1)))
		}
		if _, err := tx.Exec(ctx, `INSERT INTO search_doc (type, id, piece, body) VALUES (?, ?, ?, CAST(? AS tsvector))
			ON CONFLICT (type, id, piece) DO UPDATE SET body = excluded.body`, typ, id, n, vector.String()); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `DELETE FROM search_doc WHERE type = ? AND id = ? AND piece >= ?`, typ, id, len(pieces))
	return err
}

// Bounds of the initials, in characters: of a run that is looked at, and of what is kept from each of its characters on.
const (
	maxRun  = 40
	maxHead = 12
	maxKeys = 200
)

// initials gives the pinyin initials of names from each Han character on, so that "jgqs" finds "东街井盖缺失", and for
// short runs also the other readings and the full pinyin.
func initials(names []string) []string {
	var out []string
	seen := map[string]bool{"": true}
	add := func(keys ...string) {
		for _, k := range keys {
			if !seen[k] && len(out) < maxKeys {
				seen[k] = true
				out = append(out, k)
			}
		}
	}
	for _, name := range names {
		for _, run := range hanRuns(name) {
			run = run[:min(len(run), maxRun)]
			for i := range run {
				add(text.Initials(string(run[i:min(len(run), i+maxHead)])))
			}
			if len(run) <= maxHead {
				add(text.Keys(string(run))...)
			}
		}
	}
	return out
}

// hanRuns gives the stretches of Chinese characters in a name.
func hanRuns(name string) [][]rune {
	var out [][]rune
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return !unicode.Is(unicode.Han, r) }) {
		out = append(out, []rune(word))
	}
	return out
}
