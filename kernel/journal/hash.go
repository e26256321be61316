package journal

import (
	"crypto/sha256"
	"strconv"

	"github.com/emmansun/gmsm/sm3"
)

// entryVersion is the version of the form that Canonical writes.
const entryVersion = 1

// Canonical gives the bytes that are hashed, the canonical JSON (RFC 8785) of the entry without Seq. ID is a string, since
// it is larger than JSON numbers are exact; At is UTC with six decimals. Body must be canonical itself, as Append leaves it.
func (e Entry) Canonical() []byte {
	b := make([]byte, 0, 256+len(e.Reason)+len(e.Body))
	b = appendString(append(b, `{"action":`...), e.Action)
	b = appendString(append(b, `,"actor":`...), e.Actor)
	b = append(b, `,"at":"`...)
	b = e.At.UTC().AppendFormat(b, atForm)
	b = append(b, `","body":`...)
	if len(e.Body) == 0 {
		b = append(b, "null"...)
	} else {
		b = append(b, e.Body...)
	}
	b = append(b, `,"id":"`...)
	b = strconv.AppendInt(b, e.ID, 10)
	b = appendString(append(b, `","on_behalf":`...), e.OnBehalf)
	b = appendString(append(b, `,"post":`...), e.Post)
	b = appendString(append(b, `,"reason":`...), e.Reason)
	b = appendString(append(b, `,"request":`...), e.Request)
	b = append(b, `,"rev":`...)
	b = appendNumber(b, strconv.FormatInt(e.Rev, 10))
	b = appendString(append(b, `,"subject":`...), e.Subject)
	b = append(b, `,"v":`...)
	b = strconv.AppendInt(b, entryVersion, 10)
	b = appendString(append(b, `,"via":`...), e.Via)
	return append(b, '}')
}

// Prefixes of RFC 6962 §2.1, which keep a leaf from passing for a node.
const (
	leafPrefix = 0
	nodePrefix = 1
)

// hashLeaf gives H(0x00 ‖ entry) for SM3 and SHA-256.
func hashLeaf(entry []byte) (sm3Sum, shaSum []byte) {
	b := make([]byte, 0, 1+len(entry))
	b = append(append(b, leafPrefix), entry...)
	s, h := sm3.Sum(b), sha256.Sum256(b)
	return s[:], h[:]
}
