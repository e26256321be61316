package identity

import (
	"context"
	"strings"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
)

// Person is a human being who may act.
type Person struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Phone    string    `json:"phone,omitempty"`   // personal; not held in the directory
	Disabled time.Time `json:"disabled,omitzero"` // zero while active
}

func (p *Person) complete() error {
	p.Name, p.Phone = strings.TrimSpace(p.Name), strings.TrimSpace(p.Phone)
	if p.Name == "" || len(p.Name) > maxName {
		return fault.New(fault.Invalid, "identity.person").At("/name", "field.required")
	}
	if len(p.Phone) > 32 || strings.Trim(p.Phone, "0123456789+- ") != "" {
		return fault.New(fault.Invalid, "identity.person").At("/phone", "field.pattern")
	}
	return nil
}

// CreatePerson makes a person with an account and gives the random first password, which must be changed at the first
// sign-in. It needs the system power. Faults: Denied "identity.power", Invalid "identity.person" or "identity.username",
// Exists "identity.username".
func (s *Store) CreatePerson(ctx context.Context, a Actor, p Person, username string) (made Person, password string, err error) {
	if err := s.Require(a, PowerSystem); err != nil {
		return Person{}, "", err
	}
	if err := p.complete(); err != nil {
		return Person{}, "", err
	}
	username, err = checkUsername(username)
	if err != nil {
		return Person{}, "", err
	}
	if password, err = s.word(12); err != nil {
		return Person{}, "", err
	}
	hash, err := s.hash(ctx, password)
	if err != nil {
		return Person{}, "", err
	}
	if p.ID, err = s.newID(); err != nil {
		return Person{}, "", err
	}
	p.Disabled = time.Time{}
	err = s.opt.DB.Write(ctx, func(tx *store.Tx) error {
		if err := s.insertPerson(ctx, tx, p, username, hash, true); err != nil {
			return err
		}
		if err := s.log(ctx, tx, a, "person.create", "person/"+p.ID, map[string]any{"account": true}); err != nil {
			return err
		}
		return s.changed(ctx, tx)
	})
	if err != nil {
		return Person{}, "", err
	}
	return p, password, nil
}

func (s *Store) insertPerson(ctx context.Context, tx *store.Tx, p Person, username, hash string, mustChange bool) error {
	now := s.now().UnixMicro()
	if _, err := tx.Exec(ctx, `INSERT INTO identity_person (id, name, phone, created_at, changed_at, disabled_at) VALUES (?, ?, ?, ?, ?, 0)`,
		p.ID, p.Name, p.Phone, now, now); err != nil {
		return fault.Wrap("insert person", err)
	}
	_, err := tx.Exec(ctx, `INSERT INTO identity_account (username, person, hash, past, must_change, changed_at) VALUES (?, ?, ?, '[]', ?, ?)`,
		username, p.ID, hash, mustChange, now)
	if fault.Is(err, fault.Exists) {
		return fault.New(fault.Exists, "identity.username").With(err)
	}
	return fault.Wrap("insert account", err)
}

// UpdatePerson changes name and phone. It needs the system power. Faults: Denied "identity.power", Invalid and NotFound
// "identity.person".
func (s *Store) UpdatePerson(ctx context.Context, a Actor, p Person) error {
	if err := s.Require(a, PowerSystem); err != nil {
		return err
	}
	if err := p.complete(); err != nil {
		return err
	}
	return s.opt.DB.Write(ctx, func(tx *store.Tx) error {
		if err := s.lock(ctx, tx, p.ID); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE identity_person SET name = ?, phone = ? WHERE id = ?`, p.Name, p.Phone, p.ID); err != nil {
			return fault.Wrap("update person", err)
		}
		if err := s.log(ctx, tx, a, "person.update", "person/"+p.ID, map[string]any{"fields": []string{"name", "phone"}}); err != nil {
			return err
		}
		return s.changed(ctx, tx)
	})
}

// Disable ends a person's sessions and refuses new ones, on this node at once and on others within Options.Fresh (ASVS
// 7.4.2). It needs the system power; nobody disables themselves. Faults: Denied "identity.power" or "identity.self",
// NotFound "identity.person".
func (s *Store) Disable(ctx context.Context, a Actor, person string) error {
	if a.Person == person {
		return fault.New(fault.Denied, "identity.self")
	}
	return s.setDisabled(ctx, a, person, s.now().UnixMicro(), "person.disable")
}

// Enable lets a disabled person sign in again. It needs the system power.
func (s *Store) Enable(ctx context.Context, a Actor, person string) error {
	return s.setDisabled(ctx, a, person, 0, "person.enable")
}

func (s *Store) setDisabled(ctx context.Context, a Actor, person string, at int64, action string) error {
	if err := s.Require(a, PowerSystem); err != nil {
		return err
	}
	return s.opt.DB.Write(ctx, func(tx *store.Tx) error {
		if err := s.lock(ctx, tx, person); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE identity_person SET disabled_at = ? WHERE id = ?`, at, person); err != nil {
			return fault.Wrap(action, err)
		}
		n, err := s.endSessions(ctx, tx, person, "")
		if err != nil {
			return err
		}
		if err := s.log(ctx, tx, a, action, "person/"+person, map[string]any{"sessions": n}); err != nil {
			return err
		}
		return s.changed(ctx, tx)
	})
}

// Person gives a person with phone. The caller has asked whether the actor may see it.
func (s *Store) Person(ctx context.Context, id string) (Person, error) {
	p := Person{ID: id}
	err := s.opt.DB.Read(ctx, func(tx *store.Tx) error {
		var disabled int64
		err := tx.QueryRow(ctx, `SELECT name, phone, disabled_at FROM identity_person WHERE id = ?`, id).Scan(&p.Name, &p.Phone, &disabled)
		if store.None(err) {
			return fault.New(fault.NotFound, "identity.person", "id", id)
		}
		p.Disabled = instant(disabled)
		return fault.Wrap("read person", err)
	})
	return p, err
}
