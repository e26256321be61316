package app

import (
	"context"

	"chengshu/base/feel"
	"chengshu/base/store"
	"chengshu/kernel/decision"
	"chengshu/kernel/flow"
	"chengshu/kernel/identity"
	"chengshu/kernel/schema"
)

// decideFunc is decide(key, decision, inputs): what a decision in force on the present day gives, for conditions and
// computed fields. It is null where facts are missing, and leaves no log.
func (a *App) decideFunc() feel.Func {
	return feel.Func{
		Name: "decide", Result: feel.AnyType,
		Params: []feel.Param{
			{Name: "key", Type: feel.StringType}, {Name: "decision", Type: feel.StringType}, {Name: "inputs", Type: feel.ContextOf()},
		},
		Call: func(_ *feel.Env, args []feel.Value) (feel.Value, error) {
			key, _ := args[0].(string)
			name, _ := args[1].(string)
			inputs, _ := args[2].(*feel.Context)
			o, err := a.Decision.Evaluate(key, name, a.Decision.Today(), inputs)
			return o.Value, err
		},
	}
}

// decide makes a decision about the record of a process. The result holds verdict, value, the names of missing facts as
// people know them, and the basis; value is null unless the decision could be made.
func (p *processes) decide(ctx context.Context, tx *store.Tx, a identity.Actor, c flow.Call) (feel.Value, error) {
	ref, err := decision.ParseRef(c.Name)
	if err != nil {
		return nil, err
	}
	t, err := p.app.Records.Set().Type(c.Biz.Type)
	if err != nil {
		return nil, err
	}
	ask := decision.Ask{
		Ref: ref, Subject: c.Biz.Subject(), Actor: a.Person, Instance: c.Instance, Node: c.Node, Started: c.Started, Vars: c.Vars,
		Personal: func(field string) bool { return personal(t, field) },
	}
	if c.Vars == nil {
		ask.Data = feel.Map{}
		if data, ok := c.Data.(*feel.Context); ok {
			ask.Data = data
		}
	}
	o, note, err := p.app.Decision.Decide(ctx, tx, ask)
	if err != nil {
		return nil, err
	}
	c.Note("decision", note)
	missing, basis := feel.List{}, feel.List{}
	for _, m := range o.Missing {
		missing = append(missing, p.app.inputLabel(o.Edition, t, m))
	}
	for _, b := range o.Basis() {
		basis = append(basis, b)
	}
	return feel.NewContext("verdict", o.Verdict, "value", o.Value, "missing", missing, "basis", basis, "key", o.Edition.Key, "version", o.Edition.Version), nil
}

// inputLabel gives the words of an input: those of the field it comes from, else its own name.
func (a *App) inputLabel(e *decision.Edition, t *schema.Type, input string) string {
	name := e.Field(input)
	for _, key := range []string{"field." + t.Name + "." + name, "ui.field." + name} {
		if b := a.Bundle.Load(); b.Has(key) {
			return b.Word(key, nil)
		}
	}
	return input
}

// personal tells whether a value of a field must not stand in the journal in the clear. What is no field may be anything.
func personal(t *schema.Type, field string) bool {
	if f := t.Field(field); f != nil {
		return f.Personal()
	}
	_, system := t.SQLColumn(field)
	return !system
}
