package flow

import (
	"context"

	"chengshu/base/store"
)

// CheckMigration judges a migration itself, whatever the instances: both versions are there and about the same type, and
// Map names nodes and flows they have. The faults are those of PlanMigration and Migrate.
func (e *Engine) CheckMigration(ctx context.Context, tx *store.Tx, mig Migration) error {
	_, err := e.migration(ctx, tx, mig)
	return err
}
