package app

import (
	"context"
	"encoding/json"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/journal"
)

// Evidence signs the newest entries and verifies the proof of a record offline, the way an outsider does with the
// published keys. It gives the number of entries.
func (a *App) Evidence(ctx context.Context, subject string) (int, error) {
	if _, err := a.Journal.Sign(ctx); err != nil {
		return 0, err
	}
	var p journal.Proof
	if err := a.DB.Read(ctx, func(tx *store.Tx) (err error) {
		p, err = a.Journal.ProveSubject(ctx, tx, subject)
		return err
	}); err != nil {
		return 0, err
	}
	text, err := json.Marshal(p)
	if err != nil {
		return 0, fault.Wrap("encode proof", err)
	}
	_, err = journal.VerifyProof(text, a.Journal.Trust())
	return len(p.Entries), err
}

// Bootstrap makes the first administrators: one for each power that the packs declare a role for. The journal names who asked
// for them.
func (a *App) Bootstrap(ctx context.Context, by identity.Actor) ([]identity.Credential, error) {
	var admins []identity.Admin
	seen := map[string]bool{}
	for _, r := range a.Policy.Roles() {
		if r.Power != "" && !seen[r.Power] {
			seen[r.Power] = true
			admins = append(admins, identity.Admin{Username: r.Power, Name: a.Bundle.Load().Word("role."+r.Name, nil), Role: r.Name})
		}
	}
	if len(admins) == 0 {
		return nil, fault.New(fault.Invalid, "identity.admins")
	}
	return a.Identity.Bootstrap(ctx, by, identity.Organisation{Path: "/county/", Name: a.Bundle.Load().Word("ui.county_org", nil)}, admins)
}
