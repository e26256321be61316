// Package keyfile keeps keys in a file of the owner's alone. It knows no format and encrypts nothing: a file that is lost
// is lost with all that its keys protect, and one that others read protects nothing.
//
// Load is all there is.
package keyfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"chengshu/base/fault"
)

// maxSize is more than any key file holds.
const maxSize = 1 << 16

// Load gives what a key file holds. Where there is none it makes it of what fresh gives, whole or not at all and never over
// another: of several processes that start at once, all take the keys of the fastest. The file belongs outside the database
// and its backups. The fault is Invalid "keyfile.mode" where others than the owner and his group may use the file.
func Load(file string, fresh func() ([]byte, error)) ([]byte, error) {
	data, err := read(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return data, err
	}
	if data, err = fresh(); err != nil {
		return nil, err
	}
	if err := create(file, data); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fault.Wrap("write key file", err)
	}
	return read(file)
}

func read(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fault.Wrap("read key file", err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	info, err := f.Stat()
	if err != nil {
		return nil, fault.Wrap("read key file", err)
	}
	if info.Mode()&0o007 != 0 { // a group may be needed where the operator's secrets are mounted
		return nil, fault.New(fault.Invalid, "keyfile.mode", "file", file)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSize))
	return data, fault.Wrap("read key file", err)
}

func create(file string, data []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }() // the name of the file itself stays
	_, err = temp.Write(data)
	if err == nil {
		err = temp.Sync()
	}
	if e := temp.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Link(temp.Name(), file)
}
