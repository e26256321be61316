package geo

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"

	"chengshu/base/fault"
)

// message is a protocol buffer being written. The encoder is our own because the library's brings two unmaintained or
// foreign protocol stacks into the product for these few fields (Mapbox vector tile specification 2.1).
type message []byte

func (m *message) varint(v uint64) { *m = binary.AppendUvarint(*m, v) }

func (m *message) uint(field int, v uint64) {
	m.varint(uint64(field) << 3)
	m.varint(v)
}

func (m *message) bytes(field int, b []byte) {
	m.varint(uint64(field)<<3 | 2)
	m.varint(uint64(len(b)))
	*m = append(*m, b...)
}

func (m *message) double(field int, v float64) {
	m.varint(uint64(field)<<3 | 1)
	*m = binary.LittleEndian.AppendUint64(*m, math.Float64bits(v))
}

func zigzag(v int64) uint64 { return uint64(v)<<1 ^ uint64(v>>63) }

// layerEncoder writes one layer; keys and values of all its features are kept once.
type layerEncoder struct {
	body   message
	keys   map[string]uint64
	values map[string]uint64 // encoded value → index
	tail   message           // keys and values in order of their index
	count  int
}

func newLayerEncoder(name string) *layerEncoder {
	e := &layerEncoder{keys: map[string]uint64{}, values: map[string]uint64{}}
	e.body.uint(15, 2)
	e.body.bytes(1, []byte(name))
	return e
}

func (e *layerEncoder) close() []byte {
	e.body = append(e.body, e.tail...)
	e.body.uint(5, tileExtent)
	return e.body
}

func (e *layerEncoder) feature(f Feature, kind geomKind, paths [][]cell) error {
	var tags message
	for _, key := range slices.Sorted(maps.Keys(f.Properties)) {
		value, err := encodeValue(f.Properties[key])
		if err != nil {
			return fault.New(fault.Invalid, "geo.property", "key", key).With(err)
		}
		if value == nil {
			continue
		}
		tags.varint(e.intern(e.keys, 3, key))
		tags.varint(e.intern(e.values, 4, string(value)))
	}
	var m message
	if f.ID != 0 {
		m.uint(1, f.ID)
	}
	if len(tags) > 0 {
		m.bytes(2, tags)
	}
	m.uint(3, uint64(kind))
	m.bytes(4, encodePaths(kind, paths))
	e.body.bytes(2, m)
	e.count++
	return nil
}

func (e *layerEncoder) intern(seen map[string]uint64, field int, s string) uint64 {
	i, ok := seen[s]
	if !ok {
		i = uint64(len(seen))
		seen[s] = i
		e.tail.bytes(field, []byte(s))
	}
	return i
}

func encodeValue(v any) (message, error) {
	var m message
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		m.bytes(1, []byte(v))
	case float64:
		m.double(3, v)
	case float32:
		m.double(3, float64(v))
	case int:
		m.uint(6, zigzag(int64(v)))
	case int64:
		m.uint(6, zigzag(v))
	case uint64:
		m.uint(5, v)
	case bool:
		b := uint64(0)
		if v {
			b = 1
		}
		m.uint(7, b)
	default:
		return nil, fault.New(fault.Invalid, "geo.property")
	}
	return m, nil
}

// encodePaths writes the drawing commands: 1 move to, 2 line to, 7 close.
func encodePaths(kind geomKind, paths [][]cell) message {
	var m message
	var at cell
	points := func(command uint64, cells []cell) {
		m.varint(uint64(len(cells))<<3 | command)
		for _, c := range cells {
			m.varint(zigzag(int64(c[0] - at[0])))
			m.varint(zigzag(int64(c[1] - at[1])))
			at = c
		}
	}
	for _, path := range paths {
		if kind == drawPoint {
			points(1, path)
			continue
		}
		points(1, path[:1])
		points(2, path[1:])
		if kind == drawPolygon {
			m.varint(1<<3 | 7)
		}
	}
	return m
}
