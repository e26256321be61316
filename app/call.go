package app

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/gm"
	"chengshu/kernel/flow"
)

// Calls says which other systems processes may call (cs:service kind="call").
type Calls struct {
	Hosts   []string      // "host" or "host:port", called over TLS; "http://host:port" is called in the clear. Empty: none
	Key     []byte        // key of the HMAC-SM3 signature, shared with them; empty: requests are not signed
	Timeout time.Duration // of one call, 20 s when zero; below the lease of a job
}

// Headers of a call. The signature is the HMAC-SM3 (GB/T 15852.2, GB/T 32905) in hex over method, URL, idempotency key, date
// and body, each but the last followed by a line feed.
const (
	headerKey       = "Idempotency-Key"
	headerSignature = "Chengshu-Signature"

	maxAnswer = 1 << 20
)

// caller makes the calls of processes to other systems.
type caller struct {
	calls  Calls
	clock  clock.Clock
	client *http.Client
}

func newCaller(c Calls, clk clock.Clock) *caller {
	if c.Timeout <= 0 {
		c.Timeout = 20 * time.Second
	}
	return &caller{calls: c, clock: clk, client: &http.Client{
		Timeout:       c.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the list names hosts, not where they point to
	}}
}

// allowed parses the address of a call and refuses what the configuration does not list.
func (c *caller) allowed(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return nil, fault.New(fault.Invalid, "call.address", "address", address)
	}
	want := u.Host
	if u.Scheme == "http" {
		want = "http://" + u.Host
	} else if u.Scheme != "https" {
		return nil, fault.New(fault.Invalid, "call.address", "address", address)
	}
	if !slices.ContainsFunc(c.calls.Hosts, func(h string) bool { return strings.EqualFold(h, want) }) {
		return nil, fault.New(fault.Denied, "call.host", "host", u.Host)
	}
	return u, nil
}

// call is a flow.Caller: it posts the data of a job and gives the JSON of the answer.
func (c *caller) call(ctx context.Context, j flow.Job) (json.RawMessage, error) {
	u, err := c.allowed(j.Name)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(j.Data))
	if err != nil {
		return nil, fault.New(fault.Invalid, "call.address", "address", j.Name).With(err)
	}
	date := c.clock.Now().UTC().Format(http.TimeFormat)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Date", date)
	req.Header.Set(headerKey, j.ID)
	if len(c.calls.Key) > 0 {
		req.Header.Set(headerSignature, hex.EncodeToString(gm.MAC(c.calls.Key, signed(req.Method, u.String(), j.ID, date, j.Data))))
	}
	res, err := c.client.Do(req)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "call.failed", "host", u.Host).With(err)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return nil, fault.New(fault.Unavailable, "call.failed", "host", u.Host).With(err)
	}
	return judge(u.Host, res.StatusCode, body)
}

// signed is the text a signature is made of.
func signed(method, address, key, date string, body []byte) []byte {
	return append([]byte(method+"\n"+address+"\n"+key+"\n"+date+"\n"), body...)
}

// judge reads an answer. 422 with {"error":"CODE"} throws a BPMN error; 408, 425, 429 and 5xx may be better later; every
// other refusal will not.
func judge(host string, status int, body []byte) (json.RawMessage, error) {
	switch {
	case len(body) > maxAnswer:
		return nil, fault.New(fault.Invalid, "call.answer", "host", host, "status", status)
	case status >= 200 && status < 300:
		if len(body) > 0 && !json.Valid(body) {
			return nil, fault.New(fault.Invalid, "call.answer", "host", host, "status", status)
		}
		return body, nil
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests, status >= 500:
		return nil, fault.New(fault.Unavailable, "call.failed", "host", host, "status", status)
	case status == http.StatusUnprocessableEntity:
		var thrown struct {
			Error string `json:"error"`
		}
		if json.Unmarshal(body, &thrown) == nil && thrown.Error != "" {
			return nil, flow.Raise(thrown.Error)
		}
	}
	return nil, fault.New(fault.Invalid, "call.refused", "host", host, "status", status)
}
