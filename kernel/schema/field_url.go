package schema

import (
	"net/url"
	"strings"

	"chengshu/base/fault"
)

// urlKind is an absolute http or https address.
type urlKind struct{ plain }

func (urlKind) parse(f *Field, v any) (any, *fault.Field) {
	s, ok := v.(string)
	if !ok {
		return nil, wrong(f, "field.url")
	}
	s = strings.TrimSpace(s)
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || len(s) > 2000 {
		return nil, wrong(f, "field.url")
	}
	return s, nil
}

func (urlKind) schema(*Field) map[string]any {
	return map[string]any{"type": "string", "format": "uri"}
}
