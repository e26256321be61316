package server

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	"chengshu/base/clock"
	"chengshu/base/dmn"
	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/base/store"
	"chengshu/kernel/decision"
	"chengshu/kernel/policy"
	"chengshu/kernel/record"
	"chengshu/kernel/schema"
)

// sensitive is the grade of an input that is no field of the record: nobody has said that it is less.
const sensitive = 3

// decisions lists the decisions the caller may use as a calculator on a day, with what they ask for.
func (s *Server) decisions(r *request) (reply, error) {
	day, err := s.decisionDay(r.query("date"))
	if err != nil {
		return reply{}, err
	}
	items := []map[string]any{}
	for _, key := range s.opt.Decision.Keys(day) {
		e, err := s.opt.Decision.On(key, day)
		if err != nil || !e.Offered(r.actor.Roles) {
			continue
		}
		list := []map[string]any{}
		for _, d := range e.Definitions.Decisions() {
			inputs := []map[string]any{}
			for _, in := range d.Inputs() {
				inputs = append(inputs, map[string]any{"name": in.Name, "label": s.inputLabel(e, in.Name), "type": in.Type.Kind().String()})
			}
			list = append(list, map[string]any{"id": d.ID(), "name": d.Name(), "inputs": inputs})
		}
		items = append(items, map[string]any{
			"key": key, "label": e.Models[0].Name, "version": e.Version, "from": dayOrNil(e.From), "to": dayOrNil(e.To), "law": e.Law, "decisions": list,
		})
	}
	return reply{Body: map[string]any{"items": items}}, nil
}

func dayOrNil(d feel.Date) any {
	if d == (feel.Date{}) {
		return nil
	}
	return d.String()
}

func (s *Server) decisionDay(text string) (feel.Date, error) {
	if text == "" {
		return s.opt.Decision.Today(), nil
	}
	d, ok := feel.ParseDate(text)
	if !ok {
		return d, fault.New(fault.Invalid, "query.day", "value", text)
	}
	return d, nil
}

// evaluate answers what would be decided on the caller's inputs. Nothing is written: it is a calculator, no act.
func (s *Server) evaluate(r *request) (reply, error) {
	name, ok := strings.CutSuffix(r.PathValue("decision"), ":evaluate")
	if !ok {
		return reply{}, fault.New(fault.NotFound, "verb.unknown", "verb", r.PathValue("decision"))
	}
	var in struct {
		Inputs map[string]any `json:"inputs"`
		Date   string         `json:"date"`
	}
	if err := r.decode(&in); err != nil {
		return reply{}, err
	}
	day, err := s.decisionDay(in.Date)
	if err != nil {
		return reply{}, err
	}
	e, err := s.opt.Decision.On(r.PathValue("key"), day)
	if err != nil {
		return reply{}, err
	}
	if !e.Offered(r.actor.Roles) {
		return reply{}, fault.New(fault.Denied, "decision.denied", "key", e.Key)
	}
	d := e.Find(name)
	if d == nil {
		return reply{}, fault.New(fault.NotFound, "dmn.decision", "key", e.Key, "name", name)
	}
	vars, err := decision.Read(d, in.Inputs)
	if err != nil {
		return reply{}, err
	}
	o, err := e.Evaluate(name, vars, s.now().In(clock.Shanghai))
	if err != nil {
		return reply{}, err
	}
	missing := make([]map[string]any, 0, len(o.Missing))
	for _, m := range o.Missing {
		missing = append(missing, map[string]any{"name": m, "label": s.inputLabel(e, m)})
	}
	body := map[string]any{
		"key": e.Key, "version": e.Version, "sha256": o.SHA256, "decision": o.Name, "date": day.String(), "verdict": o.Verdict,
		"verdict_label": s.word("decision.verdict."+o.Verdict, nil), "value": feel.ToGo(o.Value), "missing": missing, "rules": ruleViews(o.Rules), "trace": o.Trace,
	}
	if label := s.valueLabel(e.Key, body["value"]); label != "" {
		body["value_label"] = label
	}
	return reply{Body: body}, nil
}

// valueLabel is what a pack calls a conclusion that is a word of its model; "" where it has no words for it.
func (s *Server) valueLabel(key string, value any) string {
	word, ok := value.(string)
	if name := "decision.value." + key + "." + word; ok && s.bundle().Has(name) {
		return s.word(name, nil)
	}
	return ""
}

func ruleViews(rules []decision.Rule) []map[string]any {
	out := make([]map[string]any, 0, len(rules))
	for _, r := range rules {
		out = append(out, map[string]any{"table": r.Table, "row": r.Row, "basis": append([]string{}, r.Basis...)})
	}
	return out
}

// inputLabel names an input: by the words of the field it is filled from, else as the model does.
func (s *Server) inputLabel(e *decision.Edition, input string) string {
	return s.fieldLabel(e.Of, e.Field(input), input)
}

func (s *Server) fieldLabel(typ, field, otherwise string) string {
	for _, key := range []string{"field." + typ + "." + field, "ui.field." + field} {
		if s.bundle().Has(key) {
			return s.word(key, nil)
		}
	}
	return otherwise
}

// recordDecisions gives what was decided about a record and why, masked as the record is.
func (s *Server) recordDecisions(r *request) (reply, error) {
	items := []map[string]any{}
	err := s.withRecord(r, func(ctx context.Context, tx *store.Tx, rec *record.Record) error {
		entries, err := s.opt.Decision.Log(ctx, tx, rec.Subject())
		for _, e := range entries {
			items = append(items, s.decisionView(r, rec, e))
		}
		return err
	})
	return reply{Body: map[string]any{"items": items}}, err
}

// decisionView shows one entry of the log. Where an input is above the caller's clearance, what was concluded from it is
// masked with it; which rule it was, and its clause, is the reason of an official act and is shown.
func (s *Server) decisionView(r *request, rec *record.Record, e decision.Entry) map[string]any {
	masked := false
	inputs := make([]map[string]any, 0, len(e.Body.Inputs))
	labels := map[string]string{}
	for _, in := range e.Body.Inputs {
		labels[in.Name] = s.fieldLabel(rec.Type.Name, in.Field, in.Name)
		m := map[string]any{"name": in.Name, "label": labels[in.Name], "value": in.Value}
		if in.Value != nil && !sees(r, rec.Type, in.Field) {
			m["value"], m["masked"], masked = nil, true, true
		}
		inputs = append(inputs, m)
	}
	missing := make([]map[string]any, 0, len(e.Body.Missing))
	for _, name := range e.Body.Missing {
		label := labels[name]
		if label == "" {
			label = name
		}
		missing = append(missing, map[string]any{"name": name, "label": label})
	}
	out := map[string]any{
		"id": e.ID, "at": schema.FormatTime(e.At), "by_name": s.actorName(e.Actor), "node": e.Node, "node_label": s.stepLabel(rec.Type.FlowKey(), e.Node),
		"key": e.Key, "version": e.Version, "sha256": e.SHA256, "decision": e.Body.Decision, "verdict": e.Body.Verdict,
		"verdict_label": s.word("decision.verdict."+e.Body.Verdict, nil), "value": e.Body.Output, "inputs": inputs, "missing": missing,
		"rules": ruleViews(e.Body.Rules), "text": s.decisionText(e.Key, e.Body, masked, missing),
	}
	if masked {
		out["value"], out["masked"] = nil, true
		return out
	}
	out["trace"] = e.Body.Trace
	return out
}

// decisionText says in one line what was decided and why.
func (s *Server) decisionText(key string, b decision.Body, masked bool, missing []map[string]any) string {
	result := s.word("decision.verdict."+b.Verdict, nil)
	if b.Verdict == decision.Value && !masked {
		if label := s.valueLabel(key, b.Output); label != "" {
			result = label
		} else if raw, ok := b.Output.(string); ok {
			result = raw
		} else if raw, err := json.Marshal(b.Output); err == nil {
			result = string(raw)
		}
	}
	names := make([]string, 0, len(missing))
	for _, m := range missing {
		names = append(names, text(m["label"]))
	}
	var basis []string
	for _, rule := range b.Rules {
		basis = append(basis, rule.Basis...)
	}
	line := b.Decision + s.word("decision.text.is", nil) + result
	if b.Verdict == decision.Incomplete && len(names) > 0 {
		line += s.word("decision.text.missing", map[string]any{"names": strings.Join(names, s.word("decision.text.and", nil))})
	}
	if len(basis) > 0 {
		line += s.word("decision.text.basis", map[string]any{"basis": strings.Join(basis, s.word("decision.text.and", nil))})
	}
	return line
}

// sees tells whether the caller may see an input's value.
func sees(r *request, t *schema.Type, field string) bool {
	if f := t.Field(field); f != nil {
		return policy.Sees(r.actor, f)
	}
	if _, system := t.SQLColumn(field); system {
		return true
	}
	return r.actor.Clearance >= sensitive
}

// stories turns what was decided into lines of the record's timeline.
func (s *Server) stories(ctx context.Context, tx *store.Tx, r *request, rec *record.Record) ([]map[string]any, error) {
	entries, err := s.opt.Decision.Log(ctx, tx, rec.Subject())
	if err != nil {
		return nil, err
	}
	out := make([]map[string]any, 0, len(entries))
	for _, e := range entries {
		v := s.decisionView(r, rec, e)
		out = append(out, map[string]any{
			"at": v["at"], "kind": "decision", "label": s.word("decision.story", nil), "by_name": s.actorName("system"), "reason": "", "op": "decision",
			"node_label": v["node_label"], "detail": v["text"],
		})
	}
	return out, nil
}

// describeDecisions adds the calculators the caller may use, each with the inputs it takes.
func (s *Server) describeDecisions(r *request, d *document) {
	day := s.opt.Decision.Today()
	for _, key := range s.opt.Decision.Keys(day) {
		e, err := s.opt.Decision.On(key, day)
		if err != nil || !e.Offered(r.actor.Roles) {
			continue
		}
		for _, one := range e.Definitions.Decisions() {
			props := map[string]any{}
			for _, in := range one.Inputs() {
				props[in.Name] = described(inputSchemaOf(in), s.inputLabel(e, in.Name))
			}
			body := map[string]any{"type": "object", "properties": map[string]any{
				"inputs": map[string]any{"type": "object", "properties": props, "additionalProperties": false}, "date": typed("date"),
			}, "required": []string{"inputs"}}
			d.add("POST", "/api/v1/decisions/"+key+"/"+url.PathEscape(one.ID())+":evaluate", call{
				id: key + "." + one.ID() + ".evaluate", summary: e.Models[0].Name, status: 200, answer: reference("Evaluation"), body: body,
			})
		}
	}
}

// inputSchemaOf is what an input takes; null says that it is not known.
func inputSchemaOf(in dmn.Input) map[string]any {
	switch in.Type.Kind() { //nolint:exhaustive // others come as JSON has them
	case feel.KindBool:
		return map[string]any{"type": []string{"boolean", "null"}}
	case feel.KindNumber:
		return map[string]any{"type": []string{"number", "string", "null"}}
	case feel.KindString, feel.KindDate, feel.KindDateTime:
		return map[string]any{"type": []string{"string", "null"}}
	}
	return map[string]any{}
}
