package flow

import (
	"errors"
	"fmt"
	"math/rand"

	"chengshu/base/bpmn"
	"chengshu/base/feel"
)

// RandomModel writes a random block-structured definition for the tests on databases. It may call the process "child".
func RandomModel(seed int64) []byte {
	g := &modeler{r: rand.New(rand.NewSource(seed)), max: 8, outside: true}
	return []byte(g.model())
}

// Runs gives the number of random runs: many with CHENGSHU_LONG=1.
func Runs(short, long int) int { return runs(short, long) }

// Findings gives what the lint finds in a model.
func Findings(xml string) ([]bpmn.Finding, error) {
	m, err := bpmn.Read([]byte(xml))
	if err != nil || len(m.Problems) > 0 {
		return nil, errors.Join(err, fmt.Errorf("problems %+v", m.Problems))
	}
	_, found := build("p", "test.case", m.Main(), feel.NewScope().Var("amount", feel.NumberType), true)
	return found, nil
}
