package open311

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"chengshu/base/fault"
)

// Fetcher gets documents from files and addresses.
type Fetcher struct {
	Limits  Limits
	Private bool          // addresses of this machine and of private networks are allowed
	Timeout time.Duration // of a whole request; 0 for one minute
}

// mostRedirects within the same host.
const mostRedirects = 3

// errPrivate is what the dialler gives for an address that is not allowed.
var errPrivate = errors.New("private address")

// IsURL tells whether a source is an address rather than a file.
func IsURL(source string) bool { return strings.Contains(source, "://") }

// Open reads the document of a file or of an http or https address. Beside the faults of Read: NotFound "file.unknown"; for
// addresses Invalid "import.url", Denied "import.url.host" for one of this machine or a private network, also where a name
// resolves to one, Denied "import.url.redirect" to another host, Unavailable "import.url.failed", Conflict
// "import.url.status" unless the answer is a document that tells more.
func (f Fetcher) Open(ctx context.Context, source string) (*Document, error) {
	if IsURL(source) {
		return f.get(ctx, source)
	}
	file, err := os.Open(source)
	if err != nil {
		return nil, fault.New(fault.NotFound, "file.unknown", "id", source).With(err)
	}
	defer func() { _ = file.Close() }()
	return Read(source, file, f.Limits)
}

func (f Fetcher) get(ctx context.Context, source string) (*Document, error) {
	u, err := url.Parse(source)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Host == "" {
		return nil, fault.New(fault.Invalid, "import.url", "url", shown(source))
	}
	if f.Timeout == 0 {
		f.Timeout = time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, f.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fault.New(fault.Invalid, "import.url", "url", shown(source)).With(err)
	}
	req.Header.Set("Accept", "application/xml, text/xml, application/json;q=0.9, */*;q=0.1")
	client := &http.Client{Transport: f.transport(), CheckRedirect: sameHost}
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		return nil, failed(shown(source), u.Hostname(), err)
	}
	defer func() { _ = res.Body.Close() }()
	// The type the server names is not asked: many call their XML text/html. What is read is told by its first character.
	text, err := io.ReadAll(io.LimitReader(res.Body, f.Limits.Bytes+1))
	if err != nil {
		return nil, failed(shown(source), u.Hostname(), err)
	}
	d, err := Read(shown(source), bytes.NewReader(text), f.Limits)
	if res.StatusCode != http.StatusOK && fault.CodeOf(err) != "open311.error" {
		return nil, fault.New(fault.Conflict, "import.url.status", "url", shown(source), "status", res.StatusCode)
	}
	return d, err
}

// transport dials allowed addresses only. The check is on the address that is dialled, so that no name can resolve to
// another one afterwards; a proxy would dial for us, so there is none.
func (f Fetcher) transport() *http.Transport {
	d := &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !f.Private && !public(at.Addr().Unmap()) {
			return errPrivate
		}
		return nil
	}}
	return &http.Transport{DialContext: d.DialContext, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 30 * time.Second}
}

// public tells whether an address may be anywhere but on this machine and in networks that are nobody's or one's own:
// RFC 1918, 4193, 6598 (carriers), 3927 and 4291 (link), 2544 (benches), 6052 (translation to any of these), multicast.
func public(a netip.Addr) bool {
	for _, p := range [...]string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16"} {
		if netip.MustParsePrefix(p).Contains(a) {
			return false
		}
	}
	return a.IsGlobalUnicast() && !a.IsPrivate() && !a.IsLoopback()
}

// sameHost lets a request be sent on within its host, never from https to http.
func sameHost(req *http.Request, via []*http.Request) error {
	first := via[0].URL
	if len(via) > mostRedirects || req.URL.Host != first.Host && req.URL.Hostname() != first.Hostname() ||
		first.Scheme == "https" && req.URL.Scheme != "https" || req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		return fault.New(fault.Denied, "import.url.redirect", "host", req.URL.Host)
	}
	return nil
}

func failed(source, host string, err error) error {
	var known *fault.Error
	switch {
	case errors.Is(err, errPrivate):
		return fault.New(fault.Denied, "import.url.host", "host", host)
	case errors.As(err, &known):
		return known
	}
	return fault.New(fault.Unavailable, "import.url.failed", "url", source).With(err)
}

// shown is an address without what may be secret in it: the query often carries an api_key.
func shown(source string) string {
	u, err := url.Parse(source)
	if err != nil {
		return "URL"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}
