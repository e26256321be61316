package gm

import (
	"crypto/ecdsa"
	"encoding/pem"
	"io"

	"github.com/emmansun/gmsm/pkcs"
	"github.com/emmansun/gmsm/pkcs8"
	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"chengshu/base/fault"
)

// PrivateKey is an SM2 private key. It is safe for concurrent use.
type PrivateKey struct{ key *sm2.PrivateKey }

// PublicKey is an SM2 public key. It is safe for concurrent use.
type PublicKey struct{ key *ecdsa.PublicKey }

// keyIterations is the PBKDF2 count for keys under a password.
const keyIterations = 100_000

// GenerateKey makes a key pair out of randomness.
func GenerateKey(random io.Reader) (*PrivateKey, error) {
	k, err := sm2.GenerateKey(random)
	if err != nil {
		return nil, fault.Wrap("generate an SM2 key", err)
	}
	return &PrivateKey{k}, nil
}

// NewPrivateKey wraps a key of the gmsm library.
func NewPrivateKey(key *sm2.PrivateKey) *PrivateKey { return &PrivateKey{key} }

// NewPublicKey wraps a key of the gmsm library, for instance of a certificate; a key of another curve is
// Invalid "gm.key".
func NewPublicKey(key any) (*PublicKey, error) {
	if pub, ok := key.(*ecdsa.PublicKey); ok && sm2.IsSM2PublicKey(pub) {
		return &PublicKey{pub}, nil
	}
	return nil, fault.New(fault.Invalid, "gm.key")
}

// Raw gives the key as the gmsm library takes it.
func (k *PrivateKey) Raw() *sm2.PrivateKey { return k.key }

// Raw gives the key as the gmsm library takes it.
func (k *PublicKey) Raw() *ecdsa.PublicKey { return k.key }

// Public gives the public half.
func (k *PrivateKey) Public() *PublicKey { return &PublicKey{&k.key.PublicKey} }

// Equal tells whether both are the same key.
func (k *PublicKey) Equal(other *PublicKey) bool { return other != nil && k.key.Equal(other.key) }

// Fingerprint gives the SM3 digest of the key's SubjectPublicKeyInfo, which names it.
func (k *PublicKey) Fingerprint() ([SumSize]byte, error) {
	der, err := smx509.MarshalPKIXPublicKey(k.key)
	if err != nil {
		return [SumSize]byte{}, fault.Wrap("encode an SM2 public key", err)
	}
	return Sum(der), nil
}

// PEM writes the key as PKCS#8, under the password when there is one (PBES2 with PBKDF2-SHA256 and SM4-CBC, which OpenSSL
// reads too).
func (k *PrivateKey) PEM(password []byte) ([]byte, error) {
	enc := pkcs.NewPBESEncrypter(pkcs.SM4CBC, pkcs.NewPBKDF2Opts(pkcs.SHA256, 16, keyIterations))
	der, err := pkcs8.MarshalPrivateKey(k.key, password, enc)
	if err != nil {
		return nil, fault.Wrap("encode an SM2 private key", err)
	}
	kind := "PRIVATE KEY"
	if len(password) > 0 {
		kind = "ENCRYPTED PRIVATE KEY"
	}
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), nil
}

// ParsePrivateKey reads a PEM file with an SM2 key: PKCS#8, plain or under the password, or the SEC 1 form "EC PRIVATE
// KEY"; other blocks before it are skipped. Faults: Invalid "gm.key", Denied "gm.password".
func ParsePrivateKey(data, password []byte) (*PrivateKey, error) {
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			return nil, fault.New(fault.Invalid, "gm.key")
		}
		data = rest
		switch block.Type {
		case "PRIVATE KEY":
			return privateKey(pkcs8.ParsePKCS8PrivateKeySM2(block.Bytes))
		case "ENCRYPTED PRIVATE KEY":
			k, err := pkcs8.ParsePKCS8PrivateKeySM2(block.Bytes, password)
			if err != nil {
				return nil, fault.New(fault.Denied, "gm.password").With(err)
			}
			return &PrivateKey{k}, nil
		case "EC PRIVATE KEY":
			return privateKey(smx509.ParseSM2PrivateKey(block.Bytes))
		}
	}
}

func privateKey(k *sm2.PrivateKey, err error) (*PrivateKey, error) {
	if err != nil {
		return nil, fault.New(fault.Invalid, "gm.key").With(err)
	}
	return &PrivateKey{k}, nil
}

// PEM writes the key as SubjectPublicKeyInfo.
func (k *PublicKey) PEM() ([]byte, error) {
	der, err := smx509.MarshalPKIXPublicKey(k.key)
	if err != nil {
		return nil, fault.Wrap("encode an SM2 public key", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// ParsePublicKey reads a PEM file with an SM2 public key. The fault is Invalid "gm.key".
func ParsePublicKey(data []byte) (*PublicKey, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, fault.New(fault.Invalid, "gm.key")
	}
	key, err := smx509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fault.New(fault.Invalid, "gm.key").With(err)
	}
	return NewPublicKey(key)
}
