package geo

import (
	"strings"

	"chengshu/base/fault"
)

// LevelOf tells what a code names: 12 digits a County, Town or Village (GB/T 2260, GB/T 10114), 15 digits a Cell. Short
// forms of 6 and 9 digits are understood. The fault is Invalid "geo.code".
func LevelOf(code string) (Layer, error) {
	bad := fault.New(fault.Invalid, "geo.code", "code", code)
	if !digits(code) {
		return "", bad
	}
	switch len(code) {
	case 6:
		return County, nil
	case 9:
		return Town, nil
	case 12:
		if strings.HasSuffix(code, "000000") {
			return County, nil
		}
		if strings.HasSuffix(code, "000") {
			return Town, nil
		}
		return Village, nil
	case 15:
		return Cell, nil
	default:
		return "", bad
	}
}

// Short gives the significant digits of a code: 6 of a county, 9 of a town, 12 of a village, 15 of a cell.
func Short(code string) string {
	if len(code) != 12 {
		return code
	}
	return strings.TrimSuffix(strings.TrimSuffix(code, "000"), "000")
}

// Long gives the national 12 digits of a county, town or village; a cell's code stays as it is.
func Long(code string) string {
	if len(code) >= 12 {
		return code
	}
	return code + strings.Repeat("0", 12-len(code))
}

// ParentOf gives the 12-digit code of the area above, "" above a county.
func ParentOf(code string) string {
	short := Short(code)
	if len(short) <= 6 {
		return ""
	}
	return Long(short[:len(short)-3])
}

// PathOf gives the path of a national code with a slash at both ends: "/990100/990100001/990100001001/". The fault is
// Invalid "geo.code".
func PathOf(code string) (string, error) {
	if _, err := LevelOf(code); err != nil {
		return "", err
	}
	short := Short(code)
	var b strings.Builder
	for n := 6; n <= len(short); n += 3 {
		b.WriteString("/" + short[:n])
	}
	b.WriteByte('/')
	return b.String(), nil
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
