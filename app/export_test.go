package app

import "context"

// ForgetFiles is the hourly work on uploads.
func (a *App) ForgetFiles(ctx context.Context) error { return a.forgetFiles(ctx) }
