package server

import (
	"context"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/geo"
	"chengshu/kernel/identity"
	"chengshu/kernel/pack"
	"chengshu/kernel/record"
)

func (s *Server) areaName(path string) string {
	if path == "/" {
		return s.word("ui.whole_county", nil)
	}
	if a, ok := s.opt.Atlas.Index().Area(codeOf(path)); ok {
		return a.Name
	}
	return ""
}

// codeOf gives the code at the end of an area path.
func codeOf(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	return parts[len(parts)-1]
}

// areas lists the children of an area, or the county. The area tree is public.
func (s *Server) areas(r *request) (reply, error) {
	items := []map[string]any{}
	for _, a := range s.opt.Atlas.Index().Children(codeOf(r.query("parent"))) {
		items = append(items, map[string]any{"path": a.Path, "code": a.Code, "name": a.Name, "level": a.Level})
	}
	return reply{Body: map[string]any{"items": items}, Header: map[string]string{"Cache-Control": "private, max-age=60"}}, nil
}

func (s *Server) orgs(r *request) (reply, error) {
	if err := r.signedIn(); err != nil {
		return reply{}, err
	}
	items := []map[string]any{}
	for _, o := range s.opt.Identity.Directory().Orgs() {
		items = append(items, map[string]any{"path": o.Path, "name": o.Name, "parent": o.Parent})
	}
	return reply{Body: map[string]any{"items": items}}, nil
}

// people finds colleagues by name, for handing tasks over. Only what a door plate shows is given.
func (s *Server) people(r *request) (reply, error) {
	if err := r.signedIn(); err != nil {
		return reply{}, err
	}
	items := []map[string]any{}
	q, role, org := r.query("q"), r.query("role"), r.query("org")
	for _, p := range s.opt.Identity.Directory().People(identity.PeopleFilter{Text: q, Role: role, Org: org, Limit: 50}) {
		m := map[string]any{"id": p.ID, "name": p.Name}
		if len(p.Posts) > 0 {
			m["org_name"], m["roles"] = s.orgName(p.Posts[0].Org), p.Posts[0].Roles
		}
		items = append(items, m)
	}
	return reply{Body: map[string]any{"items": items}}, nil
}

// baseLayers are the layers everybody may see: the ground itself.
func baseLayers() map[string]geo.Layer {
	return map[string]geo.Layer{"county": geo.County, "town": geo.Town, "village": geo.Village, "grid": geo.General, "cell": geo.Cell, "duty": geo.Duty}
}

// mapInfo tells what the map can show the caller.
func (s *Server) mapInfo(r *request) (reply, error) {
	index := s.opt.Atlas.Index()
	box, _ := index.Bound(geo.Town)
	layers := []map[string]any{}
	for i, name := range []string{"county", "town", "village", "grid"} {
		layers = append(layers, map[string]any{
			"id": name, "label": s.word("layer."+name, nil), "kind": "base", "geometry": "polygon", "min_zoom": []int{0, 0, 10, 12}[i],
		})
	}
	for _, p := range s.bundle().Packs {
		for _, y := range p.Layers {
			t, err := s.bundle().Set.Type(y.Type)
			if err != nil || !s.opt.Policy.Any(r.actor, "read", y.Type) || t.PlaceField() == nil {
				continue
			}
			geometry := map[string]string{"place": "point", "line": "line", "polygon": "polygon"}[t.PlaceField().Type]
			layers = append(layers, map[string]any{
				"id": y.ID, "label": s.word("layer."+y.ID, nil), "kind": "records", "type": y.Type, "geometry": geometry, "min_zoom": y.MinZoom, "color": y.Color,
			})
		}
	}
	return reply{Body: map[string]any{"bbox": []float64{box.Min[0], box.Min[1], box.Max[0], box.Max[1]}, "layers": layers, "note": s.note()}}, nil
}

// tile gives a vector tile of a layer: the ground, or the records the caller may read.
func (s *Server) tile(r *request) (reply, error) {
	z, x, y, err := tileNumbers(r)
	if err != nil {
		return reply{}, err
	}
	bound, err := geo.TileBound(z, x, y)
	if err != nil {
		return reply{}, err
	}
	name := r.PathValue("layer")
	layer := geo.TileLayer{Name: name}
	cache := "no-store"
	if base, ok := baseLayers()[name]; ok {
		layer.Features = s.opt.Atlas.Index().Features(bound, base)
		cache = "private, max-age=300"
	} else if layer.Features, err = s.recordFeatures(r, name, bound); err != nil {
		return reply{}, err
	}
	body, err := geo.Tile(z, x, y, []geo.TileLayer{layer})
	if err != nil {
		return reply{}, err
	}
	return reply{Body: body, Type: "application/vnd.mapbox-vector-tile", Header: map[string]string{"Cache-Control": cache}}, nil
}

func tileNumbers(r *request) (z, x, y uint32, err error) {
	parts := []string{r.PathValue("z"), r.PathValue("x"), strings.TrimSuffix(r.PathValue("y"), ".mvt")}
	var n [3]uint32
	for i, p := range parts {
		v, err := strconv.ParseUint(p, 10, 32)
		if err != nil {
			return 0, 0, 0, fault.New(fault.Invalid, "tile.number")
		}
		n[i] = uint32(v)
	}
	return n[0], n[1], n[2], nil
}

// recordFeatures gives the records of a layer inside a tile, at most 5,000, under the caller's row filter.
func (s *Server) recordFeatures(r *request, name string, bound orb.Bound) ([]geo.Feature, error) {
	y := s.layer(name)
	if y == nil {
		return nil, fault.New(fault.NotFound, "layer.unknown", "layer", name)
	}
	var out []geo.Feature
	q := record.Query{
		Type: y.Type, Filter: y.Filter, Limit: record.MaxLimit, Sort: "-created_at",
		Box: &[4]float64{bound.Min[0], bound.Min[1], bound.Max[0], bound.Max[1]},
	}
	err := s.read(r, func(ctx context.Context, tx *store.Tx) error {
		for range 25 {
			page, err := s.opt.Records.List(ctx, tx, r.actor, q)
			if err != nil {
				return err
			}
			for _, rec := range page.Records {
				if f, ok := s.feature(rec); ok {
					out = append(out, f)
				}
			}
			if page.Next == "" {
				return nil
			}
			q.Cursor = page.Next
		}
		return nil
	})
	return out, err
}

func (s *Server) layer(name string) *pack.Layer {
	for _, p := range s.bundle().Packs {
		for _, y := range p.Layers {
			if y.ID == name {
				return y
			}
		}
	}
	return nil
}

func (s *Server) feature(rec *record.Record) (geo.Feature, bool) {
	g, ok := rec.Geometry()
	if !ok {
		return geo.Feature{}, false
	}
	return geo.Feature{Geometry: g, Properties: map[string]any{
		"id": rec.ID(), "type": rec.Type.Name, "title": rec.Title(), "state": rec.State(),
		"label": s.word("state."+rec.Type.Name+"."+rec.State(), nil),
	}}, true
}

// villagePoint gives a point inside a village, for reports that name no point.
func (s *Server) villagePoint(code string) (orb.Point, bool) {
	if code == "" {
		return orb.Point{}, false
	}
	shape := s.opt.Atlas.Index().Shape(geo.Village, code)
	if shape == nil {
		return orb.Point{}, false
	}
	return geo.LabelPoint(shape)
}
