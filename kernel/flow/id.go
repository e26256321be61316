package flow

import (
	"bufio"
	"encoding/hex"
	"io"
	"sync"
	"time"

	"chengshu/base/fault"
)

// minter makes UUIDv7 ids (RFC 9562 §5.7) from a clock and a source of randomness. Within a millisecond they count up
// (§6.2 method 1), so that the ids of one process order as they were made.
type minter struct {
	mu   sync.Mutex
	rand *bufio.Reader
	last uint64 // milliseconds and a counter of 12 bits
}

func newMinter(r io.Reader) *minter { return &minter{rand: bufio.NewReaderSize(r, 1024)} }

func (m *minter) id(now time.Time) (string, error) {
	var b [16]byte
	m.mu.Lock()
	_, err := io.ReadFull(m.rand, b[8:])
	m.last = max(m.last+1, uint64(now.UnixMilli())<<12)
	stamp := m.last
	m.mu.Unlock()
	if err != nil {
		return "", fault.Wrap("make id", err)
	}
	for i := range 6 {
		b[i] = byte(stamp >> (52 - 8*i))
	}
	b[6] = byte(stamp>>8)&0x0f | 0x70
	b[7] = byte(stamp)
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
