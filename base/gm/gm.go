// Package gm is the national cryptography of China as the product uses it: SM3 digests (GB/T 32905), SM2 signatures and
// encryption (GB/T 32918) and SM4-GCM sealing (GB/T 32907, RFC 8998), thin over github.com/emmansun/gmsm.
//
// Signatures use the default user id 1234567812345678 and are ASN.1 encoded, as OpenSSL makes them with that distid. The
// package does no certificates, seals or TLS; who needs those takes Raw and the smx509 package. It is no certified
// cryptographic module: where the law asks for one, the same interfaces stand before a device.
//
// Main types: PrivateKey, PublicKey, Sealer.
package gm

import (
	"crypto/hmac"
	"hash"

	"github.com/emmansun/gmsm/sm3"
)

// SumSize is the length of an SM3 digest in bytes.
const SumSize = sm3.Size

// Sum gives the SM3 digest of data (GB/T 32905).
func Sum(data []byte) [SumSize]byte { return sm3.Sum(data) }

// NewHash gives an SM3 hash to write to.
func NewHash() hash.Hash { return sm3.New() }

// MAC gives the 32 bytes of HMAC-SM3 of data under key.
func MAC(key, data []byte) []byte {
	m := hmac.New(sm3.New, key)
	m.Write(data)
	return m.Sum(nil)
}

// CheckMAC tells in constant time whether mac is the HMAC-SM3 of data under key.
func CheckMAC(key, data, mac []byte) bool { return hmac.Equal(mac, MAC(key, data)) }
