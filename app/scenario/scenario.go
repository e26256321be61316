// Package scenario runs the txtar scripts of packs: office behaviour in the words of the office, against the real app with
// a fake clock. It is used by "chengshu pack test" and by the tests of the repository, on SQLite and on PostgreSQL.
//
// The verbs stand in docs/guide/pack-author.md. Everything people do goes through the HTTP surface, so that a scenario
// drives exactly what a client would.
//
// Main types: Script, Run.
package scenario

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"golang.org/x/tools/txtar"

	"chengshu/base/clock"
	"chengshu/base/fault"
)

// Script is one parsed scenario.
type Script struct {
	Name  string   // file name
	Title string   // first comment line
	Plans []string // ids of systems it drives
	Lines []Line
	Files map[string][]byte
}

// Line is one act.
type Line struct {
	Number int
	Refuse bool // begins with "!": must be refused
	Verb   string
	Args   []string
}

// Parse reads a scenario; an Invalid fault "scenario.syntax" names the line.
func Parse(name string, text []byte) (*Script, error) {
	a := txtar.Parse(text)
	s := &Script{Name: name, Files: map[string][]byte{}}
	for _, f := range a.Files {
		s.Files[f.Name] = f.Data
	}
	for i, raw := range strings.Split(string(a.Comment), "\n") {
		line := strings.TrimSpace(raw)
		if comment, ok := strings.CutPrefix(line, "#"); ok || line == "" {
			if s.Title == "" {
				s.Title = strings.TrimSpace(comment)
			}
			continue
		}
		words, err := split(line)
		if err != nil {
			return nil, fault.New(fault.Invalid, "scenario.syntax", "file", name, "line", i+1).With(err)
		}
		l := Line{Number: i + 1}
		if words[0] == "!" {
			l.Refuse, words = true, words[1:]
		}
		if len(words) == 0 {
			return nil, fault.New(fault.Invalid, "scenario.syntax", "file", name, "line", i+1)
		}
		l.Verb, l.Args = words[0], words[1:]
		if l.Verb == "plan" {
			s.Plans = append(s.Plans, l.Args...)
			continue
		}
		s.Lines = append(s.Lines, l)
	}
	return s, nil
}

// split cuts a line into words; quotes keep blanks together, also behind "key=".
func split(line string) ([]string, error) {
	var out []string
	var b strings.Builder
	quote, quoted := rune(0), false
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			b.WriteRune(r)
		case r == '"' || r == '\'':
			quote, quoted = r, true
		case r == ' ' || r == '\t':
			if quoted || b.Len() > 0 {
				out = append(out, b.String())
				b.Reset()
				quoted = false
			}
		default:
			b.WriteRune(r)
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("unclosed %c", quote)
	}
	if quoted || b.Len() > 0 {
		out = append(out, b.String())
	}
	return out, nil
}

// keys cuts "key=value" words from the others.
func keys(args []string) (plain []string, named map[string]string) {
	named = map[string]string{}
	key := regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.:-]*=`)
	for _, a := range args {
		if key.MatchString(a) {
			k, v, _ := strings.Cut(a, "=")
			named[k] = v
		} else {
			plain = append(plain, a)
		}
	}
	return plain, named
}

// LineError is a line that did not go as the scenario says.
type LineError struct {
	File string
	Line int
	Text string
}

// Error gives "file:line: text".
func (f *LineError) Error() string { return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Text) }

// Run runs a script on a world. The first line that does not go as it says ends it with a *LineError.
func Run(ctx context.Context, s *Script, w *World) error {
	w.files = s.Files
	w.vars = map[string]*ref{}
	w.Clock.Set(time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai))
	for _, l := range s.Lines {
		if err := w.do(ctx, l); err != nil {
			return &LineError{File: s.Name, Line: l.Number, Text: l.Verb + " " + strings.Join(l.Args, " ") + ": " + err.Error()}
		}
	}
	return nil
}

// substitute puts the ids of variables into a file: "$C" becomes the id of the record.
func (w *World) substitute(text []byte) []byte {
	for name, r := range w.vars {
		text = bytes.ReplaceAll(text, []byte(`"$`+name+`"`), []byte(`"`+r.id+`"`))
	}
	return text
}
