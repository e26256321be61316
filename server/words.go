package server

import (
	"embed"
	"io/fs"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/pack"
)

//go:embed locale/zh-CN.yaml
var localeFile []byte

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the tables of the server, for store.Migrate with scope "server".
func Migrations() fs.FS { return store.Files(migrations) }

// Words gives the words of the kernel and the portal; packs bring their own.
func Words() (map[string]string, error) {
	words, err := pack.ParseWords("server/locale/zh-CN.yaml", localeFile)
	return words, fault.Wrap("kernel words", err)
}
