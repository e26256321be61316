package identity

import (
	"context"
	"regexp"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/store"
)

// Organisation is a node of the organisation tree.
type Organisation struct {
	Path   string `json:"path"`   // with trailing slash: "/county/chengguan/"
	Parent string `json:"parent"` // path of the organisation above, empty for a root; follows from Path
	Name   string `json:"name"`
	Kind   string `json:"kind,omitempty"` // free word of the pack that brings it: bureau, township, village …
}

var (
	orgPath  = regexp.MustCompile(`^/([a-z0-9][a-z0-9_-]*/)+$`)
	areaPath = regexp.MustCompile(`^/([A-Za-z0-9_-]+/)*$`)
)

// maxName bounds names of people and organisations, in bytes.
const maxName = 200

func (o *Organisation) complete() error {
	o.Name = strings.TrimSpace(o.Name)
	if !orgPath.MatchString(o.Path) || len(o.Path) > maxName {
		return fault.New(fault.Invalid, "identity.org").At("/path", "field.pattern")
	}
	if o.Name == "" || len(o.Name) > maxName {
		return fault.New(fault.Invalid, "identity.org").At("/name", "field.required")
	}
	o.Parent = ""
	if i := strings.LastIndexByte(o.Path[:len(o.Path)-1], '/'); i > 0 {
		o.Parent = o.Path[:i+1]
	}
	return nil
}

// SaveOrg makes an organisation or changes its name and kind; the one above must exist. It needs the system power.
// Faults: Denied "identity.power", Invalid "identity.org", NotFound "identity.org".
func (s *Store) SaveOrg(ctx context.Context, a Actor, o Organisation) error {
	if err := s.Require(a, PowerSystem); err != nil {
		return err
	}
	if err := o.complete(); err != nil {
		return err
	}
	return s.opt.DB.Write(ctx, func(tx *store.Tx) error {
		if err := s.saveOrg(ctx, tx, o); err != nil {
			return err
		}
		if err := s.log(ctx, tx, a, "org.save", "org"+o.Path, map[string]any{"name": o.Name, "kind": o.Kind}); err != nil {
			return err
		}
		return s.changed(ctx, tx)
	})
}

func (s *Store) saveOrg(ctx context.Context, tx *store.Tx, o Organisation) error {
	if o.Parent != "" {
		if err := orgExists(ctx, tx, o.Parent); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `INSERT INTO identity_org (path, parent, name, kind) VALUES (?, ?, ?, ?)
		ON CONFLICT (path) DO UPDATE SET name = excluded.name, kind = excluded.kind`, o.Path, o.Parent, o.Name, o.Kind)
	return fault.Wrap("save organisation", err)
}

func orgExists(ctx context.Context, tx *store.Tx, path string) error {
	var n int
	if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM identity_org WHERE path = ?`, path).Scan(&n); err != nil {
		return fault.Wrap("find organisation", err)
	}
	if n == 0 {
		return fault.New(fault.NotFound, "identity.org", "path", path)
	}
	return nil
}
