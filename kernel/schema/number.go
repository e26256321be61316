package schema

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"chengshu/base/clock"
	"chengshu/base/fault"
)

// NumberFormat is the format of a business number, such as "{county}{date:yyyyMMdd}{serial:5}" or "AJ-{date:yyyy}-{serial:6}".
//
// Parts: {county} the six-digit code of the county, {date:LAYOUT} with yyyy, MM, dd of the day at +08:00, {serial:N} a
// serial of at least N digits that starts at 1 for every different rest of the number. Exactly one serial is required.
type NumberFormat struct {
	parts []numberPart
}

type numberPart struct {
	kind  string // "", county, date, serial
	text  string
	width int
}

// ParseNumberFormat reads a format; an Invalid fault "number.format" says what is wrong.
func ParseNumberFormat(src string) (*NumberFormat, error) {
	nf := &NumberFormat{}
	serials := 0
	bad := func(detail string) error {
		return fault.New(fault.Invalid, "number.format", "format", src, "detail", detail)
	}
	for rest := src; rest != ""; {
		text, after, found := strings.Cut(rest, "{")
		if text != "" {
			nf.parts = append(nf.parts, numberPart{text: text})
		}
		if !found {
			break
		}
		inner, tail, closed := strings.Cut(after, "}")
		if !closed {
			return nil, bad("brace")
		}
		rest = tail
		name, arg, _ := strings.Cut(inner, ":")
		part := numberPart{kind: name, text: arg}
		switch name {
		case "county":
		case "date":
			part.text = strings.NewReplacer("yyyy", "2006", "MM", "01", "dd", "02").Replace(arg)
			rest := strings.NewReplacer("yyyy", "", "MM", "", "dd", "").Replace(arg)
			if rest == arg || strings.ContainsFunc(rest, isLayout) {
				return nil, bad("date")
			}
		case "serial":
			var err error
			if part.width, err = strconv.Atoi(arg); err != nil || part.width < 1 || part.width > 12 {
				return nil, bad("serial")
			}
			serials++
		default:
			return nil, bad(name)
		}
		nf.parts = append(nf.parts, part)
	}
	if serials != 1 {
		return nil, bad("serial")
	}
	return nf, nil
}

// isLayout tells what time.Format might take for a part of a date beside yyyy, MM and dd.
func isLayout(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
}

// Series gives the name of the counter that a number of this moment draws from.
func (nf *NumberFormat) Series(at time.Time, county string) string { return nf.render(at, county, -1) }

// Render gives the number with that serial.
func (nf *NumberFormat) Render(at time.Time, county string, serial int64) string {
	return nf.render(at, county, serial)
}

func (nf *NumberFormat) render(at time.Time, county string, serial int64) string {
	var b strings.Builder
	for _, p := range nf.parts {
		switch p.kind {
		case "county":
			b.WriteString(county)
		case "date":
			b.WriteString(at.In(clock.Shanghai).Format(p.text))
		case "serial":
			if serial < 0 {
				b.WriteByte('#')
			} else {
				fmt.Fprintf(&b, "%0*d", p.width, serial)
			}
		default:
			b.WriteString(p.text)
		}
	}
	return b.String()
}
