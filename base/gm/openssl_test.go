package gm_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"chengshu/base/gm"
)

// openssl runs the command in dir; the test is skipped, loudly, where openssl or its SM2 and SM3 are missing.
func openssl(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "openssl", args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.String())
	}
	return out
}

func requireOpenSSL(t *testing.T) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "openssl", "list", "-digest-algorithms", "-public-key-algorithms").Output()
	if err == nil && bytes.Contains(out, []byte("SM3")) && bytes.Contains(out, []byte("SM2")) {
		return
	}
	if os.Getenv("CHENGSHU_CI") == "1" {
		t.Fatalf("an openssl with SM2 and SM3 is required in CI: %v", err)
	}
	t.Skipf("SKIPPED, NOT PASSED: no openssl with SM2 and SM3: %v", err)
}

func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func must(t *testing.T) func([]byte, error) []byte {
	t.Helper()
	return func(b []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
}

func TestOpenSSLDigests(t *testing.T) {
	t.Parallel()
	requireOpenSSL(t)
	dir := t.TempDir()
	data := bytes.Repeat([]byte("县域"), 1000)
	write(t, dir, "data", data)
	sum := gm.Sum(data)
	if got := openssl(t, dir, "dgst", "-sm3", "-binary", "data"); !bytes.Equal(got, sum[:]) {
		t.Errorf("SM3: openssl %x, we %x", got, sum)
	}
	if got := openssl(t, dir, "mac", "-digest", "SM3", "-macopt", "hexkey:6b6579", "-in", "data", "HMAC"); !strings.EqualFold(strings.TrimSpace(string(got)), hex.EncodeToString(gm.MAC([]byte("key"), data))) {
		t.Errorf("HMAC: openssl %s, we %x", got, gm.MAC([]byte("key"), data))
	}
}

// Our signature verifies there, theirs here; keys are read both ways, plain and under a password.
func TestOpenSSLSignatures(t *testing.T) {
	t.Parallel()
	requireOpenSSL(t)
	const distid = "distid:1234567812345678"
	dir, message := t.TempDir(), []byte("准予许可")
	write(t, dir, "message", message)
	key, err := gm.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "our.pub", must(t)(key.Public().PEM()))
	write(t, dir, "our.sig", must(t)(key.Sign(rand.Reader, message)))
	openssl(t, dir, "pkeyutl", "-verify", "-rawin", "-digest", "sm3", "-pubin", "-inkey", "our.pub", "-in", "message", "-sigfile", "our.sig", "-pkeyopt", distid)

	write(t, dir, "our.key", must(t)(key.PEM([]byte("secret"))))
	if got := openssl(t, dir, "pkey", "-in", "our.key", "-passin", "pass:secret", "-pubout"); !bytes.Equal(got, read(t, dir, "our.pub")) {
		t.Errorf("openssl reads another key: %s", got)
	}

	openssl(t, dir, "genpkey", "-algorithm", "SM2", "-out", "their.key")
	openssl(t, dir, "pkey", "-in", "their.key", "-pubout", "-out", "their.pub")
	openssl(t, dir, "pkeyutl", "-sign", "-rawin", "-digest", "sm3", "-inkey", "their.key", "-in", "message", "-out", "their.sig", "-pkeyopt", distid)
	pub, err := gm.ParsePublicKey(read(t, dir, "their.pub"))
	if err != nil {
		t.Fatal(err)
	}
	if !pub.Verify(message, read(t, dir, "their.sig")) {
		t.Error("their signature does not verify")
	}
	private, err := gm.ParsePrivateKey(read(t, dir, "their.key"), nil)
	if err != nil || !private.Public().Equal(pub) {
		t.Errorf("their private key: %v", err)
	}
	openssl(t, dir, "ecparam", "-name", "SM2", "-genkey", "-out", "sec1.key")
	if _, err := gm.ParsePrivateKey(read(t, dir, "sec1.key"), nil); err != nil {
		t.Errorf("a key with its parameters before it: %v", err)
	}
}

func TestOpenSSLEncryption(t *testing.T) {
	t.Parallel()
	requireOpenSSL(t)
	dir, message := t.TempDir(), []byte("0123456789abcdef")
	key, err := gm.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "key", must(t)(key.PEM(nil)))
	write(t, dir, "ours", must(t)(key.Public().Encrypt(rand.Reader, message)))
	write(t, dir, "message", message)
	if got := openssl(t, dir, "pkeyutl", "-decrypt", "-inkey", "key", "-in", "ours"); !bytes.Equal(got, message) {
		t.Errorf("openssl decrypts to %x", got)
	}
	theirs := openssl(t, dir, "pkeyutl", "-encrypt", "-inkey", "key", "-in", "message")
	if got, err := key.Decrypt(theirs); err != nil || !bytes.Equal(got, message) {
		t.Errorf("we decrypt to %x, %v", got, err)
	}
}
