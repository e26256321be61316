package schema_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/tools/txtar"

	"chengshu/kernel/schema"
)

// FuzzParseType: no text makes the parser or the check panic, and a declaration that passes gives a usable type.
func FuzzParseType(f *testing.F) {
	for _, name := range []string{"mistakes_parse", "mistakes_check"} {
		src, err := os.ReadFile(filepath.Join("testdata", name+".txtar"))
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range txtar.Parse(src).Files {
			if strings.HasSuffix(file.Name, ".yaml") {
				f.Add(file.Data)
			}
		}
	}
	f.Add([]byte("record: p.x\nfields: {a: {type: rows, fields: {b: {type: place}}}, c: {type: computed, as: text, compute: a[1].b.grid}}\n"))
	f.Add([]byte("record: p.x\nfields: &f {a: {type: text}}\ncommands: {go: {input: *f, set: {a: input.a}}}\n"))
	f.Add([]byte("overlay: p.x\nchange: {a: {grade: 4}}\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		d := schema.NewDraft()
		d.ParseType("p", "x.yaml", src)
		set, err := d.Freeze()
		if err != nil {
			return
		}
		for _, typ := range set.Types() {
			for _, field := range typ.FieldList {
				if _, err := json.Marshal(field.Describe()); err != nil {
					t.Errorf("%s: %v", field.Name, err)
				}
				_, _ = field.Columns(), field.JSONSchema()
			}
		}
	})
}

func FuzzParseCodes(f *testing.F) {
	f.Add([]byte(codes))
	f.Add([]byte("\xef\xbb\xbfcode,name\n1,a\n"))
	f.Add([]byte("code,name,parent\n1,a,2\n2,b,1\n"))
	f.Add([]byte("code,name\n\"1\n"))
	f.Fuzz(func(_ *testing.T, src []byte) {
		d := schema.NewDraft()
		d.ParseCodes("p", "x", "x.csv", src)
		set, err := d.Freeze()
		if err != nil {
			return
		}
		for _, e := range set.Codes("p.x").Entries {
			_ = e.Context()
		}
	})
}

// xss are the tricks that got past sanitizers of others.
var xss = []string{
	`<script>alert(1)</script>`, `<SCRIPT SRC=//x></SCRIPT>`, `<scr<script>ipt>alert(1)</scr</script>ipt>`,
	`<img src=x onerror=alert(1)>`, `<img src="/files/a" onerror="alert(1)">`, `<svg/onload=alert(1)>`, `<svg><script>alert(1)</script></svg>`,
	`<math><mi//xlink:href="data:x,<script>alert(1)</script>">`, `<iframe srcdoc="<script>alert(1)</script>">`, `<object data=data:text/html,x>`,
	`<a href="javascript:alert(1)">x</a>`, `<a href="jAvAsCrIpT&colon;alert(1)">x</a>`, "<a href=\"java\tscript:alert(1)\">x</a>", `<a href=" &#14; javascript:alert(1)">x</a>`,
	`<a href="data:text/html,<script>alert(1)</script>">x</a>`, `<a href="//evil.example">x</a>`, `<a href="/\evil.example">x</a>`, `<a href="vbscript:x">x</a>`,
	`<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>`, `<textarea><img src=x onerror=alert(1)></textarea>`, `<title><script>x</script></title>`,
	`<xmp><script>alert(1)</script></xmp>`, `<plaintext><script>alert(1)`, `<style>@import "//x"</style>`, `<p style="background:url(javascript:x)">x</p>`,
	`<table background="javascript:x"><tr><td onclick=x>1</td></tr></table>`, `<form action=//x><button formaction=javascript:x>`, `<base href=//x>`, `<meta http-equiv=refresh content="0;url=//x">`,
	`<link rel=stylesheet href=//x>`, `<!--[if IE]><script>x</script><![endif]-->`, `<!--><script>alert(1)</script>-->`, `<![CDATA[<script>alert(1)</script>]]>`,
	`<p/onclick=alert(1)>x`, `<img """><script>alert(1)</script>">`, `<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>`, `<template><script>x</script></template>`,
	`<svg><style><img src=x onerror=alert(1)></style></svg>`, `<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>`, `<select><script>x</script></select>`,
	`<img src="/files/../../api/v1/session">`, `<img src="https://x/y.png">`, `<td colspan="1 onclick=x">`, `<a href="https://x" onmouseover=x target=_blank>y</a>`, `</script><script>x`, `<svg><p>x</svg><script>y</script>`,
}

func TestRichtextCorpus(t *testing.T) {
	t.Parallel()
	for _, src := range xss {
		checkClean(t, src)
	}
}

func FuzzRichtext(f *testing.F) {
	for _, src := range xss {
		f.Add(src)
	}
	f.Fuzz(checkClean)
}

// checkClean sanitizes and then reads the result as a browser does: a tree with allowed elements and attributes only.
func checkClean(t *testing.T, src string) {
	t.Helper()
	body := freeze(t, "  body: {type: richtext}\n").Field("body")
	v, bad := body.Parse(src)
	if bad != nil || v == nil {
		return
	}
	clean, ok := v.(string)
	if !ok {
		t.Fatalf("%q gives %T", src, v)
	}
	if again, bad := body.Parse(clean); bad != nil && bad.Code != "field.long" || bad == nil && !reflect.DeepEqual(again, v) {
		t.Errorf("%q: %q is not stable: %q %v", src, clean, again, bad)
	}
	context := &html.Node{Type: html.ElementNode, DataAtom: atom.Div, Data: "div"}
	nodes, err := html.ParseFragment(strings.NewReader(clean), context)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		checkNode(t, src, clean, n)
	}
}

func checkNode(t *testing.T, src, clean string, n *html.Node) {
	t.Helper()
	const elements = " p br h2 h3 h4 ul ol li strong em u s blockquote a img table thead tbody tr th td hr sup sub "
	switch n.Type {
	case html.ElementNode:
		if !strings.Contains(elements, " "+n.Data+" ") || n.Namespace != "" {
			t.Errorf("%q leaves <%s> in %q", src, n.Data, clean)
		}
	case html.TextNode:
	default:
		t.Errorf("%q leaves a node of type %d in %q", src, n.Type, clean)
	}
	for _, a := range n.Attr {
		ok := false
		switch n.Data + " " + a.Key {
		case "a href":
			ok = strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "http") || strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "mailto:") ||
				strings.HasPrefix(strings.TrimSpace(a.Val), "/") && !strings.ContainsAny(a.Val[1:min(2, len(a.Val))], `/\`)
		case "img src":
			ok = strings.HasPrefix(strings.TrimSpace(a.Val), "/files/") && !strings.Contains(a.Val, "..")
		case "img alt", "td colspan", "td rowspan", "th colspan", "th rowspan":
			ok = true
		}
		if !ok {
			t.Errorf("%q leaves <%s %s=%q> in %q", src, n.Data, a.Key, a.Val, clean)
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		checkNode(t, src, clean, c)
	}
}
