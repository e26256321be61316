package flow_test

import (
	"testing"

	"chengshu/kernel/flow"
)

func TestAsked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		task flow.Task
		want flow.Asked
		ok   bool
	}{
		{"a step", flow.Task{Kind: flow.KindNode, State: flow.Open, Owner: "p", Reason: "x"}, flow.Asked{}, false},
		{"an opinion", flow.Task{Kind: flow.KindConsult, State: flow.Open, Owner: "p", Reason: "x"}, flow.Asked{By: "p", Reason: "x"}, true},
		{"answered", flow.Task{Kind: flow.KindConsult, State: flow.Done, Owner: "p", Reason: "the answer"}, flow.Asked{}, false},
		{
			"more time",
			flow.Task{Kind: flow.KindExtend, State: flow.Open, Owner: "p", Reason: "x", Data: `{"sla":"c","limit":"5 workday","basis":"§42"}`},
			flow.Asked{By: "p", Reason: "x", SLA: "c", Limit: "5 workday", Basis: "§42"},
			true,
		},
		{"an appeal", flow.Task{Kind: flow.KindAppeal, State: flow.Open, Data: `{"sla":"c","level":"red"}`}, flow.Asked{SLA: "c", Level: "red"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, ok, err := c.task.Asked()
			if got != c.want || ok != c.ok || err != nil {
				t.Errorf("got %+v, %t, %v, want %+v, %t", got, ok, err, c.want, c.ok)
			}
		})
	}
	if _, _, err := (&flow.Task{Kind: flow.KindAppeal, State: flow.Open, Data: "{"}).Asked(); err == nil {
		t.Error("what cannot be read was taken")
	}
}
