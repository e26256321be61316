package gm

import (
	"crypto/cipher"
	"io"

	"github.com/emmansun/gmsm/sm4"

	"chengshu/base/fault"
)

// KeySize is the length of an SM4 key in bytes.
const KeySize = sm4.BlockSize

// Sealer encrypts and authenticates with SM4-GCM under one key. It is safe for concurrent use. With random nonces of 96
// bits one key should not seal more than 2³² messages.
type Sealer struct{ aead cipher.AEAD }

// NewSealer takes a key of 16 bytes; another length is Invalid "gm.key".
func NewSealer(key []byte) (*Sealer, error) {
	if len(key) != KeySize {
		return nil, fault.New(fault.Invalid, "gm.key")
	}
	block, err := sm4.NewCipher(key)
	if err != nil {
		return nil, fault.Wrap("set up SM4", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fault.Wrap("set up SM4-GCM", err)
	}
	return &Sealer{aead}, nil
}

// Seal gives nonce (12 bytes) ‖ ciphertext ‖ tag (16 bytes). The context is authenticated but not contained: sealed
// bytes moved to another row or field do not open.
func (s *Sealer) Seal(random io.Reader, plaintext, context []byte) ([]byte, error) {
	out := make([]byte, s.aead.NonceSize(), s.aead.NonceSize()+len(plaintext)+s.aead.Overhead())
	if _, err := io.ReadFull(random, out); err != nil {
		return nil, fault.Wrap("draw a nonce", err)
	}
	return s.aead.Seal(out, out, plaintext, context), nil
}

// Open reads what Seal made with the same key and context. The fault is Invalid "gm.ciphertext".
func (s *Sealer) Open(sealed, context []byte) ([]byte, error) {
	n := s.aead.NonceSize()
	if len(sealed) < n+s.aead.Overhead() {
		return nil, fault.New(fault.Invalid, "gm.ciphertext")
	}
	out, err := s.aead.Open(nil, sealed[:n], sealed[n:], context)
	if err != nil {
		return nil, fault.New(fault.Invalid, "gm.ciphertext").With(err)
	}
	return out, nil
}
