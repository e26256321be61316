package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"mime"
	"strconv"
	"strings"

	"chengshu/base/store"
	"chengshu/kernel/journal"
	"chengshu/kernel/record"
)

// label names a column of a type as people read it.
func (s *Server) label(typ string) func(string) string {
	return func(field string) string {
		for _, key := range []string{"field." + typ + "." + field, "ui.field." + field} {
			if s.bundle().Has(key) {
				return s.word(key, nil)
			}
		}
		return field
	}
}

const exportRows = 50_000

// export gives the records a filter selects as XLSX or CSV, masked as the caller sees them, and leaves a journal entry.
func (s *Server) export(r *request, typ string) (reply, error) {
	if err := r.signedIn(); err != nil {
		return reply{}, err
	}
	q, err := selection(r.URL.Query(), typ)
	if err != nil {
		return reply{}, err
	}
	var sheet *record.Sheet
	if err := s.read(r, func(ctx context.Context, tx *store.Tx) (err error) {
		sheet, err = s.opt.Records.Export(ctx, tx, r.actor, q, s.label(typ), exportRows)
		return err
	}); err != nil {
		return reply{}, err
	}
	for _, row := range sheet.Rows {
		if row[1] != "" {
			row[1] = s.word("state."+typ+"."+row[1], nil)
		}
	}
	body, err := encodeJSON(map[string]any{"filter": q.Filter, "q": q.Text, "rows": len(sheet.Rows)})
	if err != nil {
		return reply{}, err
	}
	if err := s.opt.DB.Write(r.Context(), func(tx *store.Tx) error {
		_, err := s.opt.Journal.Append(r.Context(), tx, journal.Entry{
			At: s.now(), Actor: r.actor.Person, Post: r.actor.Post, Via: r.actor.Via, Action: "record.export", Subject: typ, Request: r.trace, Body: body,
		})
		return err
	}); err != nil {
		return reply{}, err
	}
	return sheetReply(sheet, typ, r.query("format"))
}

// template gives an empty sheet with the columns of a type.
func (s *Server) template(r *request, typ string) (reply, error) {
	t, err := s.bundle().Set.Type(typ)
	if err != nil {
		return reply{}, err
	}
	if !s.opt.Policy.Any(r.actor, "import", typ) {
		return reply{}, s.opt.Policy.Require(r.actor, "import", t, nil)
	}
	sheet := &record.Sheet{}
	for _, f := range t.FieldList {
		if f.Writable() && f.Type != "secret" {
			sheet.Header = append(sheet.Header, s.label(typ)(f.Name))
		}
	}
	return sheetReply(sheet, typ, r.query("format"))
}

func sheetReply(sheet *record.Sheet, name, format string) (reply, error) {
	var b bytes.Buffer
	out := reply{Type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
	write := sheet.WriteXLSX
	if format == "csv" {
		write, out.Type = sheet.WriteCSV, "text/csv; charset=utf-8"
	} else {
		format = "xlsx"
	}
	if err := write(&b); err != nil {
		return reply{}, err
	}
	out.Body = b.Bytes()
	out.Header = map[string]string{"Content-Disposition": mime.FormatMediaType("attachment", map[string]string{"filename": name + "." + format})}
	return out, nil
}

// importSheet imports an uploaded sheet (dry=1: checks only). The answer names each wrong row, and the sheet comes back
// as a file with a column that says what is wrong in each.
func (s *Server) importSheet(r *request, typ string) (reply, error) {
	if err := r.signedIn(); err != nil {
		return reply{}, err
	}
	p, err := s.part(r)
	if err != nil {
		return reply{}, err
	}
	sum := sha256.New()
	sheet, err := record.ReadSheet(io.TeeReader(p, sum))
	if p.err != nil {
		err = p.err
	}
	if err != nil {
		return reply{}, err
	}
	r.actor.Via = "import"
	return s.actOn(r, r.URL.RawQuery+hex.EncodeToString(sum.Sum(nil)), func(ctx context.Context, tx *store.Tx) (reply, error) {
		done, err := s.opt.Records.Import(ctx, tx, r.actor, typ, sheet, s.label(typ), r.query("dry") == "1")
		if err != nil {
			return reply{}, err
		}
		body := map[string]any{"rows": done.Rows, "created": done.Created, "updated": done.Updated, "failed": done.Failed, "errors": []any{}}
		if done.Failed > 0 {
			err = s.returnSheet(ctx, tx, r, typ, sheet, done, body)
		}
		return reply{Body: body}, err
	})
}

// returnSheet stores the sheet with its error column as a file of the importer.
func (s *Server) returnSheet(ctx context.Context, tx *store.Tx, r *request, typ string, sheet *record.Sheet, done record.Imported, body map[string]any) error {
	texts := map[int]string{}
	errs := []map[string]any{}
	for _, f := range done.Faults {
		p := s.describe(f.Err, r.trace)
		var line strings.Builder
		line.WriteString(p.Detail)
		for _, e := range p.Errors {
			field := s.label(typ)(trimPointer(e.Pointer))
			line.WriteString(" " + field + ": " + e.Detail)
			errs = append(errs, map[string]any{"row": f.Row, "field": field, "detail": e.Detail})
		}
		if len(p.Errors) == 0 {
			errs = append(errs, map[string]any{"row": f.Row, "detail": p.Detail})
		}
		texts[f.Row] = line.String()
	}
	back := &record.Sheet{Header: append(append([]string{}, sheet.Header...), s.label(typ)("_error"))}
	for i, row := range sheet.Rows {
		for len(row) < len(sheet.Header) {
			row = append(row, "")
		}
		back.Rows = append(back.Rows, append(append([]string{}, row[:len(sheet.Header)]...), texts[i+1]))
	}
	var b bytes.Buffer
	if err := back.WriteXLSX(&b); err != nil {
		return err
	}
	ref, err := s.opt.Blobs.Put(ctx, &b, s.opt.Upload*4)
	if err != nil {
		return err
	}
	f, err := s.opt.Records.AddFile(ctx, tx, r.actor, record.File{
		Sum: ref.Sum, Size: ref.Size, Name: typ + "-" + strconv.Itoa(done.Failed) + ".xlsx",
		Type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	})
	if err != nil {
		return err
	}
	body["file"], body["errors"] = f.ID, errs
	return nil
}

func trimPointer(p string) string {
	if len(p) > 1 && p[0] == '/' {
		return p[1:]
	}
	return p
}
