package journal

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/pem"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"chengshu/base/fault"
	"chengshu/base/gm"
)

// Trust is the set of public keys whose signatures count. The zero value trusts nobody.
type Trust struct{ verifiers []note.Verifier }

// verifier is one public key.
type verifier struct {
	name   string
	id     uint32
	verify func(text, sig []byte) bool
}

// Name gives the name of the key.
func (v verifier) Name() string { return v.name }

// KeyHash gives the key's id.
func (v verifier) KeyHash() uint32 { return v.id }

// Verify tells whether sig is the key's signature of the text.
func (v verifier) Verify(text, sig []byte) bool { return v.verify(text, sig) }

// ParseTrust reads public keys, one "name+id+base64" a line as Keys.Public writes them; empty lines and those that start
// with # are skipped. Error: Invalid "journal.trust" with the line's number.
func ParseTrust(text string) (Trust, error) {
	var t Trust
	seen := make(map[string]bool)
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || seen[line] {
			continue
		}
		seen[line] = true
		v, ok := parseVerifier(line)
		if !ok {
			return Trust{}, fault.New(fault.Invalid, "journal.trust", "line", n)
		}
		t.verifiers = append(t.verifiers, v)
	}
	return t, nil
}

// with gives both sets as one.
func (t Trust) with(more Trust) Trust {
	all := Trust{verifiers: slices.Clone(t.verifiers)}
	for _, v := range more.verifiers {
		// A key that stands twice would be ambiguous to the reader of notes.
		if !slices.ContainsFunc(all.verifiers, func(w note.Verifier) bool { return w.Name() == v.Name() && w.KeyHash() == v.KeyHash() }) {
			all.verifiers = append(all.verifiers, v)
		}
	}
	return all
}

func parseVerifier(line string) (verifier, bool) {
	name, rest, _ := strings.Cut(line, "+")
	id, encoded, _ := strings.Cut(rest, "+")
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || !isName(name) {
		return verifier{}, false
	}
	key := string(raw)
	want, err := strconv.ParseUint(id, 16, 32)
	if err != nil || uint32(want) != keyID(name, key) {
		return verifier{}, false
	}
	v := verifier{name: name, id: uint32(want)}
	if ed, ok := strings.CutPrefix(key, typeEd25519); ok && len(ed) == ed25519.PublicKeySize {
		v.verify = func(text, sig []byte) bool { return ed25519.Verify(ed25519.PublicKey(ed), text, sig) }
		return v, true
	}
	if spki, ok := strings.CutPrefix(key, typeSM2); ok {
		public, err := gm.ParsePublicKey(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte(spki)}))
		v.verify = func(text, sig []byte) bool { return public.Verify(text, sig) }
		return v, err == nil
	}
	return verifier{}, false
}

// isName tells whether a name can stand in a signature line.
func isName(s string) bool {
	return s != "" && utf8.ValidString(s) && !strings.Contains(s, "+") && strings.IndexFunc(s, unicode.IsSpace) < 0 &&
		strings.IndexFunc(s, unicode.IsControl) < 0
}

// Open reads a signed checkpoint. Every signature by a trusted key must hold, and one of them must be the log's own, whose
// key bears the name of its origin. Signers are the names with key ids of the signatures that held.
//
// Errors: Denied "journal.note.signature", Invalid "journal.note".
func (t Trust) Open(text []byte) (c Checkpoint, signers []string, err error) {
	n, err := note.Open(text, note.VerifierList(t.verifiers...))
	if err != nil {
		return Checkpoint{}, nil, fault.New(fault.Denied, "journal.note.signature").With(err)
	}
	c, err = parseCheckpoint(n.Text)
	if err != nil {
		return Checkpoint{}, nil, err
	}
	c.Note = string(text)
	own := false
	for _, s := range n.Sigs {
		own = own || s.Name == c.Origin
		signers = append(signers, s.Name+"+"+strconv.FormatUint(uint64(s.Hash), 16))
	}
	if !own {
		return Checkpoint{}, nil, fault.New(fault.Denied, "journal.note.signature")
	}
	return c, signers, nil
}
