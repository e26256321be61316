package arch_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

type listed struct {
	ImportPath string
	Dir        string
	Imports    []string
	GoFiles    []string
}

// packages lists the module's packages as the go command sees them.
func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,GoFiles", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	d := json.NewDecoder(bytes.NewReader(out))
	for d.More() {
		var p listed
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 10 {
		t.Fatalf("only %d packages found", len(all))
	}
	return all
}

// layer orders the layers; a package may import its own layer and those below.
func layer(path string) int {
	for i, prefix := range []string{"chengshu/base/", "chengshu/kernel/", "chengshu/server", "chengshu/app", "chengshu/cmd/"} {
		if strings.HasPrefix(path, prefix) {
			return i
		}
	}
	return -1 // web, packs, internal: leaves
}

func TestImportsPointDown(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		from := layer(p.ImportPath)
		for _, imp := range p.Imports {
			if to := layer(imp); from >= 0 && to > from {
				t.Errorf("%s imports %s: imports point down only", p.ImportPath, imp)
			}
		}
	}
}

func TestKernelEdges(t *testing.T) {
	t.Parallel()
	file, err := os.Open("edges.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	allowed := map[string]bool{}
	for sc := bufio.NewScanner(file); sc.Scan(); {
		if line := strings.TrimSpace(sc.Text()); line != "" && !strings.HasPrefix(line, "#") {
			allowed[line] = true
		}
	}
	used := map[string]bool{}
	graph := map[string][]string{}
	for _, p := range packages(t) {
		if !strings.HasPrefix(p.ImportPath, "chengshu/kernel/") {
			continue
		}
		for _, imp := range p.Imports {
			if !strings.HasPrefix(imp, "chengshu/kernel/") {
				continue
			}
			from, to := strings.TrimPrefix(p.ImportPath, "chengshu/kernel/"), strings.TrimPrefix(imp, "chengshu/kernel/")
			edge := from + " -> " + to
			used[edge] = true
			graph[from] = append(graph[from], to)
			if !allowed[edge] {
				t.Errorf("edge %q is not listed in edges.txt", edge)
			}
		}
	}
	for edge := range allowed {
		if !used[edge] {
			t.Errorf("edge %q is listed and not used", edge)
		}
	}
	checkCycles(t, graph)
}

func checkCycles(t *testing.T, graph map[string][]string) {
	t.Helper()
	state := map[string]int{}
	var visit func(n string, path []string)
	visit = func(n string, path []string) {
		switch state[n] {
		case 1:
			t.Errorf("cycle: %v", append(path, n))
		case 0:
			state[n] = 1
			for _, m := range graph[n] {
				visit(m, append(path, n))
			}
			state[n] = 2
		}
	}
	for n := range graph {
		visit(n, nil)
	}
}

func TestPackagesAreDocumented(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		docs := 0
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.ParseComments|parser.PackageClauseOnly)
			if err != nil {
				t.Fatal(err)
			}
			if f.Doc != nil {
				docs++
			}
		}
		if docs != 1 && len(p.GoFiles) > 0 {
			t.Errorf("%s has %d package comments, want 1", p.ImportPath, docs)
		}
	}
}

func TestFilesAndFunctionsStaySmall(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			path := filepath.Join(p.Dir, name)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(text, []byte("\n")); n > 500 {
				t.Errorf("%s has %d lines, want at most 500", path, n)
			}
			checkFunctions(t, path, text)
		}
	}
}

func checkFunctions(t *testing.T, path string, text []byte) {
	t.Helper()
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, path, text, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if fn.Name.Name == "init" && fn.Recv == nil {
			t.Errorf("%s: init()", set.Position(fn.Pos()))
		}
		if n := set.Position(fn.End()).Line - set.Position(fn.Pos()).Line; n > 80 {
			t.Errorf("%s: %s has %d lines, want at most 80", set.Position(fn.Pos()), fn.Name.Name, n)
		}
	}
}

func TestNoGoPackageNamesAPack(t *testing.T) {
	t.Parallel()
	packDirs, err := filepath.Glob("../../packs/*/pack.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range packDirs {
		names = append(names, filepath.Base(filepath.Dir(d)))
	}
	sort.Strings(names)
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			path := filepath.Join(p.Dir, name)
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				lit, ok := n.(*ast.BasicLit)
				if !ok || lit.Kind != token.STRING {
					return true
				}
				for _, pack := range names {
					if v := strings.Trim(lit.Value, "\"`"); strings.HasPrefix(v, pack+".") && !strings.ContainsAny(v, " /") {
						t.Errorf("%s names the pack %q: %s", path, pack, lit.Value)
					}
				}
				return true
			})
		}
	}
}
