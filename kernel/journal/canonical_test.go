package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestCanonical(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, in, want string }{
		{"nothing", ``, `null`},
		{"null", ` null `, `null`},
		{"order and space", `{ "b" : 1 , "a" : [ true , false , null ] }`, `{"a":[true,false,null],"b":1}`},
		{"empty", `{"a":{},"b":[]}`, `{"a":{},"b":[]}`},
		// RFC 8785 §3.2.2 and §3.2.3
		{
			"example of the RFC", `{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],` +
				`"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`,
			`{"literals":[null,true,false],"numbers":["333333333.33333329",1e+30,4.5,0.002,1e-27],` +
				`"string":"€$\u000f\nA'B\"\\\\\"/"}`,
		},
		{
			"keys by UTF-16", `{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One",` +
				`"\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`,
			"{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\"," +
				"\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}",
		},
		{"html stays", `"<a href='x'>&\u2028"`, "\"<a href='x'>&\u2028\""},
		{"controls", `"\b\f\n\r\t\u0000\u001f\u007f"`, "\"\\b\\f\\n\\r\\t\\u0000\\u001f\u007f\""},
		{"minus zero", `[-0,-0.0,0e5]`, `[0,0,0]`},
		{"integers", `[0,7,-12,999999999999999,1e3,100000000000000000000,1000000000000000000000]`, `[0,7,-12,999999999999999,1000,100000000000000000000,1e+21]`},
		{"small", `[0.000001,0.0000001,-1.5e-9]`, `[0.000001,1e-7,-1.5e-9]`},
		// Here the RFC would round; the digits are kept as its appendix D advises.
		{"no double", `[9007199254740993,0.1234567890123456789,1e400,-12345678901234567890.12]`, `["9007199254740993","0.1234567890123456789","1e400","-12345678901234567890.12"]`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := canonical([]byte(c.in))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			again, err := canonical(got)
			if err != nil || !bytes.Equal(again, got) {
				t.Errorf("again %s, %v", again, err)
			}
		})
	}
}

func TestIsCanonical(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		`{"a":1,"b":[{},[],"x\n"],"c":{"d":null,"e":true,"f":-7}}`: true, `"é"`: true, `0`: true,
		`{"b":1,"a":2}`: false, `{"a":1,"a":2}`: false, `{"a": 1}`: false, `[1,]`: false, `{"a":1,}`: false, `{}x`: false, `-0`: false, `01`: false,
		`1.5`: false, `"\u000f"`: false, `"\/"`: false, `"`: false, `{`: false, `[1`: false, `{"a"}`: false, `tru`: false, "\"\x01\"": false, "\"\xff\"": false, ``: false,
	} {
		if got := isCanonical([]byte(in)); got != want {
			t.Errorf("%s: %v", in, got)
		}
	}
}

// Values of RFC 8785, appendix B, and others written by ECMAScript.
func TestFormatDouble(t *testing.T) {
	t.Parallel()
	cases := []struct {
		bits uint64
		want string
	}{
		{0x0000000000000000, "0"},
		{0x8000000000000000, "0"},
		{0x0000000000000001, "5e-324"},
		{0x8000000000000001, "-5e-324"},
		{0x7fefffffffffffff, "1.7976931348623157e+308"},
		{0x4340000000000000, "9007199254740992"},
		{0x4430000000000000, "295147905179352830000"},
		{0x44b52d02c7e14af5, "9.999999999999997e+22"},
		{0x44b52d02c7e14af6, "1e+23"},
		{0x444b1ae4d6e2ef4e, "999999999999999700000"},
		{0x444b1ae4d6e2ef4f, "999999999999999900000"},
		{0x444b1ae4d6e2ef50, "1e+21"},
		{0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
		{0x3eb0c6f7a0b5ed8d, "0.000001"},
		{0x41b3de4355555555, "333333333.3333333"},
		{0xbecbf647612f3696, "-0.0000033333333333333333"},
		{0x43143ff3c1cb0959, "1424953923781206.2"},
	}
	for _, c := range cases {
		if got := formatDouble(math.Float64frombits(c.bits)); got != c.want {
			t.Errorf("%016x is %s, want %s", c.bits, got, c.want)
		}
	}
}

// The canonical form keeps the value and is the same for every way of writing it.
func TestCanonicalProperty(t *testing.T) {
	t.Parallel()
	value := rapid.Deferred(func() *rapid.Generator[any] { return anyJSON(3) })
	rapid.Check(t, func(t *rapid.T) {
		v := value.Draw(t, "value")
		plain, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		wide, err := json.MarshalIndent(v, " ", "\t")
		if err != nil {
			t.Fatal(err)
		}
		a, err := canonical(plain)
		if err != nil {
			t.Fatal(err)
		}
		b, err := canonical(wide)
		if err != nil || !bytes.Equal(a, b) {
			t.Fatalf("%s and %s, %v", a, b, err)
		}
		var back any
		if err := json.Unmarshal(a, &back); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(back)
		if err != nil || !bytes.Equal(again, plain) {
			t.Fatalf("%s became %s, %v", plain, again, err)
		}
	})
}

func anyJSON(depth int) *rapid.Generator[any] {
	gens := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.String().AsAny(),
		rapid.Float64().Filter(func(f float64) bool { return f != 0 }).AsAny(),
		rapid.Custom(func(t *rapid.T) any { return float64(rapid.Int32().Draw(t, "n")) }),
	}
	if depth > 0 {
		gens = append(gens,
			rapid.Custom(func(t *rapid.T) any { return rapid.SliceOfN(anyJSON(depth-1), 0, 4).Draw(t, "list") }),
			rapid.Custom(func(t *rapid.T) any { return rapid.MapOfN(rapid.String(), anyJSON(depth-1), 0, 4).Draw(t, "map") }))
	}
	return rapid.OneOf(gens...)
}

// An entry that was hashed is read back from its bytes, and only from them.
func TestEntryRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 20, 60)
		body, err := canonical([]byte(fmt.Sprintf(`{"n":%d}`, rapid.Int32().Draw(t, "n"))))
		if err != nil {
			t.Fatal(err)
		}
		e := Entry{
			ID: rapid.Int64Range(0, math.MaxInt64).Draw(t, "id"), At: time.UnixMicro(rapid.Int64Range(0, 1<<52).Draw(t, "at")),
			Actor: text.Draw(t, "actor"), Post: text.Draw(t, "post"), OnBehalf: text.Draw(t, "on behalf"), Via: text.Draw(t, "via"),
			Action: text.Draw(t, "action"), Subject: text.Draw(t, "subject"), Rev: rapid.Int64Range(0, 1<<50).Draw(t, "rev"),
			Reason: text.Draw(t, "reason"), Request: text.Draw(t, "request"), Body: body,
		}
		form := e.Canonical()
		if again, err := canonical(form); err != nil || !bytes.Equal(again, form) {
			t.Fatalf("%s is not canonical: %s, %v", form, again, err)
		}
		back, err := parseEntry(form)
		if err != nil {
			t.Fatal(err)
		}
		if !back.At.Equal(e.At) || back.ID != e.ID || back.Reason != e.Reason || back.OnBehalf != e.OnBehalf || back.Via != e.Via {
			t.Fatalf("%+v became %+v", e, back)
		}
	})
}

func FuzzCanonical(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.50,"x\u0000"]}`, `"\ud800"`, `1e999`, `-0`, `{"a":1,"a":2}`, `[`, ` 12345678901234567890 `} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		once, err := canonical(in)
		if err != nil {
			return
		}
		if isCanonical(in) {
			if slow, err := rewrite(in); err != nil || !bytes.Equal(slow, in) {
				t.Fatalf("%q passes as canonical, which is %q, %v", in, slow, err)
			}
		}
		if !json.Valid(once) {
			t.Fatalf("%q is no JSON", once)
		}
		twice, err := canonical(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%q became %q, %v", once, twice, err)
		}
	})
}
