// Package open311 takes city events in from other systems that speak Open311 GeoReport v2.
//
// It reads the XML and JSON of services and of service requests, maps them as a pack's open311.yaml says, and makes records
// through the ordinary road of a change: permission, checks, process, journal. Services that no category stands for become
// rows of a code table in the site layer. It serves no Open311 itself and knows no pack by name.
//
// Main types: Document, Mapping, Importer, Report.
package open311

import (
	"context"

	"chengshu/app"
	"chengshu/base/fault"
	"chengshu/kernel/identity"
)

// Importer takes documents in.
type Importer struct {
	App     *app.App
	Mapping *Mapping
	Source  string // name of the other system: numbers are unique within it
	Dry     bool   // check and report everything, write nothing
}

// Import takes a document in and tells what became of each row. A wrong row is reported and leaves the others; a fault
// means that the import as a whole could not go on, and the report tells how far it came.
func (m *Importer) Import(ctx context.Context, d *Document) (*Report, error) {
	if m.Source == "" || m.Mapping == nil {
		return nil, fault.New(fault.Invalid, "open311.mapping", "name", "source")
	}
	r := &Report{}
	if err := m.services(d, r); err != nil {
		return r, err
	}
	return r, m.requests(ctx, d, r)
}

// actor is who the journal names: the system, by way of the import, with the role the mapping gives it and no other.
func (m *Importer) actor() identity.Actor {
	a := identity.System("import")
	a.Roles = []string{m.Mapping.Role}
	a.Clearance = m.App.Policy.Clearance(a.Roles)
	a.Request = "open311:" + m.Source
	return a
}
