package flow_test

import (
	"strings"
	"testing"
	"time"

	"chengshu/base/clock"
	"chengshu/base/store"
	"chengshu/kernel/flow"
)

// foreignModel is a model as another vendor writes it: one user task t.
func foreignModel(namespace, attributes, inside string) []byte {
	return []byte(`<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:v="` + namespace + `" targetNamespace="t" id="d">
<process id="p" isExecutable="true">` + se + `<userTask id="t"` + attributes + `>` + inside + `</userTask>` + seq("s>t>e") + `</process></definitions>`)
}

const (
	camunda  = "http://camunda.org/schema/1.0/bpmn"
	zeebe    = "http://camunda.org/schema/zeebe/1.0"
	flowable = "http://flowable.org/bpmn"
)

// Tasks of other vendors' models are given to whom they say, until when they say. The record's note is "n", its street "s1".
func TestForeignTasks(t *testing.T) {
	nine := time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai)
	ext := func(s string) string { return `<extensionElements>` + s + `</extensionElements>` }
	each(t, func(w *world) {
		for _, c := range []struct {
			name, cands, assignee, form string
			due                         time.Time
			xml                         []byte
		}{
			{"camunda 7 groups", "role:clerk role:chief", "", "embedded:app:forms/x.html", nine.Add(48 * time.Hour), foreignModel(camunda, ` v:candidateGroups="clerk, chief" v:formKey="embedded:app:forms/x.html" v:dueDate="P2D"`, "")},
			{"camunda 7 assignee by name", "person:starter", "starter", "", time.Time{}, foreignModel(camunda, ` v:assignee="${starter}"`, "")},
			{"camunda 7 users", "person:ann person:bob", "", "", time.Date(2026, 3, 5, 12, 0, 0, 0, clock.Shanghai), foreignModel(camunda, ` v:candidateUsers="ann,bob" v:dueDate="2026-03-05T12:00:00+08:00"`, "")},
			{"zeebe text", "role:clerk person:ann", "ann", "form-1", nine.Add(time.Hour), foreignModel(zeebe, "", ext(`<v:assignmentDefinition assignee="ann" candidateGroups="clerk"/><v:formDefinition formId="form-1"/><v:taskSchedule dueDate="=now() + duration(&quot;PT1H&quot;)"/>`))},
			{"zeebe feel", "role:s1-clerk role:chief", "", "", time.Time{}, foreignModel(zeebe, "", ext(`<v:assignmentDefinition candidateGroups="=[street + &quot;-clerk&quot;, &quot;chief&quot;]"/>`))},
			{"flowable", "role:clerk person:bob", "bob", "f", nine.Add(24 * time.Hour), foreignModel(flowable, ` v:assignee="bob" v:candidateGroups="clerk" v:formKey="f" v:dueDate="PT24H"`, "")},
		} {
			w.deploy("main", c.xml)
			k := w.task(w.start("main"), "t")
			var cands []string
			for _, x := range k.Candidates {
				cands = append(cands, x.Kind+":"+x.Ref)
			}
			if got := strings.Join(cands, " "); got != c.cands || k.Assignee != c.assignee || !k.Due.Equal(c.due) {
				w.t.Errorf("%s: candidates %s, assignee %q, due %v; want %s, %q, %v", c.name, got, k.Assignee, k.Due, c.cands, c.assignee, c.due)
			}
			w.read(func(tx *store.Tx) error {
				f, err := w.e.Form(w.t.Context(), tx, k)
				if f.Key != c.form {
					w.t.Errorf("%s: form key %q, want %q", c.name, f.Key, c.form)
				}
				return err
			})
		}
	})
}

// What cannot be read as FEEL is refused, and our own attributes win.
func TestForeignRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, want string
		xml        []byte
	}{
		{"bean call", "flow.lint.foreign", foreignModel(camunda, ` v:assignee="${bean.find(task)}"`, "")},
		{"mixed text", "flow.lint.foreign", foreignModel(camunda, ` v:candidateGroups="group-${street}"`, "")},
		{"no date", "flow.lint.foreign", foreignModel(flowable, ` v:assignee="a" v:dueDate="tomorrow"`, "")},
		{"nobody", "flow.lint.candidates", foreignModel(camunda, ` v:formKey="f"`, "")},
	} {
		found, err := flow.Findings(string(c.xml))
		if err != nil || len(found) == 0 || found[0].Code != c.want {
			t.Errorf("%s: findings %+v, %v, want %s", c.name, found, err, c.want)
		}
	}
	own := string(foreignModel(camunda, ` v:assignee="${bean.find(task)}"`, `<extensionElements><cs:task xmlns:cs="urn:chengshu:bpmn" candidates='role("clerk")'/></extensionElements>`))
	if found, err := flow.Findings(own); err != nil || len(found) > 0 {
		t.Errorf("with cs:task: %+v, %v", found, err)
	}
}
