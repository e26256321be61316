package app_test

import (
	"os"
	"path/filepath"
	"testing"

	"chengshu/app"
	"chengshu/base/fault"
)

// TestLayCodes: rows an import writes into the site layer are there after a reload, replace themselves, keep what somebody
// wrote by hand, and leave no trace where the packs would no longer load.
func TestLayCodes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, err := app.New(t.Context(), app.Config{Dir: dir, Cheap: true})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	table := a.Bundle.Load().Set.CodeTables()[0]
	first := table.Entries[0]
	lay := func(rows ...[]string) (string, error) { return a.LayCodes(table.Name, []string{"code", "name"}, rows) }
	file, err := lay([]string{"zz1", "one"}, []string{first.Code, "renamed"})
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(dir, "site", "local", "codes", table.Name+".csv"); file != want {
		t.Errorf("got %s, want %s", file, want)
	}
	if a.Bundle.Load().Set.Codes(table.Name).Entry("zz1") != nil {
		t.Error("rows are in force before a reload")
	}
	if err := os.WriteFile(file, []byte("# by hand\ncode,name,valid_to\nzz1,one,2030-01-01\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := lay([]string{"zz1", "uno"}, []string{"zz2", "due"}); err != nil {
		t.Fatal(err)
	}
	const want = "# by hand\ncode,name,valid_to\nzz1,uno,2030-01-01\nzz2,due,\n"
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := lay([]string{"", "no code"}); fault.CodeOf(err) != "pack.invalid" {
		t.Errorf("got %v", err)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("after a refusal: %q, %v", got, err)
	}
	if err := a.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	now := a.Bundle.Load().Set.Codes(table.Name)
	if now.Label("zz1") != "uno" || now.Entry("zz1").To != "2030-01-01" || now.Label(first.Code) != first.Name {
		t.Errorf("got %+v", now.Entry("zz1"))
	}
}
