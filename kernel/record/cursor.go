package record

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"chengshu/base/fault"
)

// position is where a page ended: the sort key and the id of its last record.
type position struct {
	Value any    `json:"v"`
	ID    string `json:"i"`
	Query uint64 `json:"q"` // of which query; a cursor does not fit another one
}

// sealCursor gives an opaque cursor that nobody can make or change without the store's key.
func (s *Store) sealCursor(q Query, p position) string {
	p.Query = fingerprint(q)
	body, err := json.Marshal(p)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(append(s.mac(body), body...))
}

func (s *Store) openCursor(q Query) (position, error) {
	var p position
	wrong := fault.New(fault.Invalid, "query.cursor")
	raw, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	if err != nil || len(raw) < 16 || !hmac.Equal(raw[:16], s.mac(raw[16:])) {
		return p, wrong
	}
	d := json.NewDecoder(bytes.NewReader(raw[16:]))
	d.UseNumber()
	if err := d.Decode(&p); err != nil || p.Query != fingerprint(q) {
		return p, wrong
	}
	if n, ok := p.Value.(json.Number); ok {
		if i, err := n.Int64(); err == nil {
			p.Value = i
		} else if f, err := n.Float64(); err == nil {
			p.Value = f
		}
	}
	return p, nil
}

func (s *Store) mac(body []byte) []byte {
	m := hmac.New(sha256.New, s.opt.Secret)
	m.Write(body)
	return m.Sum(nil)[:16]
}

func fingerprint(q Query) uint64 {
	box := ""
	if q.Box != nil {
		box = fmt.Sprint(*q.Box)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %q %v", q.Type, q.Filter, q.Text, q.Sort, box, q.Deleted))
	return binary.BigEndian.Uint64(sum[:8]) >> 1 // 63 bits: JSON numbers of other programs are signed
}
