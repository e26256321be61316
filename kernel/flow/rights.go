package flow

// Rights gives the permissions on a record of which one suffices for an act that Policy is asked about, such as
// "flow.jump". The first is the one a person lacks who has none. A type's cancel right is what deletes its records; who may
// merge them ends the process of the one that is merged.
func Rights(action string) []string {
	switch action {
	case "flow.urge", "flow.supervise", "flow.appeal", "flow.extend", "flow.clock":
		return []string{"supervise", "admin"}
	case "flow.choose":
		return []string{"choose", "supervise", "admin"}
	case "flow.cancel":
		return []string{"delete", "admin", "merge"}
	}
	return []string{"admin"}
}
