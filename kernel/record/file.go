package record

import (
	"context"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/policy"
	"chengshu/kernel/schema"
)

// File is an uploaded file. Its content lies in the blob store under Sum.
type File struct {
	ID      string `json:"id"`
	Sum     string `json:"sum"`
	Name    string `json:"name"`
	Size    int64  `json:"size"`
	Type    string `json:"type"` // media type by content, not by name
	Owner   string `json:"-"`
	Subject string `json:"-"` // record that uses it, "<type>/<id>"; empty until one does
	Field   string `json:"-"`
}

// AddFile registers an uploaded file for its uploader.
func (s *Store) AddFile(ctx context.Context, tx *store.Tx, a identity.Actor, f File) (File, error) {
	f.Name = cleanName(f.Name)
	f.Owner = a.Person
	id, err := newID()
	if err != nil {
		return f, err
	}
	f.ID = id
	_, err = tx.Exec(ctx, `INSERT INTO record_file (id, sum, name, size, type, owner, at, subject, field)
		VALUES (?, ?, ?, ?, ?, ?, ?, '', '')`, f.ID, f.Sum, f.Name, f.Size, f.Type, f.Owner, s.now().UnixMicro())
	return f, err
}

// cleanName keeps the last path element without control characters, at most 100 runes.
func cleanName(name string) string {
	name = filepath.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), "\\", "/"))
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`"<>|:*?`, r) {
			return -1
		}
		return r
	}, name)
	for utf8.RuneCountInString(name) > 100 {
		ext := filepath.Ext(name)
		stem := []rune(strings.TrimSuffix(name, ext))
		if len(stem) < 2 || len(ext) > 20 {
			name, ext = string([]rune(name)[:90]), ""
			return name + ext
		}
		name = string(stem[:len(stem)-1]) + ext
	}
	if name == "" || name == "." || name == "/" {
		return "file"
	}
	return name
}

func (s *Store) file(ctx context.Context, tx *store.Tx, id string) (File, error) {
	var f File
	if !storable(id) {
		return f, fault.New(fault.NotFound, "file.unknown", "id", id)
	}
	err := tx.QueryRow(ctx, "SELECT id, sum, name, size, type, owner, subject, field FROM record_file WHERE id = ?", id).
		Scan(&f.ID, &f.Sum, &f.Name, &f.Size, &f.Type, &f.Owner, &f.Subject, &f.Field)
	if store.None(err) {
		return f, fault.New(fault.NotFound, "file.unknown", "id", id)
	}
	return f, fault.Wrap("read file", err)
}

// File gives a file the caller may see: one's own unbound upload, or one of a record that the caller may read, in a
// field within the caller's clearance.
func (s *Store) File(ctx context.Context, tx *store.Tx, a identity.Actor, id string) (File, error) {
	f, err := s.file(ctx, tx, id)
	if err != nil {
		return f, err
	}
	unknown := fault.New(fault.NotFound, "file.unknown", "id", id)
	if f.Subject == "" {
		if f.Owner != a.Person || a.Person == identity.AnonymousPerson {
			return File{}, unknown
		}
		return f, nil
	}
	typ, recordID, _ := strings.Cut(f.Subject, "/")
	r, err := s.Get(ctx, tx, a, typ, recordID)
	if err != nil {
		return File{}, unknown
	}
	if field := r.Type.Field(f.Field); field == nil || !policy.Sees(a, field) {
		return File{}, unknown
	}
	return f, nil
}

// checkFiles fills in name, size and type of the files that a field names. Refused are a file nobody knows, one that
// somebody else uploaded, one that another record uses (files are not shared, their content is), and in a field of
// pictures what is none.
func (s *Store) checkFiles(ctx context.Context, tx *store.Tx, a identity.Actor, r *Record, field *schema.Field, bad *fault.Error) error {
	v, err := field.MapFiles(r.Values[field.Name], func(pointer, kind, id string) (map[string]any, error) {
		f, err := s.file(ctx, tx, id)
		foreign := f.Subject == "" && f.Owner != a.Person && a.Person != identity.SystemPerson
		switch {
		case fault.Is(err, fault.NotFound) || err == nil && foreign:
			bad.At(pointer, "file.unknown", "id", id)
		case err != nil:
			return nil, err
		case f.Subject != "" && f.Subject != r.Subject():
			bad.At(pointer, "file.taken", "id", id)
		case strings.HasPrefix(kind, "image") && !isImage(f.Type):
			bad.At(pointer, "file.image", "name", f.Name, "type", f.Type)
		}
		return map[string]any{"id": id, "name": f.Name, "size": f.Size, "type": f.Type}, nil
	})
	if err == nil && v != nil {
		r.Values[field.Name] = v
	}
	return err
}

// bindFiles ties the files of the changed fields to the record.
func (s *Store) bindFiles(ctx context.Context, tx *store.Tx, r *Record, changes map[string]change) error {
	for _, field := range layoutOf(r.Type).files {
		if _, changed := changes[field.Name]; !changed {
			continue
		}
		_, err := field.MapFiles(r.Values[field.Name], func(pointer, _, id string) (map[string]any, error) {
			n, err := tx.Exec(ctx, "UPDATE record_file SET subject = ?, field = ? WHERE id = ? AND (subject = '' OR subject = ?)",
				r.Subject(), field.Name, id, r.Subject())
			if err == nil && n == 0 { // another record was faster
				err = fault.New(fault.Invalid, "record.invalid", "type", r.Type.Name).At(pointer, "file.taken", "id", id)
			}
			return nil, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func isImage(mediaType string) bool {
	switch mediaType {
	case "image/jpeg", "image/png", "image/gif", "image/webp":
		return true
	}
	return false
}

// Orphans gives the sums of files older than a day that no record uses, and forgets them; the caller removes the content
// that no other file shares.
func (s *Store) Orphans(ctx context.Context, tx *store.Tx) ([]string, error) {
	rows, err := tx.Query(ctx, "DELETE FROM record_file WHERE subject = '' AND at < ? RETURNING sum", s.now().Add(-24*time.Hour).UnixMicro())
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var sum string
		if err := rows.Scan(&sum); err != nil {
			return nil, fault.Wrap("read orphans", err)
		}
		out = append(out, sum)
	}
	return out, fault.Wrap("read orphans", rows.Err())
}
