package open311

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"time"

	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/record"
)

// errDry ends the transaction of a dry run after everything was checked.
var errDry = errors.New("dry run")

// requests takes each request in, in a transaction of its own.
func (m *Importer) requests(ctx context.Context, d *Document, r *Report) error {
	if len(d.Requests) == 0 {
		return nil
	}
	seen := map[string]bool{}
	for _, i := range d.Requests {
		if err := ctx.Err(); err != nil {
			return fault.New(fault.Unavailable, "open311.stopped", "row", i.Row).With(err)
		}
		r.Requests.Rows++
		number := i.Values["service_request_id"]
		if err := m.check(i, seen[number]); err != nil {
			r.refuse(i, number, err)
			continue
		}
		seen[number] = true
		one := &taking{Importer: m, item: i, actor: m.actor(), category: m.category(i)}
		err := m.App.DB.Write(ctx, func(tx *store.Tx) error {
			one.outcome = outcome{}
			err := one.take(ctx, tx)
			if err == nil && m.Dry {
				return errDry
			}
			return err
		})
		switch kind := fault.KindOf(err); {
		case err == nil || errors.Is(err, errDry):
			one.tell(r)
			m.App.Settle(ctx) // nobody else tells what a tool has done
		case kind == fault.Internal || kind == fault.Unavailable:
			return err // the database, not the row
		default:
			r.refuse(i, number, err)
		}
	}
	return nil
}

func (m *Importer) check(i Item, twice bool) error {
	status := i.Values["status"]
	switch {
	case i.Values["service_request_id"] == "":
		return invalid(i, "open311.request")
	case twice:
		return invalid(i, "open311.duplicate")
	case status != "open" && status != "closed": // GeoReport v2 has no others
		return invalid(i, "open311.status", "status", status)
	}
	return nil
}

// outcome is what became of a request.
type outcome struct {
	made, changed, closed bool
	busy                  bool // closed elsewhere, in work here
	outside, placeless    bool
}

// taking is one request on its way in.
type taking struct {
	*Importer
	item     Item
	actor    identity.Actor
	category string
	outcome  outcome
}

// take makes the record of the request, or brings the one there is up to date.
func (k *taking) take(ctx context.Context, tx *store.Tx) error {
	number := k.item.Values["service_request_id"]
	filter := k.Mapping.Key.Source + " = " + quote(k.Source) + " and " + k.Mapping.Key.Number + " = " + quote(number)
	page, err := k.App.Records.List(ctx, tx, k.actor, record.Query{Type: k.Mapping.Type, Filter: filter, Limit: 1})
	if err != nil {
		return err
	}
	vars := k.Mapping.vars(k.item, k.category, k.Source)
	followed := eval(k.Mapping.follow, vars)
	var r *record.Record
	if len(page.Records) > 0 {
		if r, err = k.update(ctx, tx, page.Records[0], followed); err != nil || !k.outcome.changed {
			return err
		}
	} else {
		data := eval(k.Mapping.fields, vars)
		maps.Copy(data, followed)
		data[k.Mapping.Key.Source], data[k.Mapping.Key.Number] = k.Source, number
		if r, err = k.App.Records.Create(ctx, tx, k.actor, k.Mapping.Type, data); err != nil {
			return err
		}
		k.outcome.made = true
		k.locate(r)
	}
	if k.Mapping.closed == nil || !k.Mapping.closed.True(&feel.Env{Vars: vars}) {
		return nil
	}
	return k.close(ctx, tx, r, vars)
}

// update brings the fields that follow the other system up to date. What people here have entered is not touched, and an
// answer older than the one known changes nothing.
func (k *taking) update(ctx context.Context, tx *store.Tx, r *record.Record, followed map[string]any) (*record.Record, error) {
	data := map[string]any{}
	for name, v := range followed {
		now, bad := r.Type.Field(name).Parse(v)
		if bad != nil {
			return nil, fault.New(fault.Invalid, "record.invalid", "type", r.Type.Name).At(bad.Pointer, bad.Code)
		}
		if name == k.Mapping.AsOf && older(now, r.Values[name]) {
			return r, nil
		}
		if !reflect.DeepEqual(now, r.Values[name]) {
			data[name] = v
		}
	}
	if len(data) == 0 {
		return r, nil
	}
	k.outcome.changed = true
	return k.App.Records.Update(ctx, tx, k.actor, r.Type.Name, r.ID(), r.Rev(), data, "")
}

// older tells whether an instant lies before another; what is no instant does not.
func older(now, known any) bool {
	a, _ := now.(string)
	b, _ := known.(string)
	at, errA := time.Parse(time.RFC3339, a)
	then, errB := time.Parse(time.RFC3339, b)
	return errA == nil && errB == nil && at.Before(then)
}

// close records that the other system has closed the request. Where work has begun here the command is not offered: the
// record stays in work, and its followed fields tell what the other system says.
func (k *taking) close(ctx context.Context, tx *store.Tx, r *record.Record, vars feel.Map) error {
	command := r.Type.Command(k.Mapping.Closed.Command)
	if r.State() == command.State {
		return nil
	}
	offered := slices.ContainsFunc(k.App.Records.Offers(ctx, tx, k.actor, r), func(o record.Offer) bool { return o.Command == command.Name })
	if !offered {
		k.outcome.busy = true
		return nil
	}
	k.outcome.closed = true
	reason := feel.Format(k.Mapping.reason.Eval(&feel.Env{Vars: vars}))
	_, err := k.App.Records.Command(ctx, tx, k.actor, r.Type.Name, r.ID(), command.Name, eval(k.Mapping.data, vars), reason)
	return err
}

// locate looks where the record has come to lie.
func (k *taking) locate(r *record.Record) {
	f := r.Type.PlaceField()
	if f == nil {
		return
	}
	place, _ := r.Values[f.Name].(map[string]any)
	k.outcome.placeless = place["lon"] == nil
	k.outcome.outside = place["lon"] != nil && place["area"] == nil
}

// tell writes the outcome into the report.
func (k *taking) tell(r *Report) {
	number := k.item.Values["service_request_id"]
	note := func(is bool, list *[]string, what string) {
		if is {
			*list = append(*list, what)
		}
	}
	switch {
	case k.outcome.made:
		r.Requests.Made++
	case k.outcome.changed:
		r.Requests.Changed++
	default:
		r.Requests.Same++
	}
	if k.outcome.closed {
		r.Requests.Closed++
	}
	note(k.outcome.outside, &r.Outside, number)
	note(k.outcome.placeless, &r.Placeless, number)
	note(k.outcome.busy, &r.Busy, number)
	service := k.item.Values["service_name"]
	if service == "" {
		service = k.item.Values["service_code"]
	}
	uncoded := k.outcome.made && (k.category == "" || k.category == k.Mapping.Default)
	note(uncoded && service != "" && !slices.Contains(r.Uncoded, service), &r.Uncoded, service)
}

// quote writes a text as a FEEL literal.
func quote(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(text)
}
