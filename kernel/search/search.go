// Package search is the full-text index over records, in the same database and transaction as the records.
//
// It stores the bigram tokens of base/text: in an FTS5 table on SQLite, in a tsvector with a GIN index on PostgreSQL. A
// query becomes a SQL condition over the record's id, so that lists join it with their row filter and nobody finds what
// they may not read. Words of two characters are found whole, single characters, words of letters and numbers by their
// beginning, names by their pinyin initials. It does not rank, and it knows nothing of what the texts mean.
//
// Main type: Index.
package search

import (
	"context"
	"embed"
	"io/fs"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/text"
)

//go:embed migrations/*/*.sql
var migrations embed.FS

// Migrate brings the tables up to date. They differ by database, because full text is where the databases have nothing in
// common.
func Migrate(ctx context.Context, db *store.DB) error {
	sub, err := fs.Sub(migrations, "migrations/"+db.Dialect().String())
	if err != nil {
		return fault.Wrap("migrations of search", err)
	}
	return store.Migrate(ctx, db, sub, "search")
}

// Index is the full-text index of one database. It is safe for concurrent use.
type Index struct{ dialect store.Dialect }

// New gives an index over migrated tables.
func New(d store.Dialect) *Index { return &Index{dialect: d} }

// maxQuery bounds a query in characters; the rest of a pasted page is not looked at.
const maxQuery = 128

// Put indexes the texts of a record, in place of what was there. The first two are its names (number and title), which
// are found by the initials of their pinyin as well.
func (x *Index) Put(ctx context.Context, tx *store.Tx, typ, id string, texts []string) error {
	tokens := text.Tokens(strings.Join(texts, "\n"))
	keys := initials(texts[:min(len(texts), 2)])
	if x.dialect == store.PostgreSQL {
		return fault.Wrap("index "+typ, putPieces(ctx, tx, typ, id, pieces(tokens), keys))
	}
	var doc int64
	err := tx.QueryRow(ctx, `INSERT INTO search_doc (type, id) VALUES (?, ?)
		ON CONFLICT (type, id) DO UPDATE SET id = excluded.id RETURNING doc`, typ, id).Scan(&doc)
	if err != nil {
		return fault.Wrap("index "+typ, err)
	}
	_, err = tx.Exec(ctx, `INSERT OR REPLACE INTO search_text (rowid, body, keys) VALUES (?, ?, ?)`,
		doc, strings.Join(tokens, " "), strings.Join(keys, " "))
	return fault.Wrap("index "+typ, err)
}

// Remove takes a record out of the index. One that is not there is no fault.
func (x *Index) Remove(ctx context.Context, tx *store.Tx, typ, id string) error {
	return x.remove(ctx, tx, ` WHERE type = ? AND id = ?`, typ, id)
}

// Clear takes all records of a type out, before they are indexed anew.
func (x *Index) Clear(ctx context.Context, tx *store.Tx, typ string) error {
	return x.remove(ctx, tx, ` WHERE type = ?`, typ)
}

func (x *Index) remove(ctx context.Context, tx *store.Tx, where string, args ...any) error {
	if x.dialect == store.SQLite { // PostgreSQL keeps the tokens in search_doc itself
		if _, err := tx.Exec(ctx, `DELETE FROM search_text WHERE rowid IN (SELECT doc FROM search_doc`+where+`)`, args...); err != nil {
			return fault.Wrap("remove from index", err)
		}
	}
	_, err := tx.Exec(ctx, `DELETE FROM search_doc`+where, args...)
	return fault.Wrap("remove from index", err)
}

// Clause gives a SQL condition over the column id that selects the records of a type that match all parts of a query,
// with its arguments. A query without letters or digits selects all. What a person types is never a syntax error.
func (x *Index) Clause(d store.Dialect, typ, query string) (string, []any) {
	if runes := []rune(query); len(runes) > maxQuery {
		query = string(runes[:maxQuery])
	}
	phrases := text.Query(query)
	if len(phrases) == 0 {
		return "TRUE", nil
	}
	if d == store.SQLite {
		return `id IN (SELECT d.id FROM search_text JOIN search_doc d ON d.doc = search_text.rowid WHERE search_text MATCH ? AND d.type = ?)`,
			[]any{match(phrases), typ}
	}
	// The parts of a query may be found in different pieces of a long text, so each has a condition of its own.
	parts, args := make([]string, len(phrases)), make([]any, 0, 2*len(phrases))
	for i, p := range phrases {
		parts[i] = `id IN (SELECT id FROM search_doc WHERE type = ? AND body @@ CAST(? AS tsquery))`
		args = append(args, typ, text.TSQuery([]text.Phrase{p}))
	}
	return "(" + strings.Join(parts, " AND ") + ")", args
}

// match looks for sequences of tokens in the text only: next to each other in the list of initials means nothing.
func match(phrases []text.Phrase) string {
	parts := make([]string, len(phrases))
	for i, p := range phrases {
		parts[i] = text.FTS5([]text.Phrase{p})
		if len(p.Tokens) > 1 {
			parts[i] = "body : " + parts[i]
		}
	}
	return "(" + strings.Join(parts, ") AND (") + ")"
}
