package feel

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/apd/v3"
)

// FromGo turns a Go value into a FEEL value: numbers of every kind (NaN and infinities become null), json.Number,
// apd.Decimal, time.Time (a date-time with its offset), time.Duration, maps with string keys (keys sorted), slices of any,
// string and map. A Vars stays as it is. Anything else becomes null.
func FromGo(v any) Value {
	switch x := v.(type) {
	case nil, bool, string, Number, Date, Time, DateTime, Duration, Months, List, Range:
		return x
	case *Context:
		if x == nil {
			return nil
		}
		return x
	case *Function:
		if x == nil {
			return nil
		}
		return x
	case int:
		return NumberFromInt(int64(x))
	case int64:
		return NumberFromInt(x)
	case int32:
		return NumberFromInt(int64(x))
	case float64:
		return fromFloat(x)
	case json.Number:
		if n, err := ParseNumber(string(x)); err == nil {
			return n
		}
		return nil
	case []any:
		return listFrom(x)
	case []string:
		return listFrom(x)
	case []map[string]any:
		return listFrom(x)
	case map[string]any:
		return contextFrom(x)
	case Map:
		return contextFrom(x)
	case map[string]string:
		return contextFrom(x)
	}
	return fromRare(v)
}

func fromRare(v any) Value {
	switch x := v.(type) {
	case time.Time:
		return DateTimeOf(x)
	case time.Duration:
		return DurationOf(x)
	case apd.Decimal:
		return fromDecimal(&x)
	case *apd.Decimal:
		if x != nil {
			return fromDecimal(x)
		}
	case int8:
		return NumberFromInt(int64(x))
	case int16:
		return NumberFromInt(int64(x))
	case uint8:
		return NumberFromInt(int64(x))
	case uint16:
		return NumberFromInt(int64(x))
	case uint32:
		return NumberFromInt(int64(x))
	case uint:
		return fromUint(uint64(x))
	case uint64:
		return fromUint(x)
	case float32:
		return fromFloat(float64(x))
	case []int:
		return listFrom(x)
	case []int64:
		return listFrom(x)
	case []float64:
		return listFrom(x)
	case Vars:
		return x
	}
	return nil
}

func fromUint(u uint64) Value {
	n, err := ParseNumber(strconv.FormatUint(u, 10))
	if err != nil {
		return nil
	}
	return n
}

func fromDecimal(d *apd.Decimal) Value {
	if n, ok := NumberFromDecimal(d); ok {
		return n
	}
	return nil
}

func fromFloat(f float64) Value {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	n, err := ParseNumber(strconv.FormatFloat(f, 'g', -1, 64))
	if err != nil {
		return nil
	}
	return n
}

func listFrom[T any](xs []T) Value {
	out := make(List, len(xs))
	for i, x := range xs {
		out[i] = FromGo(x)
	}
	return out
}

func contextFrom[T any](m map[string]T) Value {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	c := NewContext()
	for _, k := range keys {
		c.put(k, FromGo(m[k]))
	}
	return c
}

// ToGo turns a FEEL value into what encoding/json writes well: nil, bool, string, json.Number, []any, map[string]any;
// dates, times, durations and ranges as FEEL writes them in text, functions as nil. Zoned date-times become time.Time.
func ToGo(v Value) any {
	switch x := v.(type) {
	case nil, bool, string:
		return x
	case Number:
		return json.Number(x.String())
	case DateTime:
		if x.Zone.set {
			return x.GoTime(nil)
		}
		return x.String()
	case List:
		out := make([]any, len(x))
		for i, el := range x {
			out[i] = ToGo(el)
		}
		return out
	case *Context:
		out := make(map[string]any, x.Len())
		for _, k := range x.keys {
			out[k] = ToGo(x.vals[k])
		}
		return out
	case *Function:
		return nil
	}
	return Format(v)
}

// Format is FEEL's string(): a string as it is, everything else as its literal; "null" for null inside lists only,
// so that Format(nil) is "".
func Format(v Value) string {
	if v == nil {
		return ""
	}
	if s, ok := v.(string); ok {
		return s
	}
	var b strings.Builder
	format(&b, v)
	return b.String()
}

func format(b *strings.Builder, v Value) {
	switch x := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(x))
	case string:
		b.WriteString(quote(x))
	case List:
		b.WriteByte('[')
		for i, el := range x {
			if i > 0 {
				b.WriteString(", ")
			}
			format(b, el)
		}
		b.WriteByte(']')
	case *Context:
		b.WriteByte('{')
		for i, k := range x.keys {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(keyText(k) + ": ")
			format(b, x.vals[k])
		}
		b.WriteByte('}')
	case Range:
		formatRange(b, x)
	case *Function:
		b.WriteString("function " + x.name)
	case interface{ String() string }:
		b.WriteString(x.String())
	}
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s) + `"`
}

// keyText writes a key bare where it could be read back as a name.
func keyText(k string) string {
	toks := nameTokens(k)
	for i, t := range toks {
		if end := word(t, 0); i == 0 && (end == 0 || !nameStart([]rune(t)[0])) || end == 0 && !nameSymbol([]rune(t)[0]) {
			return quote(k)
		}
	}
	if len(toks) == 0 || normal(k) != k {
		return quote(k)
	}
	return k
}

func formatRange(b *strings.Builder, r Range) {
	sym := [...]string{"(", "["}
	idx := func(c bool) int {
		if c {
			return 1
		}
		return 0
	}
	if r.LowAbsent || r.HighAbsent {
		op, bound := "<", r.High
		closed := r.HighClosed
		if r.HighAbsent {
			op, bound, closed = ">", r.Low, r.LowClosed
		}
		b.WriteString("(" + op + [...]string{"", "="}[idx(closed)] + " ")
		format(b, bound)
		b.WriteByte(')')
		return
	}
	b.WriteString(sym[idx(r.LowClosed)])
	format(b, r.Low)
	b.WriteString("..")
	format(b, r.High)
	b.WriteString([...]string{")", "]"}[idx(r.HighClosed)])
}
