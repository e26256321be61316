package markup_test

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"chengshu/base/fault"
	"chengshu/base/markup"
)

func options() markup.Options { return markup.Options{Bytes: 4096, Depth: 5, Elements: 50} }

// shape writes a tree as name[children]"text".
func shape(e *markup.Element) string {
	out := e.Name
	if len(e.Kids) > 0 {
		kids := make([]string, len(e.Kids))
		for i, k := range e.Kids {
			kids[i] = shape(k)
		}
		out += "[" + strings.Join(kids, " ") + "]"
	}
	if t := e.Text(); t != "" {
		out += `"` + t + `"`
	}
	return out
}

func TestRead(t *testing.T) {
	t.Parallel()
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(`<?xml version="1.0" encoding="GBK"?><a>案件</a>`)
	if err != nil {
		t.Fatal(err)
	}
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(`<?xml version="1.0" encoding="GBK"?><a>案件</a>`)
	if err != nil {
		t.Fatal(err)
	}
	drop := options()
	drop.Keep = func(n xml.Name) bool { return n.Space == "" }
	for name, c := range map[string]struct {
		in, tree, encoding string
		opt                markup.Options
	}{
		"nested":       {"<a>x<b>y</b> z<b/></a>", `a[b"y" b]"x z"`, "utf-8", options()},
		"marked":       {"\xef\xbb\xbf<a/>", "a", "utf-8", options()},
		"utf-16":       {utf16, `a"案件"`, "utf-16", options()},
		"gbk":          {gb, `a"案件"`, "gbk", options()},
		"latin-1":      {"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>caf\xe9</a>", `a"café"`, "iso-8859-1", options()},
		"not kept":     {`<a xmlns:x="urn:x"><x:b>no<c/></x:b>yes<c>c</c></a>`, `a[c"c"]"yes"`, "utf-8", drop},
		"root is kept": {`<a xmlns="urn:x"><b/></a>`, "a", "utf-8", drop},
		"entities":     {"<a>&lt;&amp;&#26696;</a>", `a"<&案"`, "utf-8", options()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root, encoding, err := markup.Read([]byte(c.in), c.opt)
			if err != nil {
				t.Fatal(err)
			}
			if got := shape(root); got != c.tree || encoding != c.encoding {
				t.Errorf("got %s in %s, want %s in %s", got, encoding, c.tree, c.encoding)
			}
		})
	}
}

func TestElement(t *testing.T) {
	t.Parallel()
	root, _, err := markup.Read([]byte(`<a xmlns="urn:a" xmlns:v="urn:vendor/1">
  <v:b>other</v:b>
  <b n="1" v:n="2" on="true" off=" 0 " odd="x"> one </b><b>two</b>
</a>`), options())
	if err != nil {
		t.Fatal(err)
	}
	b := root.Child("b")
	got := []any{
		len(root.Kids), len(root.All("b")), b.Text(), root.ChildText("b"), root.ChildText("c"), b.Attr("n"), b.AttrIn("vendor", "n"), b.AttrIn("other", "n"),
		b.Flag("on", false), b.Flag("off", true), b.Flag("odd", true), b.Flag("none", false), b.Line, root.Child("c") == nil,
	}
	want := []any{3, 2, "one", "one", "", "1", "2", "", true, false, true, false, 3, true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in, code string
		kind     fault.Kind
	}{
		"empty":          {"", "markup.empty", fault.Invalid},
		"prose":          {"hello", "markup.empty", fault.Invalid},
		"two roots":      {"<a/><a/>", "markup.roots", fault.Invalid},
		"doctype":        {"<!DOCTYPE a><a/>", "markup.doctype", fault.Invalid},
		"entities":       {`<!DOCTYPE a [<!ENTITY l "lol"><!ENTITY m "&l;&l;">]><a>&m;</a>`, "markup.doctype", fault.Invalid},
		"file":           {`<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>`, "markup.doctype", fault.Invalid},
		"unknown entity": {"<a>&b;</a>", "markup.xml", fault.Invalid},
		"cut off":        {"<a><b>", "markup.xml", fault.Invalid},
		"bytes":          {"<a>\xff</a>", "markup.xml", fault.Invalid},
		"charset":        {`<?xml version="1.0" encoding="EBCDIC"?><a/>`, "markup.encoding", fault.Invalid},
		"size":           {"<a>" + strings.Repeat(" ", 4096) + "</a>", "markup.size", fault.TooLarge},
		"depth":          {strings.Repeat("<a>", 6), "markup.depth", fault.TooLarge},
		"elements":       {"<a>" + strings.Repeat("<b/>", 50) + "</a>", "markup.elements", fault.TooLarge},
		"attributes":     {"<a " + strings.Repeat(`b="" `, 400) + "/>", "markup.elements", fault.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opt := options()
			for range 2 { // what is not kept counts too
				if _, _, err := markup.Read([]byte(c.in), opt); fault.CodeOf(err) != c.code || fault.KindOf(err) != c.kind {
					t.Errorf("got %v, want %s", err, c.code)
				}
				opt.Keep = func(xml.Name) bool { return false }
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"<a/>", "<a b='c'>x</a>", "<!DOCTYPE a><a/>", "\xff\xfe<\x00a\x00", "<?xml version='1.0' encoding='gbk'?><a>\xb0\xb8</a>"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		root, _, err := markup.Read(data, options())
		if err != nil {
			if root != nil || !strings.HasPrefix(fault.CodeOf(err), "markup.") {
				t.Errorf("got %v, %v", root, err)
			}
			return
		}
		deep := 0
		var walk func(e *markup.Element, depth int)
		walk = func(e *markup.Element, depth int) {
			deep = max(deep, depth)
			for _, k := range e.Kids {
				walk(k, depth+1)
			}
		}
		walk(root, 1)
		if deep > 5 {
			t.Errorf("depth %d", deep)
		}
	})
}
