package open311_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"chengshu/app/open311"
	"chengshu/base/fault"
)

// fixtures gives the folder of public answers of Open311 servers.
func fixtures(t *testing.T) string {
	t.Helper()
	shared := os.Getenv("CHENGSHU_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "shared")
	}
	dir := filepath.Join(shared, "data", "open311")
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CHENGSHU_CI") == "1" {
			t.Fatalf("no test data at %s", dir)
		}
		t.Skipf("SKIPPED: no test data at %s; set CHENGSHU_SHARED", dir)
	}
	return dir
}

func readFile(t *testing.T, name string) (*open311.Document, error) {
	t.Helper()
	file := filepath.Join(fixtures(t), name)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return open311.Read(name, bytes.NewReader(text), open311.DefaultLimits())
}

// TestFixtures: every public answer is read, or refused with what it says itself.
func TestFixtures(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		services, requests int
		code, detail       string
	}{
		"services.xml":                      {services: 36},
		"service_requests.xml":              {requests: 2},
		"get_service_request.xml":           {requests: 1},
		"post_service_request.xml":          {requests: 1},
		"request_id_from_token.xml":         {requests: 1},
		"service_requests_empty.xml":        {},
		"403.xml":                           {code: "open311.error", detail: "Invalid api_key received -- can't proceed with create_request."},
		"get_service_request_not_found.xml": {code: "open311.error", detail: "404 Service request not found with id or token not-an-id"},
		"service_definition.xml":            {code: "open311.root"},
	} {
		d, err := readFile(t, name)
		if want.code != "" {
			if fault.CodeOf(err) != want.code || want.detail != "" && args(err)["detail"] != want.detail || args(err)["file"] != name {
				t.Errorf("%s: got %v %v", name, err, args(err))
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(d.Services) != want.services || len(d.Requests) != want.requests {
			t.Errorf("%s: got %d services, %d requests", name, len(d.Services), len(d.Requests))
		}
	}
	entries, err := os.ReadDir(fixtures(t))
	if err != nil || len(entries) != 9 {
		t.Errorf("the fixtures have changed: %d, %v", len(entries), err)
	}
}

func args(err error) map[string]any {
	if f := (*fault.Error)(nil); asFault(err, &f) {
		return f.Args
	}
	return nil
}

// TestRequest: the values, the row and the line of a request.
func TestRequest(t *testing.T) {
	t.Parallel()
	d, err := readFile(t, "service_requests.xml")
	if err != nil {
		t.Fatal(err)
	}
	want := open311.Item{Row: 2, Line: 22, Values: map[string]string{
		"service_request_id": "638349", "status": "open", "service_name": "Sidewalk and Curb Issues", "service_code": "006",
		"requested_datetime": "2010-04-19T06:37:38-08:00", "updated_datetime": "2010-04-19T06:37:38-08:00",
		"expected_datetime": "2010-04-19T06:37:38-08:00", "address": "8TH AVE and JUDAH ST", "address_id": "545483", "zipcode": "94122",
		"lat": "37.762221815", "long": "-122.4651145", "media_url": "http://open311.city.gov.s3.amazonaws.com/requests/media/638349.rss",
	}}
	if diff := cmp.Diff(want, d.Requests[1]); diff != "" {
		t.Error(diff)
	}
}

// asXML writes items as a server would.
func asXML(root, element string, items []open311.Item) []byte {
	out := bytes.NewBufferString(xml.Header + "<" + root + ">\n")
	for _, i := range items {
		out.WriteString("<" + element + ">")
		for _, name := range slices.Sorted(maps.Keys(i.Values)) {
			out.WriteString("<" + name + ">")
			_ = xml.EscapeText(out, []byte(i.Values[name]))
			out.WriteString("</" + name + ">")
		}
		out.WriteString("</" + element + ">\n")
	}
	out.WriteString("</" + root + ">\n")
	return out.Bytes()
}

func asJSON(t interface{ Fatal(args ...any) }, items []open311.Item) []byte {
	list := []map[string]string{}
	for _, i := range items {
		list = append(list, i.Values)
	}
	text, err := json.MarshalIndent(list, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var placeless = cmpopts.IgnoreFields(open311.Item{}, "Line")

// TestRoundTrip: what is read out of a public answer reads the same after it was written as XML and as JSON.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"services.xml", "service_requests.xml", "get_service_request.xml", "request_id_from_token.xml"} {
		d, err := readFile(t, name)
		if err != nil {
			t.Fatal(err)
		}
		root, element, items := "service_requests", "request", d.Requests
		if len(d.Services) > 0 {
			root, element, items = "services", "service", d.Services
		}
		for form, text := range map[string][]byte{"xml": asXML(root, element, items), "json": asJSON(t, items)} {
			again, err := open311.Read(name, bytes.NewReader(text), open311.DefaultLimits())
			if err != nil {
				t.Errorf("%s as %s: %v", name, form, err)
				continue
			}
			if diff := cmp.Diff(d, again, placeless, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s as %s: %s", name, form, diff)
			}
		}
	}
}

// TestRoundTripAny: any text survives both forms.
func TestRoundTripAny(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ -~\x{4e00}-\x{4e20}äé]{0,30}`)
		var items []open311.Item
		for range rapid.IntRange(1, 5).Draw(t, "items") {
			i := open311.Item{Row: len(items) + 1, Values: map[string]string{"service_request_id": fmt.Sprint("n", len(items))}}
			for _, name := range []string{"status", "description", "address"} {
				if v := strings.TrimSpace(text.Draw(t, name)); v != "" {
					i.Values[name] = v
				}
			}
			items = append(items, i)
		}
		want := &open311.Document{File: "f", Requests: items}
		for form, text := range map[string][]byte{"xml": asXML("service_requests", "request", items), "json": asJSON(t, items)} {
			got, err := open311.Read("f", bytes.NewReader(text), open311.DefaultLimits())
			if err != nil {
				t.Fatalf("%s: %v", form, err)
			}
			if diff := cmp.Diff(want, got, placeless); diff != "" {
				t.Fatalf("%s: %s", form, diff)
			}
		}
	})
}
