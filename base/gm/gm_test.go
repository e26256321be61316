package gm_test

import (
	"bytes"
	"crypto/rand"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm4"

	"chengshu/base/fault"
	"chengshu/base/gm"
)

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// GB/T 32905-2016, appendix A.
func TestSM3CheckValues(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"abc":                      "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
		strings.Repeat("abcd", 16): "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732",
	} {
		sum := gm.Sum([]byte(in))
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
		h := gm.NewHash()
		for _, b := range []byte(in) {
			h.Write([]byte{b})
		}
		if !bytes.Equal(h.Sum(nil), sum[:]) {
			t.Errorf("%q: written byte by byte the digest differs", in)
		}
	}
}

func TestMAC(t *testing.T) {
	t.Parallel()
	key, data := []byte("key"), []byte("data")
	mac := gm.MAC(key, data)
	if len(mac) != gm.SumSize || !gm.CheckMAC(key, data, mac) {
		t.Errorf("the mac %x does not check", mac)
	}
	for name, ok := range map[string]bool{
		"other key":  gm.CheckMAC([]byte("kez"), data, mac),
		"other data": gm.CheckMAC(key, []byte("date"), mac),
		"cut mac":    gm.CheckMAC(key, data, mac[:31]),
	} {
		if ok {
			t.Errorf("%s: accepted", name)
		}
	}
}

// The key pair of GB/T 32918.5-2017, appendix A.
func standardKey(tb testing.TB) *gm.PrivateKey {
	tb.Helper()
	k, err := sm2.NewPrivateKey(unhex(tb, "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"))
	if err != nil {
		tb.Fatal(err)
	}
	return gm.NewPrivateKey(k)
}

// GB/T 32918.5-2017, A.2: the signature of "message digest" under the default user id.
func TestSM2SignatureCheckValue(t *testing.T) {
	t.Parallel()
	key := standardKey(t)
	if got, want := key.Raw().X, "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"; got.Text(16) != want[1:] {
		t.Errorf("public x: got %x, want %s", got, want)
	}
	sig, err := asn1.Marshal(struct{ R, S *big.Int }{
		new(big.Int).SetBytes(unhex(t, "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3")),
		new(big.Int).SetBytes(unhex(t, "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA")),
	})
	if err != nil {
		t.Fatal(err)
	}
	if !key.Public().Verify([]byte("message digest"), sig) {
		t.Error("the standard's signature does not verify")
	}
	if key.Public().Verify([]byte("message digesT"), sig) {
		t.Error("the signature verifies for another message")
	}
}

// GB/T 32918.5-2017, C.2: the encryption of "encryption standard", C1‖C3‖C2.
func TestSM2EncryptionCheckValue(t *testing.T) {
	t.Parallel()
	got, err := standardKey(t).Decrypt(unhex(t, `04 04EBFC718E8D1798620432268E77FEB6415E2EDE0E073C0F4F640ECD2E149A73
E858F9D81E5430A57B36DAAB8F950A3C64E6EE6A63094D99283AFF767E124DF0
59983C18F809E262923C53AEC295D30383B54E39D609D160AFCB1908D0BD8766
21886CA989CA9C7D58087307CA93092D651EFA`))
	if err != nil || string(got) != "encryption standard" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestSM2RoundTrip(t *testing.T) {
	t.Parallel()
	key, err := gm.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := gm.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	message := []byte("批准")
	sig, err := key.Sign(rand.Reader, message)
	if err != nil || !key.Public().Verify(message, sig) {
		t.Errorf("own signature: %v", err)
	}
	if other.Public().Verify(message, sig) || key.Public().Verify(message, sig[:len(sig)-1]) || key.Public().Verify(message, nil) {
		t.Error("a wrong key or a cut signature verifies")
	}
	ct, err := key.Public().Encrypt(rand.Reader, message)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := key.Decrypt(ct); err != nil || !bytes.Equal(got, message) {
		t.Errorf("decrypt: got %q, %v", got, err)
	}
	if _, err := other.Decrypt(ct); !fault.Is(err, fault.Invalid) {
		t.Errorf("decrypt with another key: got %v, want an invalid fault", err)
	}
	if _, err := key.Public().Encrypt(rand.Reader, nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("encrypt nothing: got %v, want an invalid fault", err)
	}
}

func TestPEM(t *testing.T) {
	t.Parallel()
	key := standardKey(t)
	for name, password := range map[string][]byte{"plain": nil, "password": []byte("correct horse")} {
		data, err := key.PEM(password)
		if err != nil {
			t.Fatal(err)
		}
		got, err := gm.ParsePrivateKey(append([]byte("-----BEGIN EC PARAMETERS-----\nBggqgRzPVQGCLQ==\n-----END EC PARAMETERS-----\n"), data...), password)
		if err != nil || !got.Raw().Equal(key.Raw()) {
			t.Errorf("%s: does not read back: %v", name, err)
		}
		if password != nil {
			if _, err := gm.ParsePrivateKey(data, []byte("wrong")); !fault.Is(err, fault.Denied) {
				t.Errorf("wrong password: got %v, want denied", err)
			}
		}
	}
	data, err := key.Public().PEM()
	if err != nil {
		t.Fatal(err)
	}
	pub, err := gm.ParsePublicKey(data)
	if err != nil || !pub.Equal(key.Public()) {
		t.Errorf("public key does not read back: %v", err)
	}
	a, errA := pub.Fingerprint()
	b, errB := key.Public().Fingerprint()
	if a != b || errA != nil || errB != nil {
		t.Errorf("fingerprints differ: %x %x %v %v", a, b, errA, errB)
	}
	// a P-256 key is not an SM2 key
	p256 := "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEMKBCTNIcKUSDii11ySs3526iDZ8A\niTo7Tu6KPAqv7D7gS2XpJFbZiItSs3m9+9Ue6GnvHw/GW2ZZaVtszggXIw==\n-----END PUBLIC KEY-----\n"
	for name, in := range map[string]string{"empty": "", "another curve": p256, "rubbish": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"} {
		if _, err := gm.ParsePublicKey([]byte(in)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, want an invalid fault", name, err)
		}
	}
}

// GB/T 32907-2016, appendix A: one block, and a million times over itself.
func TestSM4CheckValues(t *testing.T) {
	t.Parallel()
	key := unhex(t, "0123456789abcdeffedcba9876543210")
	block, err := sm4.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	text := bytes.Clone(key)
	for i := range 1_000_000 {
		block.Encrypt(text, text)
		if got := hex.EncodeToString(text); i == 0 && got != "681edf34d206965e86b3e94f536e4246" {
			t.Errorf("once: got %s", got)
		}
	}
	if got := hex.EncodeToString(text); got != "595298c7c6fd271f0402f804c33d3f66" {
		t.Errorf("a million times: got %s", got)
	}
}

// RFC 8998, A.1.
func TestSM4GCMCheckValue(t *testing.T) {
	t.Parallel()
	s, err := gm.NewSealer(unhex(t, "0123456789ABCDEFFEDCBA9876543210"))
	if err != nil {
		t.Fatal(err)
	}
	nonce := unhex(t, "00001234567800000000ABCD")
	aad := unhex(t, "FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
	plain := unhex(t, "AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDDEEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA")
	want := append(bytes.Clone(nonce), unhex(t, "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D83DE3541E4C2B58177E065A9BF7B62EC")...)
	got, err := s.Seal(bytes.NewReader(nonce), plain, aad)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %x, %v\nwant %x", got, err, want)
	}
	if back, err := s.Open(got, aad); err != nil || !bytes.Equal(back, plain) {
		t.Errorf("open: got %x, %v", back, err)
	}
}

func TestSealRefusesEveryChange(t *testing.T) {
	t.Parallel()
	s, err := gm.NewSealer(make([]byte, gm.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := s.Seal(rand.Reader, []byte("电话"), []byte("row 1"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := s.Open(changed, []byte("row 1")); !fault.Is(err, fault.Invalid) {
			t.Errorf("byte %d changed: got %v, want an invalid fault", i, err)
		}
		if _, err := s.Open(sealed[:i], []byte("row 1")); !fault.Is(err, fault.Invalid) {
			t.Errorf("cut at %d: got %v, want an invalid fault", i, err)
		}
	}
	if _, err := s.Open(sealed, []byte("row 2")); !fault.Is(err, fault.Invalid) {
		t.Errorf("another row: got %v, want an invalid fault", err)
	}
	if _, err := s.Seal(bytes.NewReader(nil), nil, nil); err == nil {
		t.Error("sealed without randomness")
	}
	if _, err := gm.NewSealer(make([]byte, 32)); !fault.Is(err, fault.Invalid) {
		t.Errorf("a key of 32 bytes: got %v, want an invalid fault", err)
	}
}
