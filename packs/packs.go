// Package packs carries the product's packs inside the program. It holds no code and names none of them.
//
// Main functions: All, Only.
package packs

import (
	"embed"
	"io/fs"
	"slices"
)

//go:embed all:*
var files embed.FS

// All gives the folder of packs.
func All() fs.FS { return files }

// Only gives the folder with the named packs alone, and what is needed must be among them; nil gives all.
func Only(names []string) fs.FS {
	if names == nil {
		return files
	}
	return only{files, names}
}

type only struct {
	fs.FS
	names []string
}

// ReadDir lists the named folders alone at the root.
func (o only) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(o.FS, name)
	if err != nil || name != "." {
		return entries, err
	}
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return !slices.Contains(o.names, e.Name()) }), nil
}
