package open311_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"chengshu/app/open311"
	"chengshu/base/fault"
)

func asFault(err error, f **fault.Error) bool { return errors.As(err, f) }

const laughs = `<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;">]>
<services><service><service_code>&lol2;</service_code></service></services>`

// TestHostile: what is hostile or broken is refused as a whole, with its file and line.
func TestHostile(t *testing.T) {
	t.Parallel()
	small := open311.Limits{Bytes: 4096, Depth: 6, Elements: 20}
	many := strings.Repeat("<request/>", 30)
	for name, tc := range map[string]struct {
		text, code string
		line       int
	}{
		"document type":      {laughs, "open311.doctype", 2},
		"external entity":    {"<?xml version=\"1.0\"?>\n\n<!DOCTYPE s SYSTEM \"file:///etc/passwd\">\n<services/>", "open311.doctype", 3},
		"unknown entity":     {"<services>\n<service>&x;</service></services>", "open311.xml", 2},
		"too large":          {"<services>" + strings.Repeat(" ", 5000) + "</services>", "open311.size", 0},
		"too deep":           {"<services>\n" + strings.Repeat("<a>", 10), "open311.depth", 2},
		"too deep json":      {"[[[\n[[[[[[[[", "open311.depth", 2},
		"too many":           {"<service_requests>\n" + many + "</service_requests>", "open311.elements", 2},
		"too many json":      {"[\n" + strings.Repeat("1,", 40) + "1]", "open311.elements", 2},
		"encoding declared":  {"<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><services/>", "open311.encoding", 1},
		"encoding wrong":     {"<services>\n\xff\xfe</services>", "open311.encoding", 2},
		"utf-16":             {"\xff\xfe<\x00s\x00", "open311.encoding", 1},
		"unknown root":       {"\n<html><body/></html>", "open311.root", 2},
		"prose":              {"It works!", "open311.xml", 1},
		"empty":              {"", "open311.xml", 1},
		"unclosed":           {"<services>\n<service>\n", "open311.xml", 3},
		"crossed":            {"<services>\n<service></services>\n</service>", "open311.xml", 2},
		"second root":        {"<services/>\n<services/>", "open311.xml", 2},
		"text after":         {"<services/>\nmore", "open311.xml", 1},
		"text between":       {"<services>text</services>", "open311.xml", 1},
		"json torn":          {"[{\n\"service_code\": \"1\",", "open311.json", 2},
		"json twice":         {"[]\n[]", "open311.json", 2},
		"json wrong":         {"[1]", "open311.root", 1},
		"json other":         {"{\"name\":\n\"x\"}", "open311.root", 1},
		"json error":         {`[{"code":403,"description":"jurisdiction_id is missing"}]`, "open311.error", 1},
		"json wrapped error": {`{"errors":[{"code":404,"description":"gone"}]}`, "open311.error", 1},
		"json plain error":   {`{"error":"gone"}`, "open311.error", 1},
		"json definition":    {`[{"service_code":"1","attributes":[]}]`, "open311.root", 1},
		"head only":          {"HTTP/1.1 500 Oops\r\n", "open311.xml", 2},
	} {
		d, err := open311.Read("f.xml", strings.NewReader(tc.text), small)
		a := args(err)
		if d != nil || fault.CodeOf(err) != tc.code || a["file"] != "f.xml" || tc.line > 0 && a["line"] != tc.line {
			t.Errorf("%s: got %v %v, want %s at line %d", name, err, a, tc.code, tc.line)
		}
	}
}

// TestTolerant: harmless differences between servers.
func TestTolerant(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"byte order mark": "\ufeff<service_requests><request><status>open</status></request></service_requests>",
		"prefix":          `<o:service_requests xmlns:o="x"><o:request a="1"><o:status>open</o:status></o:request></o:service_requests>`,
		"cdata":           "<service_requests><request><status><![CDATA[open]]></status><!-- c --></request></service_requests>",
		"wrapped":         `{"service_requests":[{"status":"open","lat":null,"extended":{"a":[1]}}]}`,
		"one object":      `{"status":"open"}`,
		"raw answer":      "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n[{\"status\":\" open \"}]",
	} {
		d, err := open311.Read("f", strings.NewReader(text), open311.DefaultLimits())
		if err != nil || len(d.Requests) != 1 || d.Requests[0].Values["status"] != "open" || len(d.Requests[0].Values) != 1 {
			t.Errorf("%s: got %+v, %v", name, d, err)
		}
	}
	d, err := open311.Read("f", strings.NewReader(`[{"service_request_id":12,"status":"open","lat":37.5,"long":-1e2,"agency_responsible":true}]`), open311.DefaultLimits())
	if err != nil || d.Requests[0].Values["service_request_id"] != "12" || d.Requests[0].Values["long"] != "-1e2" || d.Requests[0].Values["agency_responsible"] != "true" {
		t.Errorf("numbers: %+v, %v", d, err)
	}
}

// FuzzRead: nothing that is read makes it panic, and what it takes stays within the limits.
func FuzzRead(f *testing.F) {
	for _, s := range []string{laughs, "<services><service><service_code>1</service_code></service></services>", `[{"service_code":"1"}]`, "HTTP/1.1 200\n\n[]", `{"errors":[]}`} {
		f.Add([]byte(s))
	}
	limits := open311.Limits{Bytes: 1 << 16, Depth: 8, Elements: 500}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := open311.Read("f", bytes.NewReader(text), limits)
		if (d == nil) == (err == nil) {
			t.Fatal("neither or both")
		}
		if err != nil && fault.KindOf(err) == fault.Internal {
			t.Fatal(err)
		}
		if d != nil && len(d.Services)+len(d.Requests) > limits.Elements {
			t.Fatal("more than the limit")
		}
	})
}
