package server

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"chengshu/kernel/pack"
	"chengshu/kernel/schema"
)

// menu gives the entries that lead somewhere: to a type the caller may read, or to a page that shows something of one.
func (s *Server) menu(r *request) []map[string]any {
	var entries []*pack.MenuEntry
	for _, p := range s.bundle().Packs {
		for _, m := range p.Menu {
			if m.Type != "" && s.opt.Policy.Any(r.actor, "read", m.Type) || m.Type == "" && s.opens(r, m, p.Name) {
				entries = append(entries, m)
			}
		}
	}
	sort.SliceStable(entries, func(i, j int) bool { return entries[i].Order < entries[j].Order })
	out := make([]map[string]any, 0, len(entries))
	for _, m := range entries {
		e := map[string]any{"id": m.ID, "label": s.word("menu."+m.ID, nil), "order": m.Order}
		for k, v := range map[string]string{"type": m.Type, "filter": m.Filter, "page": m.Page, "pack": m.Pack} {
			if v != "" {
				e[k] = v
			}
		}
		out = append(out, e)
	}
	return out
}

// opens tells whether a page has anything to show the caller: of the pack that the entry names, else of the one it is in.
// Processes of every pack are for those who administer some; places where processes are stuck are for those who watch over
// records, whatever the pack.
func (s *Server) opens(r *request, m *pack.MenuEntry, in string) bool {
	b, of := s.bundle(), cmp.Or(m.Pack, in)
	types := func(fits func(t *schema.Type) bool, acts ...string) bool {
		return slices.ContainsFunc(b.Set.Types(), func(t *schema.Type) bool {
			return fits(t) && slices.ContainsFunc(acts, func(act string) bool { return s.opt.Policy.Any(r.actor, act, t.Name) })
		})
	}
	flows := func(t *schema.Type) bool { return t.Flow != "" }
	switch m.Page {
	case "indicators":
		p := b.Pack(of)
		return p != nil && slices.ContainsFunc(p.Indicators, func(i *pack.Indicator) bool { return s.opt.Policy.Any(r.actor, "read", i.Of) })
	case "decisions":
		return s.decides(r, of+".")
	case "incidents":
		return types(flows, "admin", "supervise")
	case "processes":
		if m.Pack == "" {
			return types(flows, "admin")
		}
		return types(func(t *schema.Type) bool { return t.Pack == of && flows(t) }, "read")
	}
	return types(func(t *schema.Type) bool { return t.Pack == of }, "read")
}

// decides tells whether the caller may use a decision whose key begins so, in force today.
func (s *Server) decides(r *request, prefix string) bool {
	day := s.opt.Decision.Today()
	return slices.ContainsFunc(s.opt.Decision.Keys(day), func(key string) bool {
		e, err := s.opt.Decision.On(key, day)
		return err == nil && strings.HasPrefix(key, prefix) && e.Offered(r.actor.Roles)
	})
}
