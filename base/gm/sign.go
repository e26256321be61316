package gm

import (
	"io"

	"github.com/emmansun/gmsm/sm2"

	"chengshu/base/fault"
)

// Sign signs a message (not a digest) with the default user id; the signature is ASN.1, 70 to 72 bytes.
func (k *PrivateKey) Sign(random io.Reader, message []byte) ([]byte, error) {
	sig, err := k.key.SignWithSM2(random, nil, message)
	if err != nil {
		return nil, fault.Wrap("sign with SM2", err)
	}
	return sig, nil
}

// Verify tells whether sig is the key's signature of the message under the default user id.
func (k *PublicKey) Verify(message, sig []byte) bool {
	return sm2.VerifyASN1WithSM2(k.key, nil, message, sig)
}

// Encrypt encrypts a message for the key's owner, ASN.1 encoded (GB/T 35276). SM2 is for short things, such as keys.
func (k *PublicKey) Encrypt(random io.Reader, message []byte) ([]byte, error) {
	if len(message) == 0 {
		return nil, fault.New(fault.Invalid, "gm.empty")
	}
	out, err := sm2.EncryptASN1(random, k.key, message)
	if err != nil {
		return nil, fault.Wrap("encrypt with SM2", err)
	}
	return out, nil
}

// Decrypt reads what Encrypt made, or the plain C1‖C3‖C2 form of GB/T 32918.4. The fault is Invalid "gm.ciphertext".
func (k *PrivateKey) Decrypt(ciphertext []byte) ([]byte, error) {
	out, err := sm2.Decrypt(k.key, ciphertext)
	if err != nil {
		return nil, fault.New(fault.Invalid, "gm.ciphertext").With(err)
	}
	return out, nil
}
