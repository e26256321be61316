package record

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/gm"
	"chengshu/base/keyfile"
	"chengshu/kernel/schema"
)

// Keys seal the values of secret fields: SM4-GCM under the current key, older keys for reading, and one key for the blind
// index, which never changes because equal secrets must keep equal digests. It is safe for concurrent use.
type Keys struct {
	current string
	sealers map[string]*gm.Sealer
	blind   []byte
	random  io.Reader
}

// KeyFile is the content of a key file. Key ids are free; a new key is added and made current, old ones stay as long as
// values sealed with them do.
type KeyFile struct {
	Current string            `json:"current"`
	Keys    map[string][]byte `json:"keys"`  // id → 16 bytes
	Blind   []byte            `json:"blind"` // at least 16 bytes
}

// NewKeys takes keys from wherever the operator holds them. The fault is Invalid "secret.key".
func NewKeys(f KeyFile, random io.Reader) (*Keys, error) {
	k := &Keys{current: f.Current, sealers: map[string]*gm.Sealer{}, blind: f.Blind, random: random}
	for id, key := range f.Keys {
		s, err := gm.NewSealer(key)
		if err != nil || id == "" || strings.Contains(id, ":") {
			return nil, fault.New(fault.Invalid, "secret.key", "id", id)
		}
		k.sealers[id] = s
	}
	if k.sealers[k.current] == nil || len(k.blind) < gm.KeySize {
		return nil, fault.New(fault.Invalid, "secret.key", "id", k.current)
	}
	return k, nil
}

// LoadKeys reads the key file, or makes it on the first start: see keyfile.Load. Faults: Invalid "secret.key", and those of
// keyfile.Load.
func LoadKeys(file string, random io.Reader) (*Keys, error) {
	data, err := keyfile.Load(file, func() ([]byte, error) {
		fresh := KeyFile{Current: "k1", Keys: map[string][]byte{"k1": make([]byte, gm.KeySize)}, Blind: make([]byte, 32)}
		for _, b := range [][]byte{fresh.Keys["k1"], fresh.Blind} {
			if _, err := io.ReadFull(random, b); err != nil {
				return nil, fault.Wrap("make secret keys", err)
			}
		}
		data, err := json.Marshal(fresh)
		return data, fault.Wrap("make secret keys", err)
	})
	if err != nil {
		return nil, err
	}
	var f KeyFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fault.New(fault.Invalid, "secret.key", "file", file)
	}
	return NewKeys(f, random)
}

// place binds a sealed value to its field and record: moved elsewhere it does not open.
func place(r *Record, f *schema.Field) []byte { return []byte(r.Subject() + "/" + f.Name) }

// seal encrypts a secret for its place. The blind digest is of the field, not of the record, so that unique rules hold.
func (k *Keys) seal(r *Record, f *schema.Field, plain string) (schema.Sealed, error) {
	if k == nil {
		return schema.Sealed{}, fault.New(fault.Unavailable, "secret.none", "type", r.Type.Name, "field", f.Name)
	}
	out := schema.Sealed{Blind: hex.EncodeToString(gm.MAC(k.blind, []byte(r.Type.Name+"."+f.Name+"\x00"+plain)))}
	if was, ok := r.Values[f.Name].(schema.Sealed); ok && was.Blind == out.Blind {
		return was, nil // the same secret again is no change
	}
	sealed, err := k.sealers[k.current].Seal(k.random, []byte(plain), place(r, f))
	if err != nil {
		return schema.Sealed{}, err
	}
	out.Cipher = k.current + ":" + base64.StdEncoding.EncodeToString(sealed)
	return out, nil
}

// open decrypts a secret. The fault is Internal "secret.open": the key is missing or the value was moved or changed.
func (k *Keys) open(r *Record, f *schema.Field, s schema.Sealed) (string, error) {
	broken := fault.New(fault.Internal, "secret.open", "type", r.Type.Name, "field", f.Name)
	id, text, _ := strings.Cut(s.Cipher, ":")
	if k == nil || k.sealers[id] == nil {
		return "", broken
	}
	sealed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", broken.With(err)
	}
	plain, err := k.sealers[id].Open(sealed, place(r, f))
	if err != nil {
		return "", broken.With(err)
	}
	return string(plain), nil
}
