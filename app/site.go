package app

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"chengshu/base/fault"
)

// localPack is the pack of the site layer that imports write into.
const localPack = "local"

// siteDir is the site layer: a folder of packs that are loaded after the product's and the county's.
func (a *App) siteDir() string { return filepath.Join(a.cfg.Dir, "site") }

// LayCodes writes rows over a code table into the site layer, where a reload or the next start finds them, and gives the
// file. Cells stand under columns; code must be among them. A row replaces the file's own row of that code, other rows and
// comments stay. Packs that no longer load with the new rows are a fault as of LoadPacks, and the file is as it was.
func (a *App) LayCodes(table string, columns []string, rows [][]string) (string, error) {
	dir := filepath.Join(a.siteDir(), localPack)
	file := filepath.Join(dir, "codes", table+".csv")
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fault.New(fault.Unavailable, "app.dir", "dir", file).With(err)
	}
	existed := err == nil
	text, err := layRows(file, old, columns, rows)
	if err != nil {
		return "", err
	}
	// No needs: rows are laid over their table whatever the order of the packs.
	declared := filepath.Join(dir, "pack.yaml")
	if _, err := os.Stat(declared); errors.Is(err, fs.ErrNotExist) {
		if err := replaceFile(declared, []byte("pack: "+localPack+"\nversion: 1.0.0\n")); err != nil {
			return "", err
		}
	}
	if err := replaceFile(file, text); err != nil {
		return "", err
	}
	if _, err := a.LoadPacks(); err != nil {
		if existed {
			return "", errors.Join(err, replaceFile(file, old))
		}
		return "", errors.Join(err, os.Remove(file))
	}
	return file, nil
}

// layRows gives the file with the rows in it. Comments before the header stay.
func layRows(file string, old []byte, columns []string, rows [][]string) ([]byte, error) {
	header, have, comments, err := readRows(file, old)
	if err != nil {
		return nil, err
	}
	for _, c := range columns {
		if !slices.Contains(header, c) {
			header = append(header, c)
		}
	}
	code := slices.Index(header, "code")
	place := map[string]int{}
	for i := range have {
		have[i] = append(have[i], make([]string, len(header)-len(have[i]))...)
		place[have[i][code]] = i
	}
	for _, row := range rows {
		full := make([]string, len(header))
		at, known := place[row[slices.Index(columns, "code")]]
		if known {
			full = have[at]
		}
		for i, c := range columns {
			full[slices.Index(header, c)] = row[i]
		}
		if !known {
			place[full[code]] = len(have)
			have = append(have, full)
		}
	}
	out := bytes.NewBufferString(comments)
	w := csv.NewWriter(out)
	if err := w.WriteAll(append([][]string{header}, have...)); err != nil {
		return nil, fault.Wrap("write codes", err)
	}
	return out.Bytes(), nil
}

func readRows(file string, text []byte) (header []string, rows [][]string, comments string, err error) {
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			break
		}
		comments += line
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.Comment = '#'
	rows, err = r.ReadAll()
	if err != nil {
		return nil, nil, "", fault.New(fault.Invalid, "codes.csv", "file", file, "detail", err.Error())
	}
	if len(rows) == 0 {
		return []string{"code"}, nil, comments, nil
	}
	return rows[0], rows[1:], comments, nil
}

// replaceFile writes a file as a whole or not at all.
func replaceFile(file string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return fault.New(fault.Unavailable, "app.dir", "dir", filepath.Dir(file)).With(err)
	}
	part := file + ".part"
	err := os.WriteFile(part, text, 0o600) //nolint:gosec // below the data directory; the table is one of the packs'
	if err == nil {
		err = os.Rename(part, file)
	}
	if err != nil {
		return fault.New(fault.Unavailable, "app.dir", "dir", file).With(err)
	}
	return nil
}
