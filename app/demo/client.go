package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"

	"chengshu/base/fault"
)

// client speaks to the public surface as one account, or as a visitor with an empty token.
type client struct {
	http *http.Client
	base string
}

// answers larger than this are not read to their end.
const mostAnswer = 8 << 20

// get reads JSON into out.
func (c *client) get(ctx context.Context, token, path string, out any) error {
	return c.call(ctx, http.MethodGet, token, path, nil, out)
}

// post sends JSON and reads the answer into out, which may be nil.
func (c *client) post(ctx context.Context, token, path string, in, out any) error {
	return c.call(ctx, http.MethodPost, token, path, in, out)
}

func (c *client) call(ctx context.Context, method, token, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return fault.Wrap("encode request", err)
		}
		body = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return fault.Wrap("make request", err)
	}
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return c.send(r, token, out)
}

func (c *client) send(r *http.Request, token string, out any) error {
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return fault.New(fault.Unavailable, "demo.http", "path", r.URL.Path).With(err)
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, mostAnswer))
	if err != nil {
		return fault.New(fault.Unavailable, "demo.http", "path", r.URL.Path).With(err)
	}
	if answer.StatusCode >= http.StatusBadRequest {
		var problem struct {
			Code   string `json:"code"`
			Errors []struct {
				Pointer string `json:"pointer"`
				Code    string `json:"code"`
			} `json:"errors"`
		}
		_ = json.Unmarshal(raw, &problem) // a page is no JSON; the status says enough
		f := fault.New(fault.Conflict, "demo.refused", "status", answer.StatusCode, "code", problem.Code, "path", r.URL.Path)
		for _, e := range problem.Errors {
			f.At(e.Pointer, e.Code)
		}
		return f
	}
	if out == nil || len(raw) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return fault.Wrap("decode answer", d.Decode(out))
}

// form sends a public form as a browser without scripts does.
func (c *client) form(ctx context.Context, path string, values map[string]string) error {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for k, v := range values {
		if err := w.WriteField(k, v); err != nil {
			return fault.Wrap("write form", err)
		}
	}
	if err := w.Close(); err != nil {
		return fault.Wrap("write form", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, &b)
	if err != nil {
		return fault.Wrap("make request", err)
	}
	r.Header.Set("Content-Type", w.FormDataContentType())
	return c.send(r, "", nil)
}

// flat gives the values of a record as a form has them: a place becomes three fields.
func flat(typ string, data map[string]any) map[string]string {
	out := map[string]string{"type": typ}
	for k, v := range data {
		switch x := v.(type) {
		case map[string]any:
			for part, y := range x {
				if y != nil {
					out[k+"_"+part] = fmt.Sprint(y)
				}
			}
		case []any:
		default:
			out[k] = fmt.Sprint(x)
		}
	}
	return out
}

// file uploads a file and gives what refers to it.
func (c *client) file(ctx context.Context, token, name string, content []byte) (map[string]any, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("file", name)
	if err != nil {
		return nil, fault.Wrap("write form", err)
	}
	if _, err := part.Write(content); err != nil {
		return nil, fault.Wrap("write form", err)
	}
	if err := w.Close(); err != nil {
		return nil, fault.Wrap("write form", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/api/v1/files", &b)
	if err != nil {
		return nil, fault.Wrap("make request", err)
	}
	r.Header.Set("Content-Type", w.FormDataContentType())
	out := map[string]any{}
	err = c.send(r, token, &out)
	return map[string]any{"id": out["id"]}, err
}
