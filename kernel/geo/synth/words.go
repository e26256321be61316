package synth

import (
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"

	"chengshu/base/fault"
)

// Words are the names and patterns of a county. Patterns hold {name}, {town}, {village}, {road}, {n}.
type Words struct {
	County   string
	First    []string // first syllables of names
	Second   []string // second syllables
	Patterns map[string]string
	POIs     []POIWord
}

// POIWord is a kind of POI: one for each village, town or the county, as its pattern holds {village}, {town} or none.
type POIWord struct{ Kind, Pattern string }

// patterns that must be there.
var patternKeys = [...]string{
	"street", "town", "community", "village", "cell", "general", "duty", "trunk", "local", "ring", "river", "address",
}

// ReadWords reads a word table: CSV with the header kind,key,word; kinds county, first, second, pattern, poi; lines
// beginning with # are comments. The fault is Invalid "synth.words".
func ReadWords(r io.Reader) (Words, error) {
	in := csv.NewReader(r)
	in.Comment, in.FieldsPerRecord = '#', 3
	w := Words{Patterns: map[string]string{}}
	for header := true; ; header = false {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return w, nil
		}
		if err != nil {
			return Words{}, fault.New(fault.Invalid, "synth.words").With(err)
		}
		if header {
			if row[0] != "kind" || row[1] != "key" || row[2] != "word" {
				return Words{}, fault.New(fault.Invalid, "synth.words", "line", 1)
			}
			continue
		}
		switch row[0] {
		case "county":
			w.County = row[2]
		case "first":
			w.First = append(w.First, strings.Fields(row[2])...)
		case "second":
			w.Second = append(w.Second, strings.Fields(row[2])...)
		case "pattern":
			w.Patterns[row[1]] = row[2]
		case "poi":
			w.POIs = append(w.POIs, POIWord{row[1], row[2]})
		default:
			line, _ := in.FieldPos(0)
			return Words{}, fault.New(fault.Invalid, "synth.words", "line", line)
		}
	}
}

// check tells whether there are patterns and enough names: one for each place, and as many again for roads.
func (w Words) check(places int) error {
	if w.County == "" {
		return fault.New(fault.Invalid, "synth.words", "missing", "county")
	}
	for _, key := range patternKeys {
		if w.Patterns[key] == "" {
			return fault.New(fault.Invalid, "synth.words", "missing", key)
		}
	}
	if len(w.First)*len(w.Second) < 2*places {
		return fault.New(fault.Invalid, "synth.words", "missing", "first,second", "need", 2*places)
	}
	return nil
}

// fill writes a pattern; pairs are placeholder and value.
func (w Words) fill(key string, pairs ...string) string {
	return strings.NewReplacer(pairs...).Replace(w.Patterns[key])
}

// names gives all compositions of two different syllables, each once, in the order of the syllables.
func (w Words) names() []string {
	seen := map[string]bool{}
	var out []string
	for _, a := range w.First {
		for _, b := range w.Second {
			if name := a + b; a != b && !seen[name] {
				seen[name] = true
				out = append(out, name)
			}
		}
	}
	return out
}

func number(n int) string { return strconv.Itoa(n) }
