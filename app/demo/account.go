package demo

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"chengshu/app"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/server"
)

// Account lets a script act as a demo person: the token goes into "Authorization: Bearer".
type Account struct {
	Role     string `json:"role"`
	Username string `json:"username"`
	Password string `json:"password"`
	Token    string `json:"token"`
	Name     string `json:"name"`
	Org      string `json:"org"`
	Area     string `json:"area"`

	person string
}

const (
	accountsFile = "accounts.json"
	mostAccounts = 200
	oneClick     = 2                         // accounts of a role offered for one-click sign-in
	lifeOfTokens = 10 * 365 * 24 * time.Hour // a demonstration may stand for long
)

// Accounts gives the accounts of DIR/accounts.json and issues them where the file is missing or belongs to another county:
// all people of the packs' demo files and, up to 200, people made in bulk, of every role somebody. The file is readable by
// its owner alone. It also fills the app's accounts for one-click sign-in.
func Accounts(ctx context.Context, a *app.App, dir string, seed int64) ([]Account, error) {
	file := filepath.Join(dir, accountsFile)
	list, err := readAccounts(file)
	if err != nil {
		return nil, err
	}
	if !valid(ctx, a, list) {
		if list, err = issue(ctx, a, seed); err != nil {
			return nil, err
		}
		if err := writeAccounts(file, list); err != nil {
			return nil, err
		}
	}
	offer(a, list)
	return list, nil
}

func readAccounts(file string) ([]Account, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.New(fault.Unavailable, "app.dir", "file", file).With(err)
	}
	var list []Account
	if !json.Valid(text) {
		return nil, nil // torn by a crash: issued anew
	}
	return list, fault.Wrap(file, json.Unmarshal(text, &list))
}

// writeAccounts replaces the file as a whole.
func writeAccounts(file string, list []Account) error {
	text, err := json.MarshalIndent(list, "", " ") //nolint:gosec // passwords of synthetic people are what the file is for
	if err != nil {
		return fault.Wrap("encode accounts", err)
	}
	part := file + ".part"
	if err := os.WriteFile(part, append(text, '\n'), 0o600); err != nil {
		return fault.New(fault.Unavailable, "app.dir", "file", part).With(err)
	}
	return fault.Wrap("write accounts", os.Rename(part, file))
}

// valid tells whether the first and the last token are known here.
func valid(ctx context.Context, a *app.App, list []Account) bool {
	if len(list) == 0 {
		return false
	}
	for _, x := range []Account{list[0], list[len(list)-1]} {
		if _, err := a.Identity.Authenticate(ctx, x.Token, ""); err != nil {
			return false
		}
	}
	return true
}

// issue chooses the people and opens a session for each.
func issue(ctx context.Context, a *app.App, seed int64) ([]Account, error) {
	list, err := choose(ctx, a)
	if err != nil {
		return nil, err
	}
	err = a.DB.Write(ctx, func(tx *store.Tx) error {
		for i := range list {
			in, err := a.Identity.Issue(ctx, tx, identity.System("demo"), list[i].person, identity.Meta{Via: "demo", Agent: "demo"}, identity.Life{Absolute: lifeOfTokens})
			if err != nil {
				return fault.Wrap("account "+list[i].Username, err)
			}
			list[i].Token, list[i].Password = in.Token, password(seed, list[i].Username)
		}
		return nil
	})
	return list, err
}

// choose gives the people of the demo files, then turn by turn one of each role until there are enough.
func choose(ctx context.Context, a *app.App) ([]Account, error) {
	files, names, err := readFiles(a.Bundle.Load())
	if err != nil {
		return nil, err
	}
	rank := map[string]int{}
	for _, name := range names {
		for _, p := range files[name].People {
			rank[folded(p.Username)] = len(rank) + 1
		}
	}
	all, err := everybody(ctx, a)
	if err != nil {
		return nil, err
	}
	var first []Account
	byRole := map[string][]Account{}
	var roles []string
	for _, x := range all {
		if rank[x.Username] > 0 {
			first = append(first, x)
			continue
		}
		if byRole[x.Role] == nil {
			roles = append(roles, x.Role)
		}
		byRole[x.Role] = append(byRole[x.Role], x)
	}
	slices.SortFunc(first, func(a, b Account) int { return rank[a.Username] - rank[b.Username] })
	slices.Sort(roles)
	out := first[:min(len(first), mostAccounts)]
	for turn := 0; len(out) < mostAccounts; turn++ {
		before := len(out)
		for _, role := range roles {
			list := byRole[role]
			if step := max(1, len(list)/12); turn*step < len(list) && len(out) < mostAccounts { // spread over the county
				out = append(out, list[turn*step])
			}
		}
		if len(out) == before {
			break
		}
	}
	return out, nil
}

// everybody reads the people with posts and accounts, by username.
func everybody(ctx context.Context, a *app.App) ([]Account, error) {
	dir := a.Identity.Directory()
	names := map[string]string{}
	err := a.DB.Read(ctx, func(tx *store.Tx) error {
		clear(names)
		rows, err := tx.Query(ctx, `SELECT person, username FROM identity_account`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var person, username string
			if err := rows.Scan(&person, &username); err != nil {
				return err
			}
			names[person] = username
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fault.Wrap("read accounts", err)
	}
	var out []Account
	for _, m := range dir.People(identity.PeopleFilter{}) {
		if len(m.Posts) == 0 || len(m.Posts[0].Roles) == 0 || names[m.ID] == "" {
			continue
		}
		p := m.Posts[0]
		out = append(out, Account{Role: p.Roles[0], Username: names[m.ID], Name: m.Name, Org: p.Org, Area: p.Area, person: m.ID})
	}
	slices.SortFunc(out, func(a, b Account) int { return compare(a.Username, b.Username) })
	return out, nil
}

// offer fills the one-click sign-in: the first of every role, in the order of the file.
func offer(a *app.App, list []Account) {
	if a.Demo == nil {
		return
	}
	b, dir := a.Bundle.Load(), a.Identity.Directory()
	count := map[string]int{}
	a.Demo.Accounts = []server.DemoAccount{}
	for _, x := range list {
		if count[x.Role]++; count[x.Role] > oneClick {
			continue
		}
		org, _ := dir.Name("org", x.Org)
		a.Demo.Accounts = append(a.Demo.Accounts, server.DemoAccount{
			Username: x.Username, Name: x.Name, Role: x.Role, Label: b.Word("role."+x.Role, nil), Org: org, Password: x.Password, Token: x.Token,
		})
	}
}
