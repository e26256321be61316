package dmn

import (
	"fmt"
	"testing"

	"chengshu/base/feel"
)

// BenchmarkTable evaluates one table of a number range and a text column.
func BenchmarkTable(b *testing.B) {
	for _, size := range []int{10, 100, 1000} {
		rows := make([][3]string, size)
		for i := range rows {
			rows[i] = [3]string{fmt.Sprintf("[%d..%d)", i*10, i*10+10), `"a", "b"`, "-"}
		}
		m, err := Parse([]byte(tableText(rows)))
		if err != nil {
			b.Fatal(err)
		}
		d := Compile(nil, m).Decision("d")
		env := &feel.Env{Vars: feel.Map{"n": feel.NumberFromInt(int64(size*10 - 5)), "s": "b", "b": true}}
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if d.Value(env) == nil {
					b.Fatal("null")
				}
			}
		})
		b.Run(fmt.Sprint(size, " explained"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if d.Eval(env).Value == nil {
					b.Fatal("null")
				}
			}
		})
	}
}
