package identity

import (
	"cmp"
	"slices"
	"strings"
)

// Actor is a person acting in one post, a device, or a part of the system itself, as every command carries it.
// The journal records Person, Post and Via of it; policy decides on Roles, Org, Area and Clearance.
type Actor struct {
	Person    string   // person id; SystemPerson for timers and start-up, AnonymousPerson without sign-in
	Name      string   // shown to people
	Post      string   // post id the person acts in; empty for citizens and the system
	Org       string   // organisation path of the post, with trailing slash: "/county/chengguan/"
	Area      string   // area path the post's scope covers, with trailing slash: "/990100/990100001/"
	Roles     []string // roles of the post, "urban.collector"; sorted
	Clearance int      // highest field grade seen unmasked: 1 public, 2 internal, 3 sensitive, 4 core
	Via       string   // road taken: "api", "web", "public", "timer", "import", "cli", "demo"
	OnBehalf  string   // person stood in for (stand-in), else empty
	Session   string   // session id, for listing and killing
	Request   string   // command id: the Idempotency-Key or the trace id
}

// Persons that are no people.
const (
	SystemPerson    = "system"
	AnonymousPerson = "anonymous"
)

// System is the actor of timers, start-up and migrations. It holds no role; kernel code that acts as the system does
// not ask policy, and the journal names the via.
func System(via string) Actor {
	return Actor{Person: SystemPerson, Name: SystemPerson, Via: via, Clearance: 4}
}

// Anonymous is a visitor without sign-in.
func Anonymous(via string) Actor {
	return Actor{Person: AnonymousPerson, Name: AnonymousPerson, Via: via, Roles: []string{"anonymous"}, Clearance: 1}
}

// Principal is the person whose work an act is: the one stood in for, else the actor.
func (a Actor) Principal() string { return cmp.Or(a.OnBehalf, a.Person) }

// Is tells whether the actor is the person or stands in for them.
func (a Actor) Is(person string) bool {
	return person != "" && (a.Person == person || a.OnBehalf == person)
}

// Has tells whether the actor's post holds the role.
func (a Actor) Has(role string) bool {
	return slices.Contains(a.Roles, role)
}

// Covers tells whether the actor's area scope contains the area path.
func (a Actor) Covers(area string) bool { return a.Area != "" && strings.HasPrefix(area, a.Area) }
