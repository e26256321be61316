package record

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"

	"chengshu/base/fault"
	"chengshu/kernel/identity"
	"chengshu/kernel/schema"
)

// measure is what is computed of the records of a group. Sums and averages are exact on both databases, however large the
// values are: they are summed in two halves and put together here.
type measure struct {
	fn     string // count, sum, avg, min, max
	column string
	scale  int
}

const half = 1_000_000_000

func newMeasure(a identity.Actor, t *schema.Type, src string) (measure, error) {
	m, ok := t.Measure(src)
	if !ok {
		return measure{}, fault.New(fault.Invalid, "query.measure", "measure", src)
	}
	return measure{fn: m.Fn, column: m.Column.SQL, scale: m.Column.Scale}, visible(a, t, m.Field)
}

// columns gives the SQL; when, where it is not empty, is a condition over the records that are measured. It stands once in
// each column.
func (m measure) columns(when string) []string {
	value := m.column
	if m.fn == "count" {
		value = "1"
	}
	each := func(v string) string {
		if when == "" {
			return v
		}
		return "CASE WHEN " + when + " THEN " + v + " END"
	}
	switch m.fn {
	case "count":
		return []string{"count(" + each(value) + ")"}
	case "min", "max":
		return []string{m.fn + "(" + each(value) + ")"}
	}
	return []string{
		fmt.Sprintf("CAST(sum(%s) AS BIGINT)", each(fmt.Sprintf("%s / %d", value, half))),
		fmt.Sprintf("CAST(sum(%s) AS BIGINT)", each(fmt.Sprintf("%s %% %d", value, half))),
		"count(" + each(value) + ")",
	}
}

// value puts the columns together: an int64 or json.Number, of decimals a string with their digits, nil for nothing.
func (m measure) value(cols []any) any {
	first, ok := cols[0].(int64)
	switch {
	case !ok:
		return nil
	case m.fn == "count":
		return first
	case m.fn == "min", m.fn == "max":
		return m.written(big.NewInt(first))
	}
	low, _ := cols[1].(int64)
	sum := new(big.Int).Add(new(big.Int).Mul(big.NewInt(first), big.NewInt(half)), big.NewInt(low))
	if m.fn == "sum" {
		return m.written(sum)
	}
	n, _ := cols[2].(int64)
	if n == 0 {
		return nil
	}
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(m.scale)), nil)
	mean := new(big.Rat).SetFrac(sum, new(big.Int).Mul(unit, big.NewInt(n)))
	if m.scale > 0 {
		return mean.FloatString(m.scale)
	}
	text := mean.FloatString(6)
	return json.Number(strings.TrimRight(strings.TrimRight(text, "0"), "."))
}

func (m measure) written(units *big.Int) any {
	if m.scale > 0 {
		unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(m.scale)), nil)
		return new(big.Rat).SetFrac(units, unit).FloatString(m.scale)
	}
	if units.IsInt64() {
		return units.Int64()
	}
	return json.Number(units.String())
}
