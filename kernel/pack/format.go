package pack

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"chengshu/base/fault"
	"chengshu/kernel/schema"
)

// indent is what a level of YAML is indented by.
const indent = 2

// FormatYAML gives a YAML file in one form: two spaces a level, no trailing space, at most one blank line in a row, line
// feeds, one at the end. Comments stay, those on lines of their own as deep as what follows them; texts in blocks keep
// their lines. A file that is no YAML is Invalid "pack.invalid" with its line. What the file says never changes.
func FormatYAML(file string, src []byte) ([]byte, error) {
	src = plain(src)
	var problems schema.Problems
	var doc yaml.Node
	if len(bytes.TrimSpace(src)) == 0 {
		return nil, nil
	}
	if schema.Document(file, src, &problems) == nil {
		return nil, problems.Fault()
	}
	if err := yaml.Unmarshal(src, &doc); err != nil {
		return nil, fault.New(fault.Invalid, "yaml.syntax", "file", file).With(err)
	}
	lines := strings.Split(strings.TrimRight(string(src), "\n"), "\n")
	f := &yamlForm{lines: lines, depth: map[int]int{}, raw: map[int]bool{}}
	f.walk(doc.Content[0], 0, true)
	out := f.write()
	var again yaml.Node
	if yaml.Unmarshal(out, &again) == nil && same(&doc, &again) {
		return out, nil
	}
	return src, nil // something this does not know how to write: better left as it is than changed
}

// plain takes away what no file needs: byte order mark, carriage returns.
func plain(src []byte) []byte {
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	return bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n"))
}

// yamlForm knows how deep each line stands that begins an entry.
type yamlForm struct {
	lines []string
	depth map[int]int  // line, from 1 → spaces before it
	raw   map[int]bool // lines inside a text that are not to be touched but moved
}

// walk notes the lines on which entries of block mappings and sequences begin. first tells whether the node itself begins a
// line.
func (f *yamlForm) walk(n *yaml.Node, deep int, first bool) {
	if n.Style&yaml.FlowStyle != 0 {
		return
	}
	switch n.Kind { //nolint:exhaustive // others hold no entries
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, v := n.Content[i], n.Content[i+1]
			if first || i > 0 {
				f.depth[k.Line] = deep
			}
			f.walk(v, deep+indent, v.Line != k.Line)
			f.block(v)
		}
	case yaml.SequenceNode:
		for i, v := range n.Content {
			line := v.Line
			for line > 0 && v.Line == line && !strings.HasPrefix(strings.TrimLeft(f.lines[line-1], " "), "-") && first {
				line-- // an entry may begin on the line after its dash
			}
			if first || i > 0 {
				f.depth[line] = deep
			}
			inner := deep + indent
			if v.Line == line { // right behind the dash, as far as it stands
				inner = deep + v.Column - n.Column
			}
			f.walk(v, inner, v.Line != line)
			f.block(v)
		}
	}
}

// block notes the lines of a text in a block, whose own indentation says something.
func (f *yamlForm) block(n *yaml.Node) {
	if n.Kind != yaml.ScalarNode || n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
		return
	}
	own := spaces(f.lines[n.Line-1])
	for at := n.Line; at < len(f.lines); at++ {
		line := f.lines[at]
		if strings.TrimSpace(line) != "" && spaces(line) <= own {
			return
		}
		f.raw[at+1] = true
	}
}

func spaces(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// write puts the lines together. A line that begins no entry moves with the entry it belongs to.
func (f *yamlForm) write() []byte {
	shift := make([]int, len(f.lines)+2)
	last := 0
	for i, line := range f.lines {
		if deep, ok := f.depth[i+1]; ok {
			last = deep - spaces(line)
		}
		shift[i+1] = last
	}
	var out []string
	for i, line := range f.lines {
		trimmed := strings.TrimSpace(line)
		switch {
		case f.raw[i+1] && trimmed == "":
			out = append(out, "")
		case trimmed == "":
			if len(out) > 0 && out[len(out)-1] != "" {
				out = append(out, "")
			}
		case strings.HasPrefix(trimmed, "#") && !f.raw[i+1]:
			out = append(out, strings.Repeat(" ", f.comment(i))+trimmed)
		default:
			tail := strings.TrimRight(line, " \t")
			if f.raw[i+1] {
				tail = line // a space at the end of a text's line is text
			}
			out = append(out, strings.Repeat(" ", max(0, spaces(line)+shift[i+1]))+strings.TrimLeft(tail, " "))
		}
	}
	return []byte(strings.TrimRight(strings.Join(out, "\n"), "\n") + "\n")
}

// comment gives how deep a comment stands: as the entry after it; at the end of the file as far as it stands.
func (f *yamlForm) comment(i int) int {
	for at := i + 1; at < len(f.lines); at++ {
		if deep, ok := f.depth[at+1]; ok {
			return deep
		}
		if t := strings.TrimSpace(f.lines[at]); t != "" && !strings.HasPrefix(t, "#") {
			return spaces(f.lines[i]) // inside something that spans lines
		}
	}
	return spaces(f.lines[i])
}

// same tells whether two documents say the same.
func same(a, b *yaml.Node) bool {
	var x, y any
	if a.Decode(&x) != nil || b.Decode(&y) != nil {
		return false
	}
	return reflect.DeepEqual(x, y) && order(a) == order(b)
}

// order is the keys of a document in their order, which counts in packs, and its comments without the space around them.
func order(n *yaml.Node) string {
	comments := strings.Join(strings.Fields(n.HeadComment+" "+n.LineComment+" "+n.FootComment), " ")
	out := []string{n.Value, n.Tag, comments}
	for _, c := range n.Content {
		out = append(out, order(c))
	}
	return strings.Join(out, "\x00") + "\x01"
}

// FormatCSV gives a CSV file in one form: quotes only where they are needed, no space around cells, line feeds, one at the
// end. Lines that begin with # are comments and stay. The fault Invalid "codes.csv" names the line.
func FormatCSV(file string, src []byte) ([]byte, error) {
	src = plain(src)
	if !utf8.Valid(src) {
		return nil, fault.New(fault.Invalid, "codes.csv", "file", file, "detail", "UTF-8")
	}
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	for rest, line := src, 1; len(rest) > 0; {
		first, after, _ := bytes.Cut(rest, []byte("\n"))
		if len(bytes.TrimSpace(first)) == 0 {
			rest, line = after, line+1
			continue
		}
		if first[0] == '#' {
			out.WriteString(strings.TrimRight(string(first), " \t") + "\n")
			rest, line = after, line+1
			continue
		}
		r := csv.NewReader(bytes.NewReader(rest))
		r.FieldsPerRecord = -1
		row, err := r.Read()
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fault.New(fault.Invalid, "codes.csv", "file", file, "line", line, "detail", err.Error())
		}
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
		if err := w.Write(row); err != nil {
			return nil, fault.Wrap("write "+file, err)
		}
		w.Flush()
		read := rest[:r.InputOffset()]
		rest, line = rest[len(read):], line+bytes.Count(read, []byte("\n"))
	}
	if !reflect.DeepEqual(cellsOf(src), cellsOf(out.Bytes())) { // a first cell that begins with #
		return src, nil
	}
	return out.Bytes(), nil
}

func cellsOf(text []byte) [][]string {
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord, r.Comment = -1, '#'
	rows, err := r.ReadAll()
	if err != nil {
		return nil
	}
	for _, row := range rows {
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
	}
	return rows
}
