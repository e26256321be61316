package journal

import (
	"crypto/rand"
	"encoding/hex"

	"github.com/emmansun/gmsm/sm3"
)

// NewSalt gives a fresh random salt for Digest, 128 bits in hex. The caller keeps it beside the value; erasing salt and
// value leaves the entry verifiable and the value unknowable.
func NewSalt() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	return hex.EncodeToString(b[:])
}

// Digest gives the salted digest under which a personal value enters an entry: "sm3:" and SM3(salt ‖ 0x00 ‖ value) in hex.
func Digest(salt string, value []byte) string {
	h := sm3.New()
	h.Write([]byte(salt))
	h.Write([]byte{0})
	h.Write(value)
	return "sm3:" + hex.EncodeToString(h.Sum(nil))
}
