package identity

import (
	"slices"

	"chengshu/base/fault"
)

// Power is one of the three administrators' powers that exclude one another (GB/T 22239-2019 §8.1.5).
type Power string

// The powers.
const (
	PowerSystem   Power = "system"   // makes people, organisations and posts; ends sessions
	PowerSecurity Power = "security" // grants roles; ends sessions
	PowerAudit    Power = "audit"    // reads the journal
)

// Require refuses an actor whose post holds none of the powers: Denied "identity.power". The system itself passes: it acts
// from the command line, where access to the machine is the permission.
func (s *Store) Require(a Actor, powers ...Power) error {
	if a.Person == SystemPerson {
		return nil
	}
	for _, role := range a.Roles {
		if p, known := s.opt.Power(role); known && slices.Contains(powers, p) {
			return nil
		}
	}
	return fault.New(fault.Denied, "identity.power", "power", string(powers[0]))
}

// powerful tells whether one of the roles carries an administrator's power.
func (s *Store) powerful(roles []string) bool {
	for _, role := range roles {
		if p, _ := s.opt.Power(role); p != "" {
			return true
		}
	}
	return false
}
