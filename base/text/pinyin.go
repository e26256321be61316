package text

import (
	"slices"
	"strings"

	"github.com/mozillazg/go-pinyin"
)

// maxReadings bounds the combinations of readings Keys gives for a name of many polyphonic characters.
const maxReadings = 16

// Pinyin gives a name in pinyin without tones, syllables joined, other letters and digits folded, all else left out:
// "长安路12号" is "changanlu12hao". Of several readings the most common one is taken; ü is written v.
func Pinyin(s string) string { return full(spell(s, 1)[0]) }

// Initials gives the first letters of the pinyin: "长安路12号" is "cal12h".
func Initials(s string) string { return initials(spell(s, 1)[0]) }

// Keys gives all spellings under which a name may be looked for: full pinyin and initials of each combination of its
// characters' readings, at most 16 combinations, the most common one first, without repetition.
func Keys(s string) []string {
	var out []string
	seen := map[string]bool{"": true}
	for _, reading := range spell(s, maxReadings) {
		for _, key := range []string{full(reading), initials(reading)} {
			if !seen[key] {
				seen[key] = true
				out = append(out, key)
			}
		}
	}
	return out
}

// syllable is the reading of a Han character, or a word as it stands.
type syllable struct {
	text string
	word bool
}

func full(reading []syllable) string {
	var b strings.Builder
	for _, s := range reading {
		b.WriteString(s.text)
	}
	return b.String()
}

func initials(reading []syllable) string {
	var b strings.Builder
	for _, s := range reading {
		if s.word {
			b.WriteString(s.text)
		} else {
			b.WriteByte(s.text[0])
		}
	}
	return b.String()
}

// spell gives one to limit readings of a text; there is always one, be it empty.
func spell(s string, limit int) [][]syllable {
	readings := [][]syllable{nil}
	args := pinyin.Args{Style: pinyin.Normal, Heteronym: true}
	for _, u := range units(s) {
		if !u.han {
			readings = extend(readings, []syllable{{string(u.text), true}}, limit)
			continue
		}
		var options []syllable
		seen := map[string]bool{"": true}
		for _, p := range pinyin.SinglePinyin(u.text[0], args) {
			if !seen[p] {
				seen[p] = true
				options = append(options, syllable{p, false})
			}
		}
		if len(options) > 0 {
			readings = extend(readings, options, limit)
		}
	}
	return readings
}

// extend appends every option to every reading, the first option first, as long as the limit allows. The readings are
// the caller's no longer.
func extend(readings [][]syllable, options []syllable, limit int) [][]syllable {
	n := len(readings)
	for _, o := range options[1:] {
		for _, r := range readings[:n] {
			if len(readings) < limit {
				readings = append(readings, append(slices.Clone(r), o))
			}
		}
	}
	for i := range n {
		readings[i] = append(readings[i], options[0])
	}
	return readings
}
