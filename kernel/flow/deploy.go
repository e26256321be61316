package flow

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"

	"chengshu/base/bpmn"
	"chengshu/base/fault"
	"chengshu/base/store"
)

// Source is a definition to deploy.
type Source struct {
	Key  string // name others start and call it by, "urban.case"
	Type string // record type it is about; its names are what expressions may use
	Pack string // where it comes from
	XML  []byte // the model; the original bytes are kept
}

// Check reads and judges a definition without storing it. The findings are what is wrong and what cannot be executed;
// a definition with one is refused by Deploy.
func (e *Engine) Check(src Source) ([]bpmn.Finding, error) {
	_, found, err := e.compile(src, true)
	return found, err
}

func (e *Engine) compile(src Source, strict bool) (*plan, []bpmn.Finding, error) {
	m, err := bpmn.Read(src.XML)
	if err != nil {
		return nil, nil, err
	}
	p := m.Main()
	if p == nil {
		return nil, nil, fault.New(fault.Invalid, "flow.main", "key", src.Key, "processes", len(m.Processes))
	}
	if len(m.Problems) > 0 {
		return nil, m.Problems, nil
	}
	scope, err := e.opt.Records.Scope(src.Type)
	if err != nil {
		return nil, nil, err
	}
	pl, found := build(src.Key, src.Type, p, scope, strict)
	return pl, found, nil
}

// Deploy stores a definition as a new version and makes it the active one; the same bytes give the version they already
// have. What cannot be executed is the fault Invalid "flow.lint" with one field per finding.
func (e *Engine) Deploy(ctx context.Context, tx *store.Tx, src Source) (version int64, err error) {
	sum := sha256.Sum256(append([]byte(src.Type+"\x00"), src.XML...))
	sha := hex.EncodeToString(sum[:])
	var last int64
	var same sql.NullInt64
	err = tx.QueryRow(ctx, `SELECT COALESCE(MAX(version), 0), MAX(CASE WHEN sha = ? THEN version END) FROM flow_def WHERE def_key = ?`,
		sha, src.Key).Scan(&last, &same)
	if err != nil {
		return 0, fault.Wrap("find definition", err)
	}
	if same.Valid {
		return same.Int64, e.reactivate(ctx, tx, src, same.Int64)
	}
	pl, found, err := e.compile(src, true)
	if err != nil {
		return 0, err
	}
	if len(found) > 0 {
		f := fault.New(fault.Invalid, "flow.lint", "key", src.Key, "count", len(found))
		for _, x := range found {
			_ = f.At("/"+x.ID, x.Code, "type", x.Type, "line", x.Line, "detail", x.Args)
		}
		return 0, f
	}
	pl.version = last + 1
	_, err = tx.Exec(ctx, `INSERT INTO flow_def (def_key, version, typ, pack, sha, xml, state, created) VALUES (?,?,?,?,?,?,?,?)`,
		src.Key, pl.version, src.Type, src.Pack, sha, src.XML, "retired", micros(e.opt.Clock.Now()))
	if err != nil {
		return 0, fault.Wrap("store definition", err)
	}
	if err := activate(ctx, tx, src.Key, pl.version); err != nil {
		return 0, err
	}
	return pl.version, e.subscribe(ctx, tx, pl)
}

// reactivate makes a version that is stored already the active one, where it is not.
func (e *Engine) reactivate(ctx context.Context, tx *store.Tx, src Source, version int64) error {
	active, err := e.activeVersion(ctx, tx, src.Key)
	if err != nil || active == version {
		return err
	}
	pl, err := e.plan(ctx, tx, src.Key, version)
	if err != nil {
		return err
	}
	if err := activate(ctx, tx, src.Key, version); err != nil {
		return err
	}
	return e.subscribe(ctx, tx, pl)
}

// activate makes one version the one new instances take; running ones stay on theirs.
func activate(ctx context.Context, tx *store.Tx, key string, version int64) error {
	_, err := tx.Exec(ctx, `UPDATE flow_def SET state = CASE WHEN version = ? THEN 'active' ELSE 'retired' END
		WHERE def_key = ? AND (version = ? OR state = 'active')`, version, key, version)
	return fault.Wrap("activate definition", err)
}

func (e *Engine) activeVersion(ctx context.Context, tx *store.Tx, key string) (int64, error) {
	var v int64
	err := tx.QueryRow(ctx, `SELECT version FROM flow_def WHERE def_key = ? AND state = 'active'`, key).Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fault.New(fault.NotFound, "flow.definition", "key", key)
	}
	return v, fault.Wrap("find definition", err)
}

// plan gives a definition version ready to run. Versions never change, so the cache is never stale. What is read goes
// into the cache only when the transaction is durable: a version deployed in one that fails never existed.
func (e *Engine) plan(ctx context.Context, tx *store.Tx, key string, version int64) (*plan, error) {
	k := planKey{key, version}
	e.mu.RLock()
	p := e.plans[k]
	e.mu.RUnlock()
	if p != nil {
		return p, nil
	}
	src := Source{Key: key}
	var sha string
	err := tx.QueryRow(ctx, `SELECT typ, pack, sha, xml FROM flow_def WHERE def_key = ? AND version = ?`, key, version).
		Scan(&src.Type, &src.Pack, &sha, &src.XML)
	if err != nil {
		return nil, fault.Wrap("load definition", err)
	}
	p, found, err := e.compile(src, false)
	if err != nil {
		return nil, err
	}
	if len(found) > 0 {
		return nil, fault.New(fault.Internal, "flow.lint", "key", key, "version", version, "first", found[0].Code, "node", found[0].ID)
	}
	p.version = version
	tx.OnCommit(func() {
		e.mu.Lock()
		e.plans[k] = p
		e.mu.Unlock()
	})
	return p, nil
}

// Definition gives the original bytes of a version; version 0 is the active one.
func (e *Engine) Definition(ctx context.Context, tx *store.Tx, key string, version int64) ([]byte, int64, error) {
	if version == 0 {
		v, err := e.activeVersion(ctx, tx, key)
		if err != nil {
			return nil, 0, err
		}
		version = v
	}
	var xml []byte
	err := tx.QueryRow(ctx, `SELECT xml FROM flow_def WHERE def_key = ? AND version = ?`, key, version).Scan(&xml)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, fault.New(fault.NotFound, "flow.definition", "key", key, "version", version)
	}
	return xml, version, fault.Wrap("load definition", err)
}
