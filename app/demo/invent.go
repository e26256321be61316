package demo

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"chengshu/base/clock"
)

// typeInfo is what a type's declaration says of its fields.
type typeInfo struct {
	Fields []fieldInfo
}

type fieldInfo struct {
	Name    string
	Type    string
	Of      string
	Max     int
	Low     string
	High    string
	Leaf    bool
	Choices []struct{ ID string }
}

// declared reads the declaration of a type as an account sees it.
func (s *Simulator) declared(ctx context.Context, a Account, typ string) (*typeInfo, error) {
	if t := s.types[typ]; t != nil {
		return t, nil
	}
	t := &typeInfo{}
	if err := s.api.get(ctx, a.Token, "/api/v1/types/"+typ, t); err != nil {
		return nil, err
	}
	s.types[typ] = t
	return t, nil
}

// invent gives a value that a field may have, from its declaration alone; nil where none can be made up.
func (s *Simulator) invent(ctx context.Context, a Account, typ, name, words string) (any, error) {
	t, err := s.declared(ctx, a, typ)
	if err != nil {
		return nil, err
	}
	for _, f := range t.Fields {
		if f.Name == name {
			return s.inventField(ctx, a, f, words)
		}
	}
	return nil, nil
}

func (s *Simulator) inventField(ctx context.Context, a Account, f fieldInfo, words string) (any, error) {
	today := clock.DateOf(s.Clock.Now())
	switch f.Type {
	case "text", "longtext", "richtext":
		return clipped(words, f.Max), nil
	case "integer":
		return s.number(f, 0), nil
	case "decimal", "money":
		return s.number(f, 1), nil
	case "boolean":
		return s.rand.IntN(2) == 0, nil
	case "date":
		return (today + clock.Date(1+s.rand.IntN(20))).String(), nil
	case "datetime":
		return s.Clock.Now().Format(time.RFC3339), nil
	case "period":
		return map[string]any{"from": today.String(), "to": (today + 365).String()}, nil
	case "choice":
		if len(f.Choices) == 0 {
			return nil, nil
		}
		return f.Choices[s.rand.IntN(len(f.Choices))].ID, nil
	case "phone":
		return fmt.Sprintf("139%08d", s.rand.IntN(100_000_000)), nil
	case "email":
		return "nobody@example.org", nil
	case "url":
		return "https://example.org/", nil
	case "json":
		return map[string]any{}, nil
	case "code", "org", "person", "area", "ref", "refs":
		return s.listed(ctx, a, f)
	case "image", "file", "images", "files":
		return s.upload(ctx, a, f)
	}
	return nil, nil
}

func clipped(words string, most int) string {
	r := []rune(words)
	if most > 0 && len(r) > most {
		r = r[:most]
	}
	return string(r)
}

func (s *Simulator) number(f fieldInfo, scale int) string {
	low, err := strconv.ParseFloat(f.Low, 64)
	if err != nil {
		low = 1
	}
	high, err := strconv.ParseFloat(f.High, 64)
	if err != nil || high > low+100 {
		high = low + 100
	}
	return strconv.FormatFloat(low+s.rand.Float64()*(high-low), 'f', scale, 64)
}

// listed draws from what the server offers for a field.
func (s *Simulator) listed(ctx context.Context, a Account, f fieldInfo) (any, error) {
	path, key := map[string]string{
		"code": "/api/v1/codes/" + url.PathEscape(f.Of), "org": "/api/v1/orgs", "person": "/api/v1/people", "area": "/api/v1/areas",
		"ref": "/api/v1/records/" + url.PathEscape(f.Of), "refs": "/api/v1/records/" + url.PathEscape(f.Of),
	}[f.Type], map[string]string{"code": "code", "org": "path", "area": "path"}[f.Type]
	if key == "" {
		key = "id"
	}
	var page struct{ Items []map[string]any }
	if err := s.api.get(ctx, a.Token, path, &page); err != nil {
		return nil, err
	}
	var fit []any
	for _, x := range page.Items {
		if leaf, ok := x["leaf"].(bool); !ok || leaf || !f.Leaf {
			fit = append(fit, x[key])
		}
	}
	if len(fit) == 0 {
		return nil, nil
	}
	x := fit[s.rand.IntN(len(fit))]
	if f.Type == "refs" {
		return []any{x}, nil
	}
	return x, nil
}

// pixel is the smallest PNG.
const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

func (s *Simulator) upload(ctx context.Context, a Account, f fieldInfo) (any, error) {
	raw, err := base64.StdEncoding.DecodeString(pixel)
	if err != nil {
		return nil, err
	}
	file, err := s.api.file(ctx, a.Token, "photo.png", raw)
	if err != nil {
		return nil, err
	}
	if f.Type == "image" || f.Type == "file" {
		return file, nil
	}
	return []any{file}, nil
}
