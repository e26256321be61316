package schema

import (
	"strings"

	"golang.org/x/net/html"

	"chengshu/base/fault"
)

// richtextKind is HTML from the editor of articles; max 200,000 runes. Only a closed list of elements and attributes
// passes; everything else is dropped with its content when it is script or style, and unwrapped otherwise.
type richtextKind struct{ plain }

func (richtextKind) columns(f *Field) []Column { return []Column{{Name: f.Name, Type: "TEXT"}} }

func (richtextKind) parse(f *Field, v any) (any, *fault.Field) {
	s, bad := parseText(f, v, 200_000, true)
	if bad != nil || s == nil {
		return nil, bad
	}
	clean := strings.TrimSpace(strings.Map(printable, sanitize(asString(s))))
	if clean == "" {
		return nil, nil
	}
	return clean, nil
}

func (richtextKind) schema(f *Field) map[string]any {
	return map[string]any{"type": "string", "maxLength": limit(f, 200_000), "contentMediaType": "text/html"}
}

// printable drops the control characters that numeric entities smuggle past the check of the text.
func printable(r rune) rune {
	if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
		return -1
	}
	return r
}

// sanitize keeps the elements of plain articles. Links keep http, https, mailto and relative targets; images keep
// targets below /files/ only, so that no page requests another origin.
func sanitize(src string) string {
	allowed := map[string]bool{
		"p": true, "br": true, "h2": true, "h3": true, "h4": true, "ul": true, "ol": true, "li": true,
		"strong": true, "em": true, "u": true, "s": true, "blockquote": true, "a": true, "img": true,
		"table": true, "thead": true, "tbody": true, "tr": true, "th": true, "td": true, "hr": true, "sup": true, "sub": true,
	}
	var out strings.Builder
	z := html.NewTokenizer(strings.NewReader(src))
	skip := 0
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return out.String()
		}
		tok := z.Token()
		hidden := tok.Data == "script" || tok.Data == "style" || tok.Data == "iframe" || tok.Data == "object" || tok.Data == "svg"
		switch {
		case hidden && kind == html.StartTagToken:
			skip++
		case hidden && kind == html.EndTagToken && skip > 0:
			skip--
		case skip > 0 || kind == html.CommentToken || kind == html.DoctypeToken:
		case kind == html.TextToken:
			out.WriteString(html.EscapeString(tok.Data))
		case allowed[tok.Data]:
			tok.Attr = safeAttributes(tok.Data, tok.Attr)
			out.WriteString(tok.String())
		}
	}
}

func safeAttributes(element string, attrs []html.Attribute) []html.Attribute {
	var out []html.Attribute
	for _, a := range attrs {
		v := strings.ToLower(strings.TrimSpace(a.Val))
		relative := strings.HasPrefix(v, "/") && !strings.HasPrefix(v, "//") && !strings.ContainsAny(v, "\\\t\r\n") // browsers read "/\" as "//"
		web := strings.HasPrefix(v, "https://") || strings.HasPrefix(v, "http://") || strings.HasPrefix(v, "mailto:")
		switch {
		case element == "a" && a.Key == "href" && (relative || web),
			element == "img" && a.Key == "src" && isFileTarget(v),
			element == "img" && a.Key == "alt",
			a.Key == "colspan" || a.Key == "rowspan":
			out = append(out, a)
		}
	}
	return out
}

// isFileTarget accepts "/files/<id>" alone: no path that climbs out of it, no query.
func isFileTarget(v string) bool {
	id, ok := strings.CutPrefix(v, "/files/")
	return ok && id != "" && strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyz-") == ""
}
