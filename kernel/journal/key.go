package journal

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"io"

	"golang.org/x/mod/sumdb/note"

	"chengshu/base/fault"
	"chengshu/base/gm"
	"chengshu/base/keyfile"
)

// Keys sign checkpoints: an Ed25519 pair, which the tools of C2SP know, and an SM2 pair.
type Keys struct {
	ed     ed25519.PrivateKey
	sm2    *gm.PrivateKey
	random io.Reader
}

// LoadKeys reads the key file, or makes it on the first start: see keyfile.Load. Who has it and the database can rewrite the
// log and sign it. Nodes of one database share the file.
//
// Errors: Invalid "journal.key" (not such a file), and those of keyfile.Load.
func LoadKeys(file string, random io.Reader) (*Keys, error) {
	data, err := keyfile.Load(file, func() ([]byte, error) {
		seed := make([]byte, ed25519.SeedSize)
		if _, err := io.ReadFull(random, seed); err != nil {
			return nil, fault.Wrap("make journal keys", err)
		}
		sm2, err := gm.GenerateKey(random)
		if err != nil {
			return nil, err
		}
		return (&Keys{ed: ed25519.NewKeyFromSeed(seed), sm2: sm2}).encode()
	})
	if err != nil {
		return nil, err
	}
	return parseKeys(data, file, random)
}

// encode writes two PKCS#8 blocks, Ed25519 then SM2.
func (k *Keys) encode() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.ed)
	if err != nil {
		return nil, fault.Wrap("encode journal keys", err)
	}
	sm2, err := k.sm2.PEM(nil)
	if err != nil {
		return nil, err
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), sm2...), nil
}

func parseKeys(data []byte, file string, random io.Reader) (*Keys, error) {
	block, rest := pem.Decode(data)
	if block == nil {
		return nil, fault.New(fault.Invalid, "journal.key", "file", file)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	ed, ok := key.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, fault.New(fault.Invalid, "journal.key", "file", file).With(err)
	}
	sm2, err := gm.ParsePrivateKey(rest, nil)
	if err != nil {
		return nil, fault.New(fault.Invalid, "journal.key", "file", file).With(err)
	}
	return &Keys{ed: ed, sm2: sm2, random: random}, nil
}

// Signature types of C2SP signed-note; 0xff is followed by a name of one's own.
const (
	typeEd25519 = "\x01"
	typeSM2     = "\xffchengshu sm2-with-sm3\n"
)

// Public gives the two public keys under the name of the log, one "name+id+base64" a line, as ParseTrust reads them. The
// Ed25519 line is what tools of C2SP take. The SM2 key is a SubjectPublicKeyInfo behind its type.
func (k *Keys) Public(origin string) (string, error) {
	spki, err := spkiOf(k.sm2.Public())
	if err != nil {
		return "", err
	}
	ed, _ := k.ed.Public().(ed25519.PublicKey)
	return publicLine(origin, typeEd25519+string(ed)) + publicLine(origin, typeSM2+string(spki)), nil
}

func publicLine(name, key string) string {
	id := binary.BigEndian.AppendUint32(nil, keyID(name, key))
	return name + "+" + hex.EncodeToString(id) + "+" + base64.StdEncoding.EncodeToString([]byte(key)) + "\n"
}

func spkiOf(k *gm.PublicKey) ([]byte, error) {
	text, err := k.PEM()
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	return block.Bytes, nil
}

// keyID is the id that C2SP recommends; key is the type and the public key.
func keyID(name, key string) uint32 {
	sum := sha256.Sum256([]byte(name + "\n" + key))
	return binary.BigEndian.Uint32(sum[:])
}

// signer is one key under the name of the log.
type signer struct {
	name string
	id   uint32
	sign func(text []byte) ([]byte, error)
}

// Name gives the name of the log.
func (s signer) Name() string { return s.name }

// KeyHash gives the key's id.
func (s signer) KeyHash() uint32 { return s.id }

// Sign signs the text of a note.
func (s signer) Sign(text []byte) ([]byte, error) { return s.sign(text) }

func (k *Keys) signers(origin string) ([]note.Signer, error) {
	spki, err := spkiOf(k.sm2.Public())
	if err != nil {
		return nil, err
	}
	ed, _ := k.ed.Public().(ed25519.PublicKey)
	return []note.Signer{
		signer{origin, keyID(origin, typeEd25519+string(ed)), func(text []byte) ([]byte, error) {
			return ed25519.Sign(k.ed, text), nil
		}},
		signer{origin, keyID(origin, typeSM2+string(spki)), func(text []byte) ([]byte, error) {
			return k.sm2.Sign(k.random, text)
		}},
	}, nil
}
