package schema

import (
	"encoding/hex"
	"strings"

	"github.com/emmansun/gmsm/sm3"
)

// maskText shows a person below the field's grade that there is a value, and no more than the mask lets through:
// name keeps the first rune, phone the first three and last four digits, idcard the first three and last four,
// address the first six runes, hash a short digest for telling equal from different; hide, the default, nothing.
func maskText(mask, s string) any {
	r := []rune(s)
	switch mask {
	case "name":
		return keep(r, 1, 0)
	case "phone":
		return keep(r, 3, 4)
	case "idcard":
		return keep(r, 3, 4)
	case "address":
		return keep(r, min(6, len(r)/2), 0)
	case "hash":
		sum := sm3.Sum([]byte(s))
		return "#" + hex.EncodeToString(sum[:4])
	}
	return hidden
}

func keep(r []rune, head, tail int) string {
	if head+tail >= len(r) {
		head, tail = min(1, len(r)), 0
	}
	hidden := max(len(r)-head-tail, 1)
	return string(r[:head]) + strings.Repeat("*", hidden) + string(r[len(r)-tail:])
}
