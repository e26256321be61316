package dmn_test

import (
	"encoding/json"
	"testing"
	"time"

	"chengshu/base/dmn"
	"chengshu/base/feel"
)

// FuzzModel: whatever the bytes are, reading, compiling, analysing and evaluating neither panics nor runs away.
func FuzzModel(f *testing.F) {
	f.Add([]byte(model(input("n", "number") + decide("a", table(`hitPolicy="FIRST"`, "< 5 => 1\nnot(7) => n"), "i_n"))))
	f.Add([]byte(model(decide("a", literal(`b`), "d_b") + decide("b", literal(`a`), "d_a"))))
	f.Add([]byte(model(`<itemDefinition name="t"><typeRef>t</typeRef></itemDefinition>` + decide("a", `<relation><column name="x" typeRef="t"/><row>`+literal(`1`)+`</row></relation>`))))
	f.Add([]byte(model(decide("a", `<for iteratorVariable="x"><in>`+literal(`1..9`)+`</in><return>`+literal(`partial`)+`</return></for>`))))
	f.Add([]byte(model(serviceModel + decide("x", literal(`a`), "i_a") + `<decisionService id="s" name="s"><outputDecision href="#d_x"/><inputData href="#i_a"/></decisionService>`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := dmn.Parse(data)
		if err != nil {
			return
		}
		d := dmn.Compile(nil, m, m)
		d.Analyse()
		env := &feel.Env{
			Vars: feel.Map{"n": feel.NumberFromInt(3)}, Limits: feel.Limits{Steps: 10_000, List: 1000, Text: 10_000},
			Now: func() time.Time { return time.Unix(0, 0).UTC() },
		}
		for _, x := range d.Decisions() {
			res := x.Eval(env)
			if _, err := json.Marshal(res.Trace); err != nil {
				t.Errorf("trace: %v", err)
			}
		}
		for _, s := range d.Services() {
			s.Eval(env)
		}
	})
}
