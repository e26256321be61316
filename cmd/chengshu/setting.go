package main

import (
	"errors"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"gopkg.in/yaml.v3"

	"chengshu/app"
	"chengshu/base/fault"
	"chengshu/kernel/geo"
	"chengshu/kernel/identity"
	"chengshu/kernel/schema"
)

// configFile is read where it is there and no other is named.
const configFile = "chengshu.yaml"

// key is one key of the configuration: of the file, of the environment and of the command line.
type key struct {
	name, standard, help string
	truth                bool // true or false
	secret               bool // never shown, and no flag: a command line can be read by everybody on the machine
	check                func(value string) error
}

// env is the key's environment variable.
func (k key) env() string { return "CHENGSHU_" + strings.ToUpper(k.name) }

// keys are all keys there are, in the order they are shown.
func keys() []key {
	return []key{
		{name: "data", standard: filepath.Join("var", "data"), help: "data directory", check: checkDir},
		{name: "database", help: "database URL; empty is SQLite in the data directory", check: checkDatabase},
		{name: "county", standard: "990100", help: "six-digit code of the county, for business numbers", check: checkCounty},
		{name: "listen", standard: "127.0.0.1:8080", help: "address to serve on", check: checkAddress},
		{name: "metrics", help: "address of /metrics, empty for none", check: checkAddress},
		{name: "bus", help: "hand the journal on: embedded, or nats://host:4222; empty is nowhere", check: checkBus},
		{name: "calls", help: "hosts that processes may call, by comma: host, host:port or http://host:port; empty is none", check: checkHosts},
		{name: "callkey", help: "key that signs these calls (HMAC-SM3); empty: not signed", secret: true},
		{name: "secure", standard: "false", help: "cookies over TLS only", truth: true},
		{name: "passwords", standard: "asvs", help: "rules of passwords: asvs, dengbao", check: checkPasswords},
		{name: "crs", standard: "cgcs2000", help: "coordinates of imported files: cgcs2000, gcj02, bd09, EPSG:…", check: checkCRS},
		{name: "verbose", standard: "false", help: "log everything", truth: true},
	}
}

// value is what a key has, and where it came from: "flag --x", "environment X", "file:line", "default".
type value struct {
	text, from string
	wrong      *fault.Field
}

var county = regexp.MustCompile(`^[1-9][0-9]{5}$`)

func checkCounty(v string) error {
	if !county.MatchString(v) {
		return errors.New("440981")
	}
	return nil
}

func checkHosts(v string) error {
	for host := range strings.SplitSeq(v, ",") {
		host = strings.TrimPrefix(strings.TrimSpace(host), "http://")
		if u, err := url.Parse("https://" + host); v != "" && (err != nil || u.Host != host || u.Hostname() == "" || u.User != nil) {
			return errors.New("tax.example, tax.example:8443, http://10.0.0.5:8080")
		}
	}
	return nil
}

func checkBus(v string) error {
	if v == "" || v == app.EmbeddedBus {
		return nil
	}
	if u, err := url.Parse(v); err != nil || u.Host == "" || u.Scheme != "nats" && u.Scheme != "tls" {
		return errors.New("nats://host:4222")
	}
	return nil
}

func checkDir(v string) error {
	info, err := os.Stat(v)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it is made
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fs.ErrInvalid
	}
	f, err := os.Open(v)
	if err != nil {
		return err
	}
	return f.Close()
}

func checkDatabase(v string) error {
	if v == "" || strings.HasPrefix(v, "sqlite:") && len(v) > len("sqlite:") {
		return nil
	}
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return errors.New("sqlite:FILE, postgres://…") // not err, which holds the password
	}
	return nil
}

func checkAddress(v string) error {
	if v == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(v)
	if err != nil {
		return err
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err
}

func checkPasswords(v string) error {
	_, err := identity.Preset(v)
	return err
}

func checkCRS(v string) error {
	_, err := geo.ParseCRS(v)
	return err
}

// wrong tells what is wrong with a value, nil where nothing is.
func (k key) wrong(pointer, v string) *fault.Field {
	var err error
	switch {
	case k.truth && v != "true" && v != "false":
		err = errors.New("true, false")
	case k.check != nil:
		err = k.check(v)
	}
	if err == nil {
		return nil
	}
	return &fault.Field{Pointer: pointer, Code: "config.key", Args: map[string]any{"key": k.name, "value": k.masked(v), "detail": err.Error()}}
}

// masked is a value as it may be shown.
func (k key) masked(v string) string {
	switch {
	case v == "":
		return v
	case k.secret:
		return "…"
	case k.name != "database" && k.name != "bus":
		return v
	}
	u, err := url.Parse(v)
	if err != nil {
		return "…"
	}
	return u.Redacted()
}

// flags declares flags of keys.
func flags(to *pflag.FlagSet, names ...string) {
	for _, k := range keys() {
		for _, name := range names {
			switch {
			case name != k.name:
			case k.truth:
				to.Bool(k.name, k.standard == "true", k.help+" ["+k.env()+"]")
			default:
				to.String(k.name, k.standard, k.help+" ["+k.env()+"]")
			}
		}
	}
}

// settings gives every key its value: flag before environment before file before default. Problems are listed, not
// returned, so that all of them can be shown.
func settings(cmd *cobra.Command, file string, need bool) (map[string]value, []fault.Field) {
	written, problems := readConfig(file, need)
	out := map[string]value{}
	for _, k := range keys() {
		v := value{text: k.standard, from: "default"}
		pointer := k.name
		if w, ok := written[k.name]; ok {
			v, pointer = w, w.from
		}
		if text, ok := os.LookupEnv(k.env()); ok && text != "" {
			v, pointer = value{text: text, from: "environment " + k.env()}, k.env()
		}
		if f := cmd.Flags().Lookup(k.name); f != nil && f.Changed {
			v, pointer = value{text: f.Value.String(), from: "flag --" + k.name}, "--"+k.name
		}
		if v.wrong = k.wrong(pointer, v.text); v.wrong != nil {
			problems = append(problems, *v.wrong)
		}
		out[k.name] = v
	}
	return out, problems
}

// readConfig reads the keys of a file with their lines.
func readConfig(file string, need bool) (map[string]value, []fault.Field) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) && !need {
		return nil, nil
	}
	if err != nil {
		return nil, []fault.Field{{Pointer: file, Code: "config.file", Args: map[string]any{"file": file, "detail": err.Error()}}}
	}
	if len(strings.TrimSpace(string(text))) == 0 {
		return nil, nil
	}
	var problems schema.Problems
	known := map[string]bool{}
	for _, k := range keys() {
		known[k.name] = true
	}
	out := map[string]value{}
	schema.Pairs(schema.Document(file, text, &problems), func(name string, line int, v *yaml.Node) {
		at := schema.Pos{File: file, Line: line}
		switch {
		case !known[name]:
			problems.Add(at, "yaml.unknown", "key", name, "near", schema.Nearest(name, known))
		case out[name].from != "":
			problems.Add(at, "config.twice", "key", name)
		case v.Kind != yaml.ScalarNode || v.Tag == "!!null":
			problems.Add(at, "yaml.value", "detail", name)
		default:
			out[name] = value{text: v.Value, from: at.String()}
		}
	})
	fields := make([]fault.Field, len(problems))
	for i, p := range problems {
		fields[i] = fault.Field{Pointer: p.Pos.String(), Code: p.Code, Args: p.Args}
	}
	return out, fields
}
