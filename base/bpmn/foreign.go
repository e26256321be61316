package bpmn

import "strings"

// vendors are parts of the namespace URIs of other engines whose task attributes are read, so that models import.
var vendors = [...]string{"camunda.org/schema/zeebe", "camunda.org/schema/1.0/bpmn", "flowable.org/bpmn", "activiti.org/bpmn"}

// foreign gives an attribute of another vendor, an expression without its "=".
func foreign(e *element, elem string, names ...string) string {
	return plain(foreignText(e, elem, names...))
}

// foreignText gives an attribute of another vendor as it is written: by one of names on e itself, or on its extension
// element elem.
func foreignText(e *element, elem string, names ...string) string {
	for _, part := range vendors {
		for _, name := range names {
			if v := e.AttrIn(part, name); v != "" {
				return strings.TrimSpace(v)
			}
		}
		for _, k := range extensions(e) {
			if k.Name != elem || !strings.Contains(k.Space, part) {
				continue
			}
			for _, name := range names {
				if v := k.Attr(name); v != "" {
					return strings.TrimSpace(v)
				}
			}
		}
	}
	return ""
}

func foreignTask(e *element) Foreign {
	return Foreign{
		Assignee: foreignText(e, "assignmentDefinition", "assignee"),
		Groups:   foreignText(e, "assignmentDefinition", "candidateGroups"),
		Users:    foreignText(e, "assignmentDefinition", "candidateUsers"),
		Form:     foreignText(e, "formDefinition", "formKey", "formId"),
		Due:      foreignText(e, "taskSchedule", "dueDate"),
	}
}

// called gives what a call activity calls; zeebe says it in an extension.
func called(e *element) string {
	if v := e.Attr("calledElement"); v != "" {
		if i := strings.LastIndexByte(v, ':'); i >= 0 {
			return v[i+1:]
		}
		return v
	}
	return foreign(e, "calledElement", "processId")
}

// correlation gives the correlation key expression of a message (zeebe:subscription).
func correlation(e *element) string { return foreign(e, "subscription", "correlationKey") }
