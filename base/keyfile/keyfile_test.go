package keyfile_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"chengshu/base/fault"
	"chengshu/base/keyfile"
)

func TestLoad(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keys")
	broken := errors.New("no randomness")
	if _, err := keyfile.Load(file, func() ([]byte, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("a failing source gave %v", err)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it left a file: %v", err)
	}
	var wg sync.WaitGroup
	got := make([][]byte, 16)
	for i := range got {
		wg.Go(func() {
			data, err := keyfile.Load(file, func() ([]byte, error) { return bytes.Repeat([]byte{byte(i)}, 5000), nil })
			if err != nil {
				t.Error(err)
			}
			got[i] = data
		})
	}
	wg.Wait()
	for i := range got {
		if len(got[i]) != 5000 || !bytes.Equal(got[i], got[0]) {
			t.Errorf("starter %d has other keys than the first", i)
		}
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("made with %v, %v", info.Mode(), err)
	}
	if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 1 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

func TestModes(t *testing.T) {
	t.Parallel()
	fresh := func() ([]byte, error) { return nil, errors.New("made anew") }
	for mode, code := range map[os.FileMode]string{0o600: "", 0o640: "", 0o644: "keyfile.mode", 0o606: "keyfile.mode"} {
		file := filepath.Join(t.TempDir(), "keys")
		if err := os.WriteFile(file, []byte("k"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		data, err := keyfile.Load(file, fresh)
		if code == "" && (err != nil || string(data) != "k") || code != "" && fault.CodeOf(err) != code {
			t.Errorf("mode %v: %q, %v", mode, data, err)
		}
	}
	if _, err := keyfile.Load(filepath.Join(t.TempDir(), "none", "keys"), func() ([]byte, error) { return []byte("k"), nil }); err == nil {
		t.Error("no fault for a folder that is not there")
	}
}
