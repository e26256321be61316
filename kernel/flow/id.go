package flow

import (
	"bufio"
	"encoding/hex"
	"io"
	"sync"
	"time"

	"chengshu/base/fault"
)

// minter makes UUIDv7 ids (RFC 9562 §5.7) from a clock and a source of randomness.
type minter struct {
	mu   sync.Mutex
	rand *bufio.Reader
}

func newMinter(r io.Reader) *minter { return &minter{rand: bufio.NewReaderSize(r, 1024)} }

func (m *minter) id(now time.Time) (string, error) {
	var b [16]byte
	m.mu.Lock()
	_, err := io.ReadFull(m.rand, b[6:])
	m.mu.Unlock()
	if err != nil {
		return "", fault.Wrap("make id", err)
	}
	ms := uint64(now.UnixMilli())
	for i := range 6 {
		b[i] = byte(ms >> (40 - 8*i))
	}
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	var out [36]byte
	hex.Encode(out[0:8], b[0:4])
	hex.Encode(out[9:13], b[4:6])
	hex.Encode(out[14:18], b[6:8])
	hex.Encode(out[19:23], b[8:10])
	hex.Encode(out[24:36], b[10:16])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return string(out[:]), nil
}
