package feel

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Regular expressions of FEEL are XPath's (XPath and XQuery functions 3.1 §5.6.1, over XML Schema part 2 appendix F).
// A pattern is rewritten for Go's RE2, which is linear in time; one with back references runs on a backtracking matcher
// over the same syntax tree, within the steps of the evaluation. Block names other than the few below are not known.

// pattern is a compiled regular expression.
type pattern struct {
	re     *regexp.Regexp
	tree   *syntax.Regexp // with back references; then re is nil
	groups int
}

// backRef is the first private-use character that stands for a back reference in the rewritten pattern.
const backRef = 0xF0000

// blocks are the Unicode blocks that may be named \p{Is…}.
var blocks = map[string][]rune{
	"IsBasicLatin": {0, 0x7F}, "IsLatin-1Supplement": {0x80, 0xFF}, "IsGreek": {0x370, 0x3FF}, "IsCyrillic": {0x400, 0x4FF},
	"IsHebrew": {0x590, 0x5FF}, "IsArabic": {0x600, 0x6FF}, "IsHiragana": {0x3040, 0x309F}, "IsKatakana": {0x30A0, 0x30FF},
	"IsGeneralPunctuation": {0x2000, 0x206F}, "IsCJKSymbolsandPunctuation": {0x3000, 0x303F},
	"IsCJKUnifiedIdeographs": {0x4E00, 0x9FFF}, "IsHalfwidthandFullwidthForms": {0xFF00, 0xFFEF},
}

// compilePattern reads an XPath pattern with flags out of "smix".
func compilePattern(p, flags string) (*pattern, bool) {
	r := rewriter{src: p, free: strings.Contains(flags, "x")}
	if !r.run() {
		return nil, false
	}
	text := r.out.String()
	goFlags := strings.Map(func(f rune) rune {
		if f == 'x' {
			return -1
		}
		return f
	}, flags)
	if strings.Trim(goFlags, "smi") != "" {
		return nil, false
	}
	if goFlags != "" {
		text = "(?" + goFlags + ")" + text
	}
	if !r.refs {
		re, err := regexp.Compile(text)
		return &pattern{re: re, groups: r.groups}, err == nil
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, false
	}
	return &pattern{tree: tree, groups: r.groups}, true
}

// rewriter turns an XPath pattern into one for RE2.
type rewriter struct {
	src    string
	pos    int
	free   bool // flag x: white space outside classes is dropped
	out    strings.Builder
	groups int
	open   []int  // groups not closed yet
	closed []bool // by group number − 1
	refs   bool
}

func (r *rewriter) run() bool {
	for r.pos < len(r.src) {
		c := r.src[r.pos]
		switch {
		case c == '\\':
			if !r.escape() {
				return false
			}
		case c == '[':
			set, ok := r.class(0)
			if !ok {
				return false
			}
			writeSet(&r.out, set)
		case c == '(':
			if !r.group() {
				return false
			}
		case c == ')':
			if n := len(r.open); n > 0 {
				if g := r.open[n-1]; g > 0 {
					r.closed[g-1] = true
				}
				r.open = r.open[:n-1]
			}
			r.out.WriteByte(c)
			r.pos++
		case r.free && strings.IndexByte(" \t\n\r", c) >= 0:
			r.pos++
		default:
			r.out.WriteByte(c)
			r.pos++
		}
	}
	return true
}

// group passes "(" and "(?:"; other extensions do not exist in XPath.
func (r *rewriter) group() bool {
	if strings.HasPrefix(r.src[r.pos:], "(?") {
		if !strings.HasPrefix(r.src[r.pos:], "(?:") {
			return false
		}
		r.open = append(r.open, 0)
		r.out.WriteString("(?:")
		r.pos += len("(?:")
		return true
	}
	r.groups++
	r.closed = append(r.closed, false)
	r.open = append(r.open, r.groups)
	r.out.WriteByte('(')
	r.pos++
	return true
}

// escape passes an escape outside a class.
func (r *rewriter) escape() bool {
	if r.pos+1 >= len(r.src) {
		return false
	}
	if d := r.src[r.pos+1]; d >= '1' && d <= '9' {
		return r.reference()
	}
	set, ok := r.escaped()
	if ok {
		writeSet(&r.out, set)
	}
	return ok
}

// reference is \N for the group N, which must be closed; the longest number that names a group counts.
func (r *rewriter) reference() bool {
	n, i := 0, r.pos+1
	for i < len(r.src) && r.src[i] >= '0' && r.src[i] <= '9' {
		next := n*10 + int(r.src[i]-'0')
		if n > 0 && next > r.groups {
			break
		}
		n = next
		i++
	}
	if n > r.groups || !r.closed[n-1] {
		return false
	}
	r.refs = true
	r.out.WriteString("(?:" + string(rune(backRef+n)) + ")")
	r.pos = i
	return true
}

// escaped reads an escape as a set of characters, in pairs of bounds.
func (r *rewriter) escaped() ([]rune, bool) {
	c, n := utf8.DecodeRuneInString(r.src[min(r.pos+1, len(r.src)):])
	r.pos += 1 + n
	one := func(c rune) ([]rune, bool) { return []rune{c, c}, true }
	switch c {
	case 'n':
		return one('\n')
	case 'r':
		return one('\r')
	case 't':
		return one('\t')
	case '\\', '|', '.', '?', '*', '+', '(', ')', '{', '}', '-', '[', ']', '^', '$', '/', ' ', '"':
		return one(c)
	case 's', 'S':
		return complementIf(c == 'S', []rune{'\t', '\n', '\r', '\r', ' ', ' '}), true
	case 'd', 'D':
		return named(`\p{Nd}`, c == 'D')
	case 'w', 'W':
		return named(`[\p{L}\p{M}\p{N}\p{S}]`, c == 'W')
	case 'i', 'I':
		return named(`[\p{L}\p{Nl}_:]`, c == 'I')
	case 'c', 'C':
		return named(`[\p{L}\p{M}\p{N}._:·-]`, c == 'C')
	case 'p', 'P':
		return r.property(c == 'P')
	}
	return nil, false
}

// property is \p{L} or \p{IsBasicLatin}.
func (r *rewriter) property(not bool) ([]rune, bool) {
	end := strings.IndexByte(r.src[r.pos:], '}')
	if end < 2 || r.src[r.pos] != '{' {
		return nil, false
	}
	name := r.src[r.pos+1 : r.pos+end]
	r.pos += end + 1
	if set, ok := blocks[name]; ok {
		return complementIf(not, set), true
	}
	const category = 2 // "Lu", "Nd"; scripts do not exist in XPath
	if len(name) > category {
		return nil, false
	}
	return named(`\p{`+name+`}`, not)
}

// named gives the characters of an RE2 class.
func named(class string, not bool) ([]rune, bool) {
	re, err := syntax.Parse(class, syntax.Perl)
	if err != nil || re.Op != syntax.OpCharClass {
		return nil, false
	}
	return complementIf(not, re.Rune), true
}

// class reads "[…]" with an optional subtraction "-[…]".
func (r *rewriter) class(depth int) ([]rune, bool) {
	const deepest = 20
	if depth > deepest {
		return nil, false
	}
	r.pos++
	not := strings.HasPrefix(r.src[r.pos:], "^")
	if not {
		r.pos++
	}
	var set, minus []rune
	for first := true; ; first = false {
		rest := r.src[r.pos:]
		switch {
		case rest == "":
			return nil, false
		case rest[0] == ']' && !first:
			r.pos++
			set = complementIf(not, tidy(set))
			if minus != nil {
				set = intersect(set, complementIf(true, minus))
			}
			return set, true
		case strings.HasPrefix(rest, "-[") && !first:
			r.pos++
			m, ok := r.class(depth + 1)
			if !ok || !strings.HasPrefix(r.src[r.pos:], "]") {
				return nil, false
			}
			minus = append([]rune{}, m...)
		case rest[0] == '[' || rest[0] == ']':
			return nil, false
		default:
			item, ok := r.item()
			if !ok {
				return nil, false
			}
			set = append(set, item...)
		}
	}
}

// item is one character, escape or range of a class.
func (r *rewriter) item() ([]rune, bool) {
	low, ok := r.atom()
	rest := r.src[r.pos:]
	if !ok || len(rest) < 2 || rest[0] != '-' || rest[1] == ']' || rest[1] == '[' || len(low) != 2 || low[0] != low[1] {
		return low, ok
	}
	r.pos++
	high, ok := r.atom()
	if !ok || len(high) != 2 || high[0] != high[1] || high[0] < low[0] {
		return nil, false
	}
	return []rune{low[0], high[0]}, true
}

func (r *rewriter) atom() ([]rune, bool) {
	if r.src[r.pos] == '\\' {
		return r.escaped()
	}
	c, n := utf8.DecodeRuneInString(r.src[r.pos:])
	r.pos += n
	return []rune{c, c}, true
}

// tidy sorts ranges and joins those that touch.
func tidy(set []rune) []rune {
	pairs := slices.SortedFunc(slices.Values(slices.Collect(slices.Chunk(set, 2))), slices.Compare)
	var out []rune
	for _, p := range pairs {
		if n := len(out); n > 0 && p[0] <= out[n-1]+1 {
			out[n-1] = max(out[n-1], p[1])
			continue
		}
		out = append(out, p...)
	}
	return out
}

func complementIf(not bool, set []rune) []rune {
	if !not {
		return set
	}
	var out []rune
	next := rune(0)
	for pair := range slices.Chunk(tidy(set), 2) {
		if pair[0] > next {
			out = append(out, next, pair[0]-1)
		}
		next = pair[1] + 1
	}
	if next <= utf8.MaxRune {
		out = append(out, next, utf8.MaxRune)
	}
	return out
}

func intersect(a, b []rune) []rune {
	both := append(slices.Clone(complementIf(true, a)), complementIf(true, b)...)
	return complementIf(true, both)
}

func writeSet(b *strings.Builder, set []rune) {
	if len(set) == 2 && set[0] == set[1] {
		b.WriteString(regexp.QuoteMeta(string(set[0])))
		return
	}
	if len(set) == 0 {
		b.WriteString(`[^\x00-\x{10FFFF}]`)
		return
	}
	b.WriteByte('[')
	for pair := range slices.Chunk(set, 2) {
		b.WriteString(`\x{` + strconv.FormatInt(int64(pair[0]), 16) + `}-\x{` + strconv.FormatInt(int64(pair[1]), 16) + `}`)
	}
	b.WriteByte(']')
}
