package identity

import (
	"context"
	"crypto/pbkdf2"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"

	"chengshu/base/fault"
	"chengshu/base/gm"
)

// Cost says how passwords are hashed. The parameters stand in every hash, so a change holds for new hashes at once and
// for old ones from the next sign-in.
type Cost struct {
	Rounds  uint32 // Argon2id passes, or PBKDF2 iterations
	KiB     uint32 // Argon2id memory in KiB; 0 selects PBKDF2 with HMAC-SM3
	Threads uint8  // Argon2id lanes
}

// DefaultCost is Argon2id as the OWASP password storage sheet has it for small memory: 19 MiB, two passes, one lane.
func DefaultCost() Cost { return Cost{Rounds: 2, KiB: 19 * 1024, Threads: 1} }

// NationalCost is PBKDF2 with HMAC-SM3, for systems that are assessed under GB/T 39786 and may use national algorithms only.
func NationalCost() Cost { return Cost{Rounds: 600_000} }

// DemoCost protects nothing: it makes thousands of demo accounts, whose passwords are public, in a second.
func DemoCost() Cost { return Cost{Rounds: 1, KiB: 64, Threads: 1} }

const (
	saltSize = 16
	keySize  = 32
)

// Bounds of the parameters read from a hash, so that a damaged row cannot take the memory of the machine.
const (
	maxRounds = 10_000_000
	maxKiB    = 1 << 20
)

func (c Cost) hash(random io.Reader, password string) (string, error) {
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(random, salt); err != nil {
		return "", fault.Wrap("salt", err)
	}
	key, err := c.key(password, salt)
	if err != nil {
		return "", err
	}
	return c.head() + "$" + base64.RawStdEncoding.EncodeToString(salt) + "$" + base64.RawStdEncoding.EncodeToString(key), nil
}

// head is the part of a PHC string that names algorithm and parameters.
func (c Cost) head() string {
	if c.KiB == 0 {
		return "$pbkdf2-sm3$i=" + strconv.FormatUint(uint64(c.Rounds), 10)
	}
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d", argon2.Version, c.KiB, c.Rounds, c.Threads)
}

func (c Cost) key(password string, salt []byte) ([]byte, error) {
	if c.KiB == 0 {
		key, err := pbkdf2.Key(gm.NewHash, password, salt, int(c.Rounds), keySize)
		return key, fault.Wrap("pbkdf2", err)
	}
	return argon2.IDKey([]byte(password), salt, c.Rounds, c.KiB, c.Threads, keySize), nil
}

// parseHash takes a PHC string apart; the fault is Internal "identity.hash".
func parseHash(s string) (c Cost, salt, key []byte, err error) {
	bad := fault.New(fault.Internal, "identity.hash")
	cut := strings.LastIndexByte(s, '$')
	if cut < 1 {
		return c, nil, nil, bad
	}
	mid := strings.LastIndexByte(s[:cut], '$')
	if mid < 1 {
		return c, nil, nil, bad
	}
	switch head := s[:mid]; {
	case strings.HasPrefix(head, "$pbkdf2-sm3$"):
		_, err = fmt.Sscanf(head, "$pbkdf2-sm3$i=%d", &c.Rounds)
	default:
		var version int
		_, err = fmt.Sscanf(head, "$argon2id$v=%d$m=%d,t=%d,p=%d", &version, &c.KiB, &c.Rounds, &c.Threads)
		if err == nil && (version != argon2.Version || c.KiB < 8 || c.Threads == 0) {
			return c, nil, nil, bad
		}
	}
	if err != nil || c.Rounds == 0 || c.Rounds > maxRounds || c.KiB > maxKiB || c.head() != s[:mid] {
		return c, nil, nil, bad
	}
	if salt, err = base64.RawStdEncoding.DecodeString(s[mid+1 : cut]); err != nil {
		return c, nil, nil, bad
	}
	if key, err = base64.RawStdEncoding.DecodeString(s[cut+1:]); err != nil || len(key) != keySize {
		return c, nil, nil, bad
	}
	return c, salt, key, nil
}

// opens tells whether the password has this hash, and whether the hash was made with another cost than today's.
func (s *Store) opens(ctx context.Context, hash, password string) (ok, outdated bool, err error) {
	c, salt, want, err := parseHash(hash)
	if err != nil {
		return false, false, err
	}
	if err := s.slot(ctx); err != nil {
		return false, false, err
	}
	defer func() { <-s.hashing }()
	got, err := c.key(password, salt)
	if err != nil {
		return false, false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, c != s.opt.Cost, nil
}

func (s *Store) hash(ctx context.Context, password string) (string, error) {
	if err := s.slot(ctx); err != nil {
		return "", err
	}
	defer func() { <-s.hashing }()
	return s.opt.Cost.hash(s.opt.Random, password)
}

// slot waits until one more hash may be computed.
func (s *Store) slot(ctx context.Context) error {
	select {
	case s.hashing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fault.New(fault.Unavailable, "signin.busy").With(ctx.Err())
	}
}
