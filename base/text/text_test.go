package text_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"
	"pgregory.net/rapid"

	"chengshu/base/text"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"":                "",
		"井盖缺失":            "井盖 盖缺 缺失 失",
		"井":               "井",
		"G2路灯坏了，速修":       "g2 路灯 灯坏 坏了 了 速修 修",
		"ＡＢＣ１２ def":       "abc12 def",
		"面积㎡①":            "面积 积 m21",
		"2026-0001号":      "2026 0001 号",
		"〇〇一":             "〇〇 〇一 一",
		"﨑":               "﨑",
		"!?。、":            "",
		"𠮷野家":             "𠮷野 野家 家",
		"葛\U000E0100城":    "葛城 城",
		"cafe\u0301 CAFÉ": "café café",
		"\xff井\xfe盖":      "井 盖",
	}
	for in, want := range tests {
		if got := strings.Join(text.Tokens(in), " "); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	long := strings.Repeat("a", 1000)
	if got := text.Tokens(long); len(got) != 1 || len(got[0]) != 64 {
		t.Errorf("long word: got %d tokens of %d", len(got), len(got[0]))
	}
}

func TestQuery(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, fts, ts string }{
		{"", "", ""},
		{"，。", "", ""},
		{"井", `"井"*`, `('井':*)`},
		{"井盖", `"井盖"`, `('井盖')`},
		{"井盖 缺失", `"井盖" AND "缺失"`, `('井盖') & ('缺失')`},
		{"井盖缺", `"井盖 盖缺"`, `('井盖' <-> '盖缺')`},
		{"路灯G2", `"路灯 灯 g2"*`, `('路灯' <-> '灯' <-> 'g2':*)`},
		{`a" OR b'*`, `"a"* AND "or"* AND "b"*`, `('a':*) & ('or':*) & ('b':*)`},
	}
	for _, tt := range tests {
		q := text.Query(tt.in)
		if got := text.FTS5(q); got != tt.fts {
			t.Errorf("%q: FTS5 got %s, want %s", tt.in, got, tt.fts)
		}
		if got := text.TSQuery(q); got != tt.ts {
			t.Errorf("%q: tsquery got %s, want %s", tt.in, got, tt.ts)
		}
	}
	if got, want := text.TSVector(text.Tokens("井盖 a")), "'井盖':1 '盖':2 'a':3"; got != want {
		t.Errorf("tsvector: got %s, want %s", got, want)
	}
}

func TestHighlight(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, query, want string }{
		{"pair", "东街井盖缺失，西街井盖也缺", "井盖", "东街[井盖]缺失，西街[井盖]也缺"},
		{"single", "盖井盖", "盖", "[盖]井[盖]"},
		{"overlap", "哈哈哈", "哈哈", "[哈哈哈]"},
		{"several terms", "路灯 G2 坏", "坏 g", "路灯 [G]2 [坏]"},
		{"full width", "编号ＡＢ１２完", "ab12", "编号[ＡＢ１２]完"},
		{"composed", "10㎡地", "10m2", "[10㎡]地"},
		{"punctuation inside", "张三（李四）", "三（李", "张[三（李]四）"},
		{"no bridge over punctuation", "灯，坏", "灯坏", "灯，坏"},
		{"nothing", "灯", "，", "灯"},
	}
	for _, tt := range tests {
		var b strings.Builder
		at := 0
		for _, r := range text.Highlight(tt.in, tt.query) {
			b.WriteString(tt.in[at:r.Start] + "[" + tt.in[r.Start:r.End] + "]")
			at = r.End
		}
		if got := b.String() + tt.in[at:]; got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestPinyin(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, full, initials string }{
		{"", "", ""},
		{"井盖", "jinggai", "jg"},
		{"东街12号", "dongjie12hao", "dj12h"},
		{"绿岛Ａ座", "lvdaoazuo", "ldaz"},
		{"（一）", "yi", "y"},
	}
	for _, tt := range tests {
		if got := text.Pinyin(tt.in); got != tt.full {
			t.Errorf("%s: got %s, want %s", tt.in, got, tt.full)
		}
		if got := text.Initials(tt.in); got != tt.initials {
			t.Errorf("%s: got %s, want %s", tt.in, got, tt.initials)
		}
	}
	keys := text.Keys("重庆")
	for _, want := range []string{"chongqing", "zhongqing", "cq", "zq"} {
		if !slices.Contains(keys, want) {
			t.Errorf("keys %v lack %s", keys, want)
		}
	}
	if got := text.Keys(strings.Repeat("重", 30)); len(got) > 32 || len(got) == 0 {
		t.Errorf("keys of a hostile name: got %d", len(got))
	}
}

// texts draws mixed text out of few characters, so that repetitions are frequent.
func texts() *rapid.Generator[string] {
	return rapid.StringOfN(rapid.SampledFrom([]rune("井盖路灯坏了东街aB1２Ｃ，。 （")), 0, 30, -1)
}

// cutsWord tells whether a part of a text begins inside a word of letters; the index finds words from their beginning.
func cutsWord(runes []rune, i int) bool {
	word := func(r rune) bool {
		return (unicode.IsLetter(r) || unicode.IsNumber(r)) && !unicode.Is(unicode.Han, r)
	}
	return i > 0 && word(runes[i-1]) && word(runes[i])
}

// Every part of a text that does not begin inside a word finds the text: in memory, by its tokens, and by FTS5 itself.
func TestRecallIsWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := texts().Draw(t, "text")
		runes, tokens := []rune(s), text.Tokens(s)
		for i := range runes {
			for j := i + 1; j <= len(runes) && !cutsWord(runes, i); j++ {
				part := string(runes[i:j])
				if !text.Match(s, part) {
					t.Fatalf("Match(%q, %q) is false", s, part)
				}
				if !found(tokens, text.Query(part)) {
					t.Fatalf("tokens %q are not found by %v of %q", tokens, text.Query(part), part)
				}
			}
		}
	})
}

// What the tokens find is what Match finds, and a Han query finds nothing that does not hold it.
func TestMatchIsTheIndex(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, query := texts().Draw(t, "text"), rapid.StringOfN(rapid.SampledFrom([]rune("井盖路灯aB1， ")), 0, 4, -1).Draw(t, "query")
		got := text.Match(s, query)
		if want := found(text.Tokens(s), text.Query(query)); got != want {
			t.Fatalf("Match(%q, %q): got %v, the index says %v", s, query, got, want)
		}
		if (len(text.Highlight(s, query)) > 0) != got && len(text.Query(query)) == 1 {
			t.Fatalf("Highlight(%q, %q) = %v, Match = %v", s, query, text.Highlight(s, query), got)
		}
		if got && !strings.ContainsFunc(query, func(r rune) bool { return !unicode.Is(unicode.Han, r) }) && !strings.Contains(s, query) {
			t.Fatalf("%q is not in %q, yet found", query, s)
		}
	})
}

// found is a phrase index in memory.
func found(tokens []string, phrases []text.Phrase) bool {
	for _, p := range phrases {
		ok := false
		for i := 0; i+len(p.Tokens) <= len(tokens) && !ok; i++ {
			window, last := tokens[i:i+len(p.Tokens)], len(p.Tokens)-1
			ok = slices.Equal(window[:last], p.Tokens[:last]) &&
				(window[last] == p.Tokens[last] || p.Prefix && strings.HasPrefix(window[last], p.Tokens[last]))
		}
		if !ok {
			return false
		}
	}
	return true
}

func TestSQLiteAgrees(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`CREATE VIRTUAL TABLE f USING fts5(body, content='', tokenize='ascii')`); err != nil {
		t.Fatal(err)
	}
	corpus := []string{"东街井盖缺失", "G2路灯坏了，速修", "𠮷野家 ＡＢＣ１２", "井", "盖井盖", "路灯 坏", "编号2026-0001号", "É井盖é"}
	for i, s := range corpus {
		if _, err := db.Exec(`INSERT INTO f(rowid, body) VALUES (?, ?)`, i+1, strings.Join(text.Tokens(s), " ")); err != nil {
			t.Fatal(err)
		}
	}
	checked := 0
	for _, s := range corpus {
		runes := []rune(s)
		for i := range runes {
			for j := i + 1; j <= len(runes); j++ {
				query := string(runes[i:j])
				if len(text.Query(query)) == 0 {
					continue
				}
				var want []int
				got := match(t, db, text.FTS5(text.Query(query)))
				for k, other := range corpus {
					if text.Match(other, query) {
						want = append(want, k+1)
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%q (%s): %s", query, text.FTS5(text.Query(query)), diff)
				}
				checked++
			}
		}
	}
	if checked < 150 {
		t.Errorf("only %d queries checked", checked)
	}
}

func match(t *testing.T, db *sql.DB, expr string) []int {
	t.Helper()
	rows, err := db.Query(`SELECT rowid FROM f WHERE f MATCH ? ORDER BY rowid`, expr)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var ids []int
	for rows.Next() {
		var id int
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return ids
}

func FuzzTokens(f *testing.F) {
	for _, s := range []string{"井盖 a", "\xff", "e\u0301", "ﷺ", "\u0301井", "İ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, tok := range text.Tokens(s) {
			if tok == "" || strings.ContainsFunc(tok, func(r rune) bool { return r < 0x80 && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
				t.Errorf("%q: token %q would be split by the database", s, tok)
			}
		}
		for _, r := range text.Highlight(s, s) {
			if r.Start < 0 || r.End > len(s) || r.Start >= r.End {
				t.Errorf("%q: range %v", s, r)
			}
		}
		if !text.Match(s, s) {
			t.Errorf("%q does not find itself", s)
		}
		text.Keys(s)
	})
}
