package app

import (
	"context"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
)

// young is how long a content is left alone after it was last put: between that and the row that names it lies one request.
const young = time.Hour

// forgetFiles forgets uploads that no record has used within a day, and then the contents that nothing else names. A crash
// between the two leaves a content that nobody can ask for.
func (a *App) forgetFiles(ctx context.Context) error {
	var sums []string
	if err := a.DB.Write(ctx, func(tx *store.Tx) (err error) {
		sums, err = a.Records.Orphans(ctx, tx)
		return err
	}); err != nil {
		return err
	}
	for _, sum := range sums {
		named := 0
		if err := a.DB.Read(ctx, func(tx *store.Tx) error {
			return tx.QueryRow(ctx, "SELECT COUNT(*) FROM record_file WHERE sum = ?", sum).Scan(&named)
		}); err != nil {
			return fault.Wrap("look for files", err)
		}
		if named > 0 {
			continue
		}
		if _, err := a.Blobs.Prune(ctx, sum, young); err != nil {
			return err
		}
	}
	return nil
}
