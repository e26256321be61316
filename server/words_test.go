package server_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"chengshu/kernel/flow"
	"chengshu/kernel/journal"
	"chengshu/server"
)

// TestWords holds every code of a fault that stands in the source, every notice and every step of a process to having
// words in Chinese. A code without words would reach a person as "record.stale".
func TestWords(t *testing.T) {
	t.Parallel()
	words, err := server.Words()
	if err != nil {
		t.Fatal(err)
	}
	need := map[string]string{}
	for code, at := range sourceCodes(t) {
		need["fault."+code] = at
	}
	for _, kind := range []string{"opened", "urged", "warn", "yellow", "red", "cancelled", "answered", "overrun", "command", "incident"} {
		need["notice."+kind] = "kernel/flow"
	}
	for _, kind := range []string{
		journal.FindEntry, journal.FindLeaf, journal.FindGap, journal.FindTail, journal.FindNode, journal.FindCheckpoint, journal.FindFork,
	} {
		need["journal.finding."+kind] = "kernel/journal"
	}
	for _, op := range []string{
		"start", "timer", "message", "signal", "condition", "job", "migrate", "follow", "warn", "yellow", "red", flow.Claim, flow.Release, flow.Complete, flow.Return, flow.Withdraw, flow.Transfer,
		flow.Delegate, flow.Consult, flow.Copy, flow.Add, flow.Remove, flow.Urge, flow.Pause, flow.Resume, flow.Suspend, flow.Activate, flow.Extend,
		flow.Due, flow.Cancel, flow.Jump, flow.Retry, flow.Skip, flow.Resolve, flow.Supervise, flow.Appeal,
	} {
		need["flow.op."+op] = "kernel/flow"
	}
	for _, layer := range []string{"county", "town", "village", "grid"} {
		need["layer."+layer] = "server/places.go"
	}
	for _, kind := range []string{flow.KindNode, flow.KindConsult, flow.KindCopy, flow.KindExtend, flow.KindSupervise, flow.KindAppeal} {
		need["flow.kind."+kind] = "kernel/flow"
	}
	for _, state := range []string{flow.Running, flow.Suspended, flow.Finished, flow.Cancelled} {
		need["flow.state."+state] = "kernel/flow"
	}
	for _, kind := range []string{flow.Statutory, flow.Promised, flow.StepKind} {
		need["flow.clock."+kind] = "kernel/flow"
	}
	if len(need) < 300 {
		t.Fatalf("only %d keys found in the source: the search is broken", len(need))
	}
	keys := make([]string, 0, len(need))
	for k := range need {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		switch w, ok := words[k]; {
		case !ok:
			t.Errorf("%s has no words (%s)", k, need[k])
		case !strings.ContainsFunc(w, func(r rune) bool { return unicode.Is(unicode.Han, r) }):
			t.Errorf("%s: %q is not Chinese", k, w)
		}
	}
}

// codeParameter finds, for each function with a parameter named "code", where that parameter stands: fault.New, At,
// Problems.Add and the small helpers that packages make for themselves.
func codeParameter(list *ast.FieldList) (int, bool) {
	n := 0
	for _, p := range list.List {
		for _, name := range p.Names {
			if id, ok := p.Type.(*ast.Ident); ok && name.Name == "code" && id.Name == "string" {
				return n, true
			}
			n++
		}
	}
	return 0, false
}

// sourceCodes gives every code literal of the non-test source with the place it stands at.
func sourceCodes(t *testing.T) map[string]string {
	t.Helper()
	set := token.NewFileSet()
	byPackage := map[string][]*ast.File{}
	for _, top := range []string{"base", "kernel", "server", "app", "cmd"} {
		err := filepath.WalkDir(filepath.Join("..", top), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			f, err := parser.ParseFile(set, path, text, 0)
			if err != nil {
				return err
			}
			byPackage[filepath.Dir(path)] = append(byPackage[filepath.Dir(path)], f)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	exported := map[string]int{}
	for _, files := range byPackage {
		for name, at := range codeFunctions(files) {
			if ast.IsExported(name) {
				exported[name] = at
			}
		}
	}
	out := map[string]string{}
	for _, files := range byPackage {
		own := codeFunctions(files)
		for _, f := range files {
			ast.Inspect(f, func(n ast.Node) bool {
				for _, lit := range codesAt(n, own, exported) {
					if code, ok := asCode(lit); ok {
						out[code] = set.Position(lit.Pos()).String()
					}
				}
				return true
			})
		}
	}
	return out
}

// codeFunctions gives the functions of a package, closures in variables too, that take a code.
func codeFunctions(files []*ast.File) map[string]int {
	out := map[string]int{}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.FuncDecl:
				if at, ok := codeParameter(x.Type.Params); ok {
					out[x.Name.Name] = at
				}
			case *ast.AssignStmt:
				for i, right := range x.Rhs {
					if lit, ok := right.(*ast.FuncLit); ok && i < len(x.Lhs) {
						if at, ok := codeParameter(lit.Type.Params); ok {
							if id, ok := x.Lhs[i].(*ast.Ident); ok {
								out[id.Name] = at
							}
						}
					}
				}
			}
			return true
		})
	}
	return out
}

// codesAt gives the literals in a node that are codes: arguments of functions that take one, and members Code or Key of
// literals.
func codesAt(n ast.Node, own, exported map[string]int) []*ast.BasicLit {
	var exprs []ast.Expr
	switch x := n.(type) {
	case *ast.CallExpr:
		at, ok := 0, false
		switch fun := x.Fun.(type) {
		case *ast.Ident:
			at, ok = own[fun.Name]
		case *ast.SelectorExpr:
			if at, ok = own[fun.Sel.Name]; !ok {
				at, ok = exported[fun.Sel.Name]
			}
		}
		if ok && at < len(x.Args) {
			exprs = append(exprs, x.Args[at])
		}
	case *ast.KeyValueExpr:
		if id, ok := x.Key.(*ast.Ident); ok && id.Name == "Code" {
			exprs = append(exprs, x.Value)
		}
	}
	var out []*ast.BasicLit
	for _, e := range exprs {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			out = append(out, lit)
		}
	}
	return out
}

func asCode(lit *ast.BasicLit) (string, bool) {
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil && regexp.MustCompile(`^[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)+$`).MatchString(s)
}
