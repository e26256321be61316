package journal

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"chengshu/base/fault"
)

// canonical rewrites a JSON value in the form of RFC 8785; nothing is null. A number that a double cannot carry becomes a
// string of its digits, as appendix D of the RFC advises: the digits stay and the form stays canonical.
// Error: Invalid "journal.body".
func canonical(raw []byte) ([]byte, error) {
	if len(raw) == 0 {
		return []byte("null"), nil
	}
	if isCanonical(raw) {
		return raw, nil
	}
	return rewrite(raw)
}

func rewrite(raw []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fault.New(fault.Invalid, "journal.body").With(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fault.New(fault.Invalid, "journal.body").With(err)
	}
	return appendValue(make([]byte, 0, len(raw)), v), nil
}

// appendValue writes what encoding/json decodes with UseNumber.
func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case bool:
		return strconv.AppendBool(b, v)
	case json.Number:
		return appendNumber(b, string(v))
	case string:
		return appendString(b, v)
	case []any:
		b = append(b, '[')
		for i, item := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, item)
		}
		return append(b, ']')
	case map[string]any:
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		slices.SortFunc(keys, compareUTF16)
		b = append(b, '{')
		for i, key := range keys {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, key)
			b = append(b, ':')
			b = appendValue(b, v[key])
		}
		return append(b, '}')
	}
	return append(b, "null"...)
}

// compareUTF16 orders keys by UTF-16 code units (RFC 8785 §3.2.3), which differs from the order of UTF-8 bytes only beyond
// the basic plane.
func compareUTF16(a, b string) int {
	if c := strings.Compare(a, b); c == 0 || isBasic(a) && isBasic(b) {
		return c
	}
	return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
}

// isBasic tells that no byte starts a character beyond the basic plane.
func isBasic(s string) bool {
	for i := range len(s) {
		if s[i] >= 0xf0 {
			return false
		}
	}
	return true
}

// appendString writes a string with the escapes of RFC 8785 §3.2.2.2 and no others.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, '\\', 'b')
		case '\f':
			b = append(b, '\\', 'f')
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	b = append(b, s[from:]...)
	return append(b, '"')
}

// appendNumber writes a JSON number as ECMAScript does (RFC 8785 §3.2.2.3), or as a string where a double is not exact.
func appendNumber(b []byte, s string) []byte {
	if isShortInteger(s) {
		return append(b, s...)
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) {
		return appendString(b, s)
	}
	form := formatDouble(f)
	if decimalOf(form) != decimalOf(s) {
		return appendString(b, s)
	}
	return append(b, form...)
}

// isShortInteger tells that a number is an integer every double carries, written as ECMAScript would.
func isShortInteger(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || len(digits) > 15 || digits[0] == '0' && s != "0" {
		return false
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return true
}

// formatDouble is Number::toString of ECMAScript: plain from 1e-6 to below 1e21, else with an exponent without padding.
func formatDouble(f float64) string {
	if f == 0 {
		return "0"
	}
	if a := math.Abs(f); a >= 1e-6 && a < 1e21 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	s := strconv.FormatFloat(f, 'e', -1, 64)
	mantissa, exponent, _ := strings.Cut(s, "e")
	return mantissa + "e" + exponent[:1] + strings.TrimLeft(exponent[1:], "0")
}

// decimal is the value of a written number: 0.digits × 10^exponent, digits without zeros at either end.
type decimal struct {
	negative bool
	digits   string
	exponent int
}

func decimalOf(s string) decimal {
	var d decimal
	s, d.negative = strings.CutPrefix(s, "-")
	mantissa, exponent, _ := strings.Cut(strings.ToLower(s), "e")
	d.exponent, _ = strconv.Atoi(exponent) // a number too large for it was no double either
	whole, fraction, _ := strings.Cut(mantissa, ".")
	d.exponent += len(whole)
	digits := whole + fraction
	d.digits = strings.TrimLeft(digits, "0")
	d.exponent -= len(digits) - len(d.digits)
	d.digits = strings.TrimRight(d.digits, "0")
	if d.digits == "" {
		return decimal{}
	}
	return d
}
