package journal

import "unicode/utf8"

// isCanonical tells that a JSON text is in the form of RFC 8785 already, as far as one look can tell: what it is not sure
// of (escapes in keys, numbers that are no short integers, deep nesting) it denies, and canonical rewrites it.
func isCanonical(raw []byte) bool {
	if !utf8.Valid(raw) {
		return false
	}
	n, ok := skipValue(raw, 0, 64)
	return ok && n == len(raw)
}

// skipValue gives the place after the value that begins at i.
func skipValue(b []byte, i, depth int) (int, bool) {
	if i >= len(b) || depth == 0 {
		return 0, false
	}
	switch c := b[i]; {
	case c == '{':
		return skipObject(b, i, depth)
	case c == '[':
		return skipArray(b, i, depth)
	case c == '"':
		return skipString(b, i)
	case c == '-', c >= '0' && c <= '9':
		end := i
		for end < len(b) && b[end] != ',' && b[end] != '}' && b[end] != ']' {
			end++
		}
		return end, isShortInteger(string(b[i:end])) && string(b[i:end]) != "-0"
	}
	for _, word := range [...]string{"null", "true", "false"} {
		if len(b)-i >= len(word) && string(b[i:i+len(word)]) == word {
			return i + len(word), true
		}
	}
	return 0, false
}

func skipObject(b []byte, i, depth int) (int, bool) {
	last := ""
	for i++; i < len(b); i++ {
		if b[i] == '}' {
			return i + 1, last == "" && b[i-1] == '{'
		}
		end, ok := skipString(b, i)
		if !ok {
			return 0, false
		}
		key := string(b[i:end])
		for _, c := range b[i:end] {
			if c == '\\' || c >= 0xf0 {
				return 0, false
			}
		}
		if last != "" && key[:len(key)-1] <= last[:len(last)-1] || end >= len(b) || b[end] != ':' {
			return 0, false
		}
		last = key
		if end, ok = skipValue(b, end+1, depth-1); !ok || end >= len(b) {
			return 0, false
		}
		if b[end] == '}' {
			return end + 1, true
		}
		if b[end] != ',' {
			return 0, false
		}
		i = end
	}
	return 0, false
}

func skipArray(b []byte, i, depth int) (int, bool) {
	if i+1 < len(b) && b[i+1] == ']' {
		return i + 2, true
	}
	for i < len(b) {
		end, ok := skipValue(b, i+1, depth-1)
		if !ok || end >= len(b) {
			return 0, false
		}
		if b[end] == ']' {
			return end + 1, true
		}
		if b[end] != ',' {
			return 0, false
		}
		i = end
	}
	return 0, false
}

// skipString accepts the two-character escapes, which have one form only.
func skipString(b []byte, i int) (int, bool) {
	if i >= len(b) || b[i] != '"' {
		return 0, false
	}
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1, true
		case c < 0x20:
			return 0, false
		case c == '\\':
			i++
			if i >= len(b) {
				return 0, false
			}
			switch b[i] {
			case '"', '\\', 'b', 'f', 'n', 'r', 't':
			default:
				return 0, false
			}
		}
	}
	return 0, false
}
