package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"chengshu/base/fault"
)

// packNew writes the smallest pack that works: one record type with a role, a menu entry, words and a scenario.
func (c *cli) packNew() *cobra.Command {
	return &cobra.Command{
		Use: "new DIR", Short: "Begin a pack", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := filepath.Clean(args[0])
			name := filepath.Base(dir)
			if _, err := os.Stat(dir); err == nil {
				return fault.New(fault.Exists, "pack.exists", "dir", dir)
			}
			for file, text := range skeleton(name) {
				path := filepath.Join(dir, file)
				if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
					return fault.Wrap("make folder", err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					return fault.Wrap("write "+file, err)
				}
			}
			_, err := fmt.Fprintf(c.out, "%s\nnext: chengshu pack check %s && chengshu pack test %s\n", dir, dir, dir)
			return fault.Wrap("print", err)
		},
	}
}

func skeleton(name string) map[string]string {
	return map[string]string{
		"pack.yaml": "pack: " + name + "\nversion: 0.1.0\n",
		"records/note.yaml": "record: " + name + ".note\nnumber: \"{date:yyyy}-{serial:4}\"\ntitle: \"{number} {subject}\"\n" +
			"states: [open, closed]\nfields:\n  subject: {type: text, required: true, list: 1, search: true}\n  detail:  {type: longtext}\n" +
			"commands:\n  close: {when: state = \"open\", state: closed}\n",
		"roles.yaml": "roles:\n  clerk: {grade: 2}\ngrants:\n  - {role: " + name + ".clerk, on: " + name + ".note, do: [\"*\"], scope: org}\n",
		"menu.yaml":  "menu:\n  - {id: " + name + ".notes, type: " + name + ".note, order: 100}\n",
		"locale/zh-CN.yaml": "pack:\n  " + name + ": " + name + "\ntype:\n  " + name + ".note: note\nfield:\n  " + name + ".note:\n    subject: subject\n    detail: detail\n" +
			"state:\n  " + name + ".note:\n    open: open\n    closed: closed\ncommand:\n  " + name + ".note.close: close\nrole:\n  " + name + ".clerk: clerk\nmenu:\n  " + name + ".notes: notes\n",
		"demo/people.yaml": "orgs:\n  - {path: /office/, name: office}\npeople:\n  - {username: " + name + "1, name: clerk 1, role: " + name + ".clerk, org: /office/, area: /}\n",
		"tests/note.txtar": "# a note is opened and closed\nas " + name + ".clerk\ncreate " + name + ".note note.json -> $N\nexpect $N state=open\n" +
			"command $N close\nexpect $N state=closed\n! command $N close\nas anonymous\n! read $N\n-- note.json --\n{\"subject\": \"first\"}\n",
		"README.md": "# " + name + "\n",
	}
}
