package server

import (
	"context"
	"time"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/insight"
	"chengshu/kernel/pack"
)

func (s *Server) indicatorView(i *pack.Indicator) map[string]any {
	by := make([]map[string]string, 0, len(i.By))
	for _, b := range i.By {
		by = append(by, map[string]string{"id": b, "label": s.cutLabel(i.Of, b)})
	}
	return map[string]any{
		"id": i.ID, "label": s.word("indicator."+i.ID, nil), "basis": s.word("indicator."+i.ID+".basis", nil), "unit": i.Unit,
		"by": by, "weight": i.Weight, "type": i.Of, "lower": i.Lower,
	}
}

func (s *Server) cutLabel(typ, by string) string {
	for _, key := range []string{"cut." + by, "field." + typ + "." + by, "ui.field." + by} {
		if s.bundle().Has(key) {
			return s.word(key, nil)
		}
	}
	return by
}

func (s *Server) indicators(r *request) (reply, error) {
	items := []map[string]any{}
	for _, p := range s.bundle().Packs {
		if want := r.query("pack"); want != "" && want != p.Name {
			continue
		}
		for _, i := range p.Indicators {
			if s.opt.Policy.Any(r.actor, "read", i.Of) {
				items = append(items, s.indicatorView(i))
			}
		}
	}
	return reply{Body: map[string]any{"items": items}}, nil
}

// indicator computes one number over [from, to): days at +08:00, the current year where they are left out.
func (s *Server) indicator(r *request) (reply, error) {
	i := s.bundle().Indicator(r.PathValue("id"))
	if i == nil {
		return reply{}, fault.New(fault.NotFound, "indicator.unknown", "id", r.PathValue("id"))
	}
	now := s.now().In(clock.Shanghai)
	from, err := day(r.query("from"), time.Date(now.Year(), 1, 1, 0, 0, 0, 0, clock.Shanghai))
	if err != nil {
		return reply{}, err
	}
	to, err := day(r.query("to"), time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, clock.Shanghai))
	if err != nil {
		return reply{}, err
	}
	body := s.indicatorView(i)
	err = s.read(r, func(ctx context.Context, tx *store.Tx) error {
		a, err := insight.Compute(ctx, tx, r.actor, s.opt.Records, i, from, to, r.query("by"))
		body["formula"], body["rows"], body["total"] = a.Formula, a.Rows, a.Total
		return err
	})
	body["from"], body["to"] = from.Format(time.DateOnly), to.Format(time.DateOnly)
	return reply{Body: body}, err
}

func day(v string, standard time.Time) (time.Time, error) {
	if v == "" {
		return standard, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, v, clock.Shanghai)
	if err != nil {
		return t, fault.New(fault.Invalid, "query.day", "value", v)
	}
	return t, nil
}
