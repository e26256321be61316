package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
)

// towns, villages and cells of the made-up ground of the cases; a county has about so many.
const (
	towns    = 12
	villages = 13 // of each town
	cells    = 8  // of each village
)

// townPath gives the area path of the n-th town.
func townPath(n int) string { return fmt.Sprintf("/990100/%09d/", 990100001+n) }

// A table grows because years pass, not because work piles up: so many cases come in a day, and those of the last days are
// still being worked on, however many lie behind them.
const (
	casesADay = 1400
	openDays  = 4
)

// fill puts count cases into the case table by plain SQL, the last ones of them open. The table gets its indexes
// afterwards, as a restored one would. What it holds is as wide as a case that went all its way.
func fill(ctx context.Context, file string, count int, units []string) (err error) {
	pool, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)&_pragma=locking_mode(EXCLUSIVE)"+
		"&_pragma=cache_size(-1048576)&_pragma=temp_store(MEMORY)")
	if err != nil {
		return err
	}
	defer func() { _ = pool.Close() }()
	pool.SetMaxOpenConns(1)
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	exec := func(query string, args ...any) {
		if err == nil {
			if _, e := conn.ExecContext(ctx, query, args...); e != nil {
				err = fmt.Errorf("%w: %.200s", e, query)
			}
		}
	}
	indexes, err := indexesOf(ctx, conn, "urban_case")
	if err != nil {
		return err
	}
	for name := range indexes {
		exec("DROP INDEX " + name)
	}
	exec("CREATE TABLE bench_area (n INTEGER PRIMARY KEY, path TEXT, cell TEXT)")
	exec("CREATE TABLE bench_unit (n INTEGER PRIMARY KEY, path TEXT)")
	exec("CREATE TABLE bench_person (n INTEGER PRIMARY KEY, id TEXT)")
	exec("CREATE TABLE bench_category (n INTEGER PRIMARY KEY, code TEXT)")
	exec("BEGIN")
	for n := range towns * villages * cells {
		town, village, cell := n%towns, n/towns%villages, n/towns/villages
		code := fmt.Sprintf("%09d%03d", 990100001+town, village+1)
		exec("INSERT INTO bench_area VALUES (?, ?, ?)", n, fmt.Sprintf("%s%s/%s%02d/", townPath(town), code, code, cell+1), fmt.Sprintf("%s%02d", code, cell+1))
	}
	for n, u := range units {
		exec("INSERT INTO bench_unit VALUES (?, ?)", n, u)
	}
	for n := range 64 {
		exec("INSERT INTO bench_person VALUES (?, ?)", n, fmt.Sprintf("01a2066d-85b4-7000-8000-%012x", n))
		exec("INSERT INTO bench_category VALUES (?, ?)", n, fmt.Sprintf("E%02d%02d", n%6+1, n/6+1))
	}
	exec("COMMIT")
	exec(caseSQL(count, len(units)))
	for _, text := range indexes {
		exec(text)
	}
	for _, name := range []string{"area", "unit", "person", "category"} {
		exec("DROP TABLE bench_" + name)
	}
	return err
}

func indexesOf(ctx context.Context, conn *sql.Conn, table string) (map[string]string, error) {
	rows, err := conn.QueryContext(ctx, "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL", table)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := map[string]string{}
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return nil, err
		}
		out[name] = text
	}
	return out, rows.Err()
}

// caseSQL makes the rows. h1 to h4 are draws from the number of the case that do not depend on each other.
func caseSQL(count, units int) string {
	const now, apart = int64(1772413200000000), int64(24 * 3600 * 1_000_000 / casesADay) // 2026-03-02, microseconds
	at := fmt.Sprintf("(%d + i * %d)", now-apart*int64(count), apart)
	later := func(hours int) string {
		return fmt.Sprintf("CASE WHEN open AND i %% 7 < %d THEN NULL ELSE %s + %d END", hours%8, at, int64(hours)*3_600_000_000)
	}
	closed := func(x string) string { return "CASE WHEN open THEN NULL ELSE " + x + " END" }
	person := func(n int) string { return fmt.Sprintf("(SELECT id FROM bench_person WHERE n = (h1 + %d) %% 64)", n) }
	columns := [][2]string{
		{"id", fmt.Sprintf("printf('%%08x-%%04x-7%%03x-8%%03x-%%012x', (%s / 1000) >> 16, (%s / 1000) & 65535, h1 %% 4096, h2 %% 4096, i)", at, at)},
		{"number", "printf('990100%08d%05d', 20160302 + i / 1000, i % 100000)"},
		{"title", "printf('990100%08d%05d E%04d', 20160302 + i / 1000, i % 100000, h3 % 600)"},
		{"rev", "9"},
		{"state", "CASE WHEN open THEN CASE h3 % 8 WHEN 0 THEN 'accepting' WHEN 1 THEN 'registering' WHEN 2 THEN 'dispatching' WHEN 3 THEN 'feedback' WHEN 4 THEN 'inspecting' ELSE 'handling' END " +
			"WHEN h3 % 20 = 0 THEN 'void' WHEN h3 % 20 = 1 THEN 'refused' WHEN h3 % 20 = 2 THEN 'closed' ELSE 'archived' END"},
		{"area", "a.path"},
		{"org", "u.path"},
		{"owner", person(0)},
		{"created_at", at},
		{"created_by", person(0)},
		{"updated_at", at + " + 86400000000"},
		{"updated_by", person(1)},
		{"source", "CASE h2 % 10 WHEN 0 THEN 'hotline' WHEN 1 THEN 'video' WHEN 2 THEN 'citizen' WHEN 3 THEN 'citizen' WHEN 4 THEN 'citizen' ELSE 'collector' END"},
		{"self_found", "h2 % 10 > 4"},
		{"category", "c.code"},
		{"detail", "printf('rubble beside road %d, about two cubic metres, in the way of the school', h1 % 1000)"},
		{"place_lon", "102.0 + (h1 % 100000) / 500000.0"},
		{"place_lat", "40.2 + (h2 % 100000) / 500000.0"},
		{"place_address", "printf('%d Demo Street', h3 % 500)"},
		{"place_grid", "a.cell"},
		{"place_area", "a.path"},
		{"severity", "CASE h4 % 20 WHEN 0 THEN 'urgent' WHEN 1 THEN 'critical' ELSE 'normal' END"},
		{"confidential", "FALSE"},
		{"reply_wanted", "TRUE"},
		{"reported", "1"},
		{"accepted_at", later(1)},
		{"accepted_by", person(2)},
		{"accept_late", "FALSE"},
		{"verify_late", "FALSE"},
		{"condition", "c.code || '-1'"},
		{"registered_at", later(2)},
		{"registered_by", person(3)},
		{"register_late", "FALSE"},
		{"unit", "CASE WHEN open AND h3 % 8 < 2 THEN NULL ELSE u.path END"},
		{"assist_unit", "CASE WHEN h4 % 50 = 0 THEN (SELECT path FROM bench_unit WHERE n = h1 % " + fmt.Sprint(units) + ") END"},
		{"dispatch_limit", "1500"},
		{"dispatch_unit", "'workhour'"},
		{"dispatched_at", later(3)},
		{"dispatched_by", person(4)},
		{"dispatch_late", "FALSE"},
		{"received", "1"},
		{"returned", "0"},
		{"misdispatched", "0"},
		{"handle_limit", "2000"},
		{"handle_unit", "'workday'"},
		{"handle_note", closed("'cleared and washed'")},
		{"handled_at", closed(at + " + 80000000000")},
		{"handled_by", closed(person(5))},
		{"handle_late", "h4 % 9 = 0"},
		{"extended", "0"},
		{"held", "FALSE"},
		{"holds", "0"},
		{"feedback_at", closed(at + " + 81000000000")},
		{"feedback_by", closed(person(4))},
		{"inspect_result", closed("'pass'")},
		{"inspected_at", closed(at + " + 82000000000")},
		{"inspected_by", closed(person(0))},
		{"inspect_late", "FALSE"},
		{"rework", "h3 % 30 = 0"},
		{"result", closed("'fixed'")},
		{"reply", closed("'settled'")},
		{"closed_at", closed(at + " + 86000000000")},
		{"closed_by", closed(person(3))},
		{"may_reopen", closed("TRUE")},
		{"reopened", "0"},
		{"merged", "0"},
		{"satisfaction", closed("CASE h2 % 4 WHEN 0 THEN 'satisfied' END")},
		{"urged", "0"},
	}
	names, values := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		names[i], values[i] = `"`+c[0]+`"`, c[1]
	}
	return fmt.Sprintf(`INSERT INTO urban_case (%s)
WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < %d),
  d AS (SELECT i, (i * 2654435761) %% 4294967291 AS h1, (i * 2246822519) %% 4294967279 AS h2, (i * 3266489917) %% 4294967231 AS h3,
    (i * 668265263) %% 4294967197 AS h4, i > %d AS open FROM s)
SELECT %s FROM d
  CROSS JOIN bench_area a ON a.n = h1 %% %d CROSS JOIN bench_unit u ON u.n = h2 %% %d CROSS JOIN bench_category c ON c.n = h3 %% 64`,
		strings.Join(names, ", "), count, count-casesADay*openDays, strings.Join(values, ", "), towns*villages*cells, units)
}

// weigh gives the size of a file in megabytes.
func weigh(file string) int64 {
	info, err := os.Stat(file)
	if err != nil {
		return 0
	}
	return info.Size() >> 20
}
