package search_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/base/text"
	"chengshu/kernel/search"
)

func each(t *testing.T, fn func(t *testing.T, db *store.DB)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		t.Parallel()
		if err := search.Migrate(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		fn(t, db)
	})
}

// tester is what rapid's and the testing package's T have in common.
type tester interface {
	Helper()
	Context() context.Context
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// put indexes documents by id; a document without texts is removed.
func put(t tester, db *store.DB, typ string, docs map[string][]string) {
	t.Helper()
	x := search.New(db.Dialect())
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		for id, texts := range docs {
			if texts == nil {
				if err := x.Remove(t.Context(), tx, typ, id); err != nil {
					return err
				}
			} else if err := x.Put(t.Context(), tx, typ, id, texts); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// find gives the ids of a type that a query selects, sorted.
func find(t tester, db *store.DB, typ, query string) []string {
	t.Helper()
	var out []string
	err := db.Read(t.Context(), func(tx *store.Tx) error {
		out = nil
		sql, args := search.New(db.Dialect()).Clause(tx.Dialect(), typ, query)
		rows, err := tx.Query(t.Context(), "SELECT DISTINCT id FROM search_doc WHERE type = ? AND "+sql, append([]any{typ}, args...)...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			out = append(out, id)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatalf("query %q: %v", query, err)
	}
	slices.Sort(out)
	return out
}

func TestFind(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		put(t, db, "urban.case", map[string][]string{
			"a": {"990100202603020001", "990100202603020001 井盖缺失", "东街37号门前井盖缺失，旁有G2路灯"},
			"b": {"990100202603020002", "990100202603020002 路灯损坏", "西街路灯不亮 Samsung"},
			"c": {"990100202603030001", "990100202603030001 长安路积水", ""},
		})
		put(t, db, "urban.part", map[string][]string{"a": {"", "", "西街"}})
		for query, want := range map[string]string{
			"井盖": "a", "路灯": "ab", "缺失": "a", "井": "a", "失": "a", "灯": "ab", "街": "ab", "街37": "a", "37号门": "a", "街路": "b",
			"990100202603020001": "a", "9901002026": "abc", "99010020260302": "ab", "202603": "", "samsung": "b", "SAM": "b", "ｓａｍ": "b", "sung": "",
			"路灯 西街": "b", "路灯 井盖": "a", "路灯 没有": "", "g2": "a", "G2路灯": "a", "号门前井盖缺失，旁有": "a",
			"jgqs": "a", "jg": "a", "qs": "a", "ldsh": "b", "cal": "c", "zal": "c", "changan": "c", "jgqs ld": "", "jgqs 路灯": "a", "djjg": "",
			"": "abc", "，。": "abc", "井井": "", "东街 路": "a",
		} {
			if got := strings.Join(find(t, db, "urban.case", query), ""); got != want {
				t.Errorf("%q: got %q, want %q", query, got, want)
			}
		}
		put(t, db, "urban.case", map[string][]string{"a": {"1", "2", "全新内容"}, "b": nil})
		for query, want := range map[string]string{"井盖": "", "路灯": "", "内容": "a", "jgqs": "", "990100": "c"} {
			if got := strings.Join(find(t, db, "urban.case", query), ""); got != want {
				t.Errorf("after the change %q: got %q, want %q", query, got, want)
			}
		}
		if err := db.Write(t.Context(), func(tx *store.Tx) error { return search.New(db.Dialect()).Clear(t.Context(), tx, "urban.case") }); err != nil {
			t.Fatal(err)
		}
		if got := find(t, db, "urban.case", "内容"); len(got) != 0 {
			t.Errorf("got %v after clearing", got)
		}
		if got := find(t, db, "urban.part", "西街"); len(got) != 1 {
			t.Errorf("got %v of the other type", got)
		}
	})
}

const han = "井盖路灯损坏缺失东西街一丁"

// Chinese texts are found by exactly the queries they hold, through any sequence of changes.
func TestRecallIsWhole(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		round := 0
		rapid.Check(t, func(r *rapid.T) {
			round++
			typ := fmt.Sprintf("test.t%d", round)
			docs := map[string][]string{}
			word := rapid.StringOfN(rapid.SampledFrom([]rune(han)), 1, 12, -1)
			for range rapid.IntRange(1, 4).Draw(r, "batches") {
				batch := map[string][]string{}
				for range rapid.IntRange(1, 6).Draw(r, "changes") {
					id := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"}).Draw(r, "id")
					if rapid.IntRange(0, 3).Draw(r, "kind") == 0 {
						batch[id] = nil
						delete(docs, id)
						continue
					}
					batch[id] = []string{"", "", word.Draw(r, "text"), word.Draw(r, "more")}
					docs[id] = batch[id]
				}
				put(r, db, typ, batch)
			}
			for range 5 {
				query := rapid.StringOfN(rapid.SampledFrom([]rune(han)), 1, 4, -1).Draw(r, "query")
				var want []string
				for id, texts := range docs {
					if strings.Contains(texts[2], query) || strings.Contains(texts[3], query) {
						want = append(want, id)
					}
				}
				slices.Sort(want)
				if diff := cmp.Diff(want, find(r, db, typ, query)); diff != "" {
					r.Fatalf("%q in %v: %s", query, docs, diff)
				}
			}
		})
	})
}

// Mixed texts are found as text.Match says, on both databases.
func TestAgreesWithMatch(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		round := 0
		rapid.Check(t, func(r *rapid.T) {
			round++
			typ := fmt.Sprintf("test.t%d", round)
			letters := []rune("井盖aB1é ，-ａ2\u0301𠮷")
			texts := rapid.SliceOfN(rapid.StringOfN(rapid.SampledFrom(letters), 0, 10, -1), 1, 4).Draw(r, "texts")
			docs := map[string][]string{}
			for i, s := range texts {
				docs[string(rune('a'+i))] = []string{"", "", s}
			}
			put(r, db, typ, docs)
			for range 5 {
				query := rapid.StringOfN(rapid.SampledFrom(letters), 1, 6, -1).Draw(r, "query")
				var want []string
				for id, texts := range docs {
					if text.Match(strings.Join(texts, "\n"), query) {
						want = append(want, id)
					}
				}
				slices.Sort(want)
				if diff := cmp.Diff(want, find(r, db, typ, query)); diff != "" {
					r.Fatalf("%q in %q: %s", query, docs, diff)
				}
			}
		})
	})
}

// Nothing a person types or pastes is a syntax error.
func TestAnyQueryIsAccepted(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		put(t, db, "test.t", map[string][]string{"a": {"1", "标题'\\\"", "井盖 AND OR NOT NEAR * ( ) : ^ ' \" \\ | & ! <->"}})
		for _, query := range []string{
			`"`, `'`, `\`, `井盖"`, `'井盖`, `井盖 AND`, `NOT 井盖`, `NEAR(井盖, 2)`, `井盖*`, `*`, `body:井盖`, `-井盖`, `^井盖`, `a:b`, `(井盖`, `井盖:*`, `a & | !`,
			`x' OR '1'='1`, "井\x00盖", "\xff\xfe", strings.Repeat("井盖", 5000), strings.Repeat("a ", 500), strings.Repeat("é", 500), "ʼ", "ŉ井", "\u200b",
			`井盖 <-> 路灯`, `?`, `$1`, `井盖 ? $1`, `NULL`, `AND`, `OR`,
		} {
			find(t, db, "test.t", query)
		}
		rapid.Check(t, func(r *rapid.T) {
			query := rapid.OneOf(
				rapid.StringOf(rapid.SampledFrom([]rune(`井盖aé'"\()*:^&|!<>-+?$ `))),
				rapid.StringOf(rapid.RuneFrom(nil, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z)),
			).Draw(r, "query")
			find(r, db, "test.t", query)
			put(r, db, "test.t", map[string][]string{"b": {query, query, query}})
			if len(text.Query(query)) > 0 && len([]rune(query)) <= 128 && !slices.Contains(find(r, db, "test.t", query), "b") {
				r.Fatalf("%q does not find itself", query)
			}
		})
	})
}

// Texts too long for one tsvector are found by every part, at the seams too.
func TestLongTexts(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		var long strings.Builder
		for i := range 6000 {
			long.WriteRune(rune(0x4e00 + i*7919%20000))
			long.WriteRune([]rune(han)[i%13])
			if i%50 == 0 {
				long.WriteString("的的的的的的的的")
			}
			if i%700 == 0 {
				fmt.Fprintf(&long, " word%d ", i)
			}
		}
		put(t, db, "test.t", map[string][]string{"a": {"1", "长文", long.String()}, "b": {"2", "重复", strings.Repeat("哈", 3000) + "完"}})
		runes := []rune(long.String())
		for i := 0; i+128 < len(runes); i += 97 {
			for _, n := range []int{2, 20, 100} {
				query := string(runes[i : i+n])
				if strings.ContainsAny(query, " word0123456789") {
					continue
				}
				if got := find(t, db, "test.t", query); !slices.Equal(got, []string{"a"}) {
					t.Fatalf("at %d: %q found %v", i, query, got)
				}
			}
		}
		for query, want := range map[string]string{"word4900": "a", "word0 word5600": "a", "哈完": "b", strings.Repeat("哈", 120) + "完": "b", "哈 完": "b", "word0 哈": ""} {
			if got := strings.Join(find(t, db, "test.t", query), ""); got != want {
				t.Errorf("%q: got %q, want %q", query, got, want)
			}
		}
	})
}
