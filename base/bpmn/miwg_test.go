package bpmn_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chengshu/base/bpmn"
)

// counts are the columns of the golden table.
type counts struct {
	Processes, Executable, Nodes, Flows, Boundary, Lanes, Subs, Shapes, Edges int
}

// golden holds the measured counts of the public reference models.
var golden = map[string]counts{
	"A.1.0": {1, 0, 5, 4, 0, 0, 0, 5, 4},
	"A.2.0": {1, 0, 8, 9, 0, 0, 0, 8, 9},
	"A.2.1": {1, 0, 8, 11, 0, 0, 0, 8, 11},
	"A.3.0": {1, 0, 10, 8, 2, 0, 1, 10, 8},
	"A.4.0": {2, 0, 17, 13, 0, 2, 2, 20, 15},
	"B.2.0": {4, 0, 94, 85, 11, 2, 5, 99, 87},
	"C.1.0": {2, 1, 21, 20, 0, 4, 0, 27, 25},
	"C.1.1": {1, 1, 10, 10, 0, 0, 0, 13, 13},
	"C.3.0": {1, 1, 14, 15, 2, 0, 1, 14, 15},
	"C.5.0": {2, 0, 37, 40, 0, 3, 0, 50, 65},
	"C.7.0": {1, 0, 11, 12, 0, 2, 0, 19, 18},
	"C.8.0": {1, 0, 18, 16, 1, 0, 0, 24, 22},
	"C.9.0": {1, 1, 25, 21, 1, 0, 2, 26, 21},
	"C.9.2": {1, 1, 20, 12, 1, 0, 3, 21, 12},
}

func count(m *bpmn.Model) counts {
	c := counts{Processes: len(m.Processes), Shapes: len(m.Shapes), Edges: len(m.Edges)}
	for _, p := range m.Processes {
		if p.Executable {
			c.Executable++
		}
		c.Nodes += len(p.Nodes)
		c.Flows += len(p.Flows)
		c.Lanes += len(p.Lanes)
		for _, n := range p.Nodes {
			switch {
			case n.Kind == bpmn.Boundary:
				c.Boundary++
			case n.Kind.Container():
				c.Subs++
			}
		}
	}
	return c
}

// miwgDir gives the directory of reference models: CHENGSHU_MIWG, else the shared part.
func miwgDir(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("CHENGSHU_MIWG"); dir != "" {
		return dir
	}
	shared := os.Getenv("CHENGSHU_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "shared")
	}
	dir := filepath.Join(shared, "conformance", "bpmn-miwg")
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CHENGSHU_CI") == "1" {
			t.Fatalf("BPMN MIWG: no reference models at %s", dir)
		}
		t.Skipf("BPMN MIWG: SKIPPED, no reference models at %s; set CHENGSHU_MIWG", dir)
	}
	return dir
}

func TestMIWG(t *testing.T) {
	t.Parallel()
	var files []string
	err := filepath.WalkDir(miwgDir(t), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) == ".bpmn" {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("BPMN MIWG: no .bpmn files")
	}
	read := 0
	for _, path := range files {
		if miwgFile(t, path) {
			read++
		}
	}
	t.Logf("BPMN MIWG: read %d of %d", read, len(files))
	if read != len(files) {
		t.Errorf("BPMN MIWG: %d files not read", len(files)-read)
	}
}

// miwgFile reads one file and tells whether it was read right.
func miwgFile(t *testing.T, path string) bool {
	t.Helper()
	base := filepath.Base(path)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := bpmn.Read(data)
	if err != nil {
		t.Errorf("%s: %v", base, err)
		return false
	}
	ok := bytes.Equal(m.Source, data)
	for _, p := range m.Problems {
		t.Errorf("%s: line %d %s %s: %s %v", base, p.Line, p.Type, p.ID, p.Code, p.Args)
		ok = false
	}
	got := count(m)
	unsupported := 0
	for _, p := range m.Processes {
		unsupported += len(p.Unsupported())
	}
	t.Logf("%-10s %-10s %+v, not executable %d", base, m.Encoding, got, unsupported)
	if want, known := golden[base[:len(base)-len(".bpmn")]]; known {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: counts (-want +got)\n%s", base, diff)
			ok = false
		}
	}
	return shapes(t, base, m) && ok
}

// shapes checks rule (d): every node a shape names keeps a shape, and only nodes inside a sub-process or in a model
// without diagram lack one.
func shapes(t *testing.T, base string, m *bpmn.Model) bool {
	t.Helper()
	drawn := map[string]bool{}
	for _, s := range m.Shapes {
		drawn[s.Element] = true
	}
	ok := true
	for _, p := range m.Processes {
		for _, n := range p.Nodes {
			if drawn[n.ID] != (n.Shape != nil) {
				t.Errorf("%s: node %s: drawn %v, shape kept %v", base, n.ID, drawn[n.ID], n.Shape != nil)
				ok = false
			}
		}
	}
	return ok
}
