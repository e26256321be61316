package main

import (
	"context"
	"errors"

	"chengshu/base/store/storetest"
)

// postgres starts the cluster once, with the settings of production: it syncs, and writes whole pages after a checkpoint.
func (b *bench) postgres() (*storetest.Cluster, error) {
	if b.pg != nil {
		return b.pg, nil
	}
	c, err := storetest.StartCluster("fsync=on", "full_page_writes=on", "synchronous_commit=on",
		"max_connections=100", "shared_buffers=512MB", "max_wal_size=4GB")
	if err != nil {
		return nil, err
	}
	b.pg = c
	return c, nil
}

// both measures on SQLite, whose url is empty, and on a new database of PostgreSQL where that is installed.
func (b *bench) both(ctx context.Context, part string, on func(ctx context.Context, name, url string) error) error {
	if err := on(ctx, "SQLite", ""); err != nil {
		return err
	}
	c, err := b.postgres()
	if errors.Is(err, storetest.ErrAbsent) {
		b.rep.skip(part, "PostgreSQL", err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	url, err := c.Database(ctx)
	if err != nil {
		return err
	}
	return on(ctx, "PostgreSQL", url)
}
