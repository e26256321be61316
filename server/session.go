package server

import (
	"cmp"
	"net/http"
	"slices"
	"sort"
	"strings"

	"chengshu/base/fault"
	"chengshu/kernel/identity"
	"chengshu/kernel/pack"
	"chengshu/kernel/schema"
)

const cookieName = "chengshu_session"

// identify finds the caller: a bearer token, the session cookie, else a visitor. A token that is wrong is a fault; a
// cookie that has ended makes a visitor, who is asked to sign in where that is needed.
func (s *Server) identify(r *request) error {
	r.actor = identity.Anonymous("api")
	bearer, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch c, err := r.Cookie(cookieName); {
	case isBearer:
		r.token = bearer
	case err == nil:
		r.token = c.Value
	default:
		return nil
	}
	a, err := s.opt.Identity.Authenticate(r.Context(), r.token, r.Header.Get("X-Post"))
	if err != nil {
		if !isBearer && fault.Is(err, fault.Anonymous) {
			r.token = ""
			return nil
		}
		return err
	}
	a.Via = "api"
	if !isBearer {
		a.Via = "web"
	}
	r.actor = a
	return nil
}

func (s *Server) cookie(token string, age int) string {
	c := http.Cookie{ //nolint:gosec // Secure is a setting: a demo on loopback has no TLS
		Name: cookieName, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: s.opt.Secure, MaxAge: age,
	}
	return c.String()
}

// postView is a post as people see it.
type postView struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Org      string   `json:"org"`
	OrgName  string   `json:"org_name"`
	Area     string   `json:"area"`
	AreaName string   `json:"area_name"`
	Roles    []string `json:"roles"`
	For      string   `json:"for,omitempty"` // whose post it is, where the caller stands in for somebody
	ForName  string   `json:"for_name,omitempty"`
}

func (s *Server) postViews(posts []identity.Post) []postView {
	out := make([]postView, 0, len(posts))
	for _, p := range posts {
		labels := make([]string, 0, len(p.Roles))
		for _, role := range p.Roles {
			labels = append(labels, s.word("role."+role, nil))
		}
		org := s.orgName(p.Org)
		out = append(out, postView{
			ID: p.ID, Name: strings.Join(labels, " ") + " " + org, Org: p.Org, OrgName: org, Area: p.Area, AreaName: s.areaName(p.Area), Roles: p.Roles,
		})
	}
	return out
}

func (s *Server) signIn(r *request) (reply, error) {
	var in struct {
		Username string `json:"username"`
		Password string `json:"password"`
	}
	if err := r.decode(&in); err != nil {
		return reply{}, err
	}
	opened, err := s.opt.Identity.SignIn(r.Context(), in.Username, in.Password,
		identity.Meta{IP: address(r.Request), Agent: r.UserAgent(), Via: "web", Request: r.trace})
	if err != nil {
		return reply{}, err
	}
	return reply{
		Header: map[string]string{"Set-Cookie": s.cookie(opened.Token, 12*60*60)},
		Body: map[string]any{
			"token": opened.Token, "person": map[string]string{"id": opened.Person.ID, "name": opened.Person.Name}, "posts": s.postViews(opened.Posts),
			"post": opened.Session.Post, "must_change": opened.MustChange,
		},
	}, nil
}

func (s *Server) switchPost(r *request) (reply, error) {
	if err := r.signedIn(); err != nil {
		return reply{}, err
	}
	var in struct {
		Post string `json:"post"`
	}
	if err := r.decode(&in); err != nil {
		return reply{}, err
	}
	if in.Post == "" {
		return reply{}, fault.New(fault.Invalid, "body.invalid").At("/post", "field.required")
	}
	a, err := s.opt.Identity.SwitchPost(r.Context(), r.token, in.Post)
	if err != nil {
		return reply{}, err
	}
	r.actor = a
	return s.me(r)
}

// changePassword is open to sessions that may do nothing else, such as the first one of a new account.
func (s *Server) changePassword(r *request) (reply, error) {
	if r.token == "" {
		return reply{}, fault.New(fault.Anonymous, "session.required")
	}
	var in struct {
		Old string `json:"old"`
		New string `json:"new"`
	}
	if err := r.decode(&in); err != nil {
		return reply{}, err
	}
	err := s.opt.Identity.ChangePassword(r.Context(), r.token, in.Old, in.New,
		identity.Meta{IP: address(r.Request), Agent: r.UserAgent(), Via: "web", Request: r.trace})
	return reply{Status: http.StatusNoContent}, err
}

func (s *Server) signOut(r *request) (reply, error) {
	if r.token != "" {
		if err := s.opt.Identity.SignOut(r.Context(), r.token); err != nil {
			return reply{}, err
		}
	}
	return reply{Status: http.StatusNoContent, Header: map[string]string{"Set-Cookie": s.cookie("", -1), "Clear-Site-Data": `"cache", "storage"`}}, nil
}

func (s *Server) me(r *request) (reply, error) {
	if err := r.signedIn(); err != nil {
		return reply{}, err
	}
	unread, err := s.opt.Inbox.Unread(r.Context(), r.actor.Person)
	if err != nil {
		return reply{}, err
	}
	liked, err := s.preferences(r.Context(), r.actor.Person)
	if err != nil {
		return reply{}, err
	}
	return reply{Body: map[string]any{
		"person": map[string]string{"id": r.actor.Person, "name": r.actor.Name}, "preferences": liked, "post": r.actor.Post, "posts": s.mePosts(r),
		"roles": r.actor.Roles, "clearance": r.actor.Clearance, "menu": s.menu(r), "unread": unread, "demo": s.opt.Demo != nil,
		"note": s.note(),
	}}, nil
}

func (s *Server) note() string {
	if s.opt.Note == "" {
		return ""
	}
	return s.word(s.opt.Note, nil)
}

// menu gives the entries that lead somewhere: to a type the caller may read, or to a page that shows something of one.
func (s *Server) menu(r *request) []map[string]any {
	var entries []*pack.MenuEntry
	for _, p := range s.bundle().Packs {
		for _, m := range p.Menu {
			if m.Type != "" && s.opt.Policy.Any(r.actor, "read", m.Type) || m.Type == "" && s.opens(r, m.Page, cmp.Or(m.Pack, p.Name)) {
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

// opens tells whether a page of a pack has anything to show the caller: numbers or processes of a type, or any type at all.
func (s *Server) opens(r *request, page, of string) bool {
	b := s.bundle()
	if page == "indicators" {
		p := b.Pack(of)
		return p != nil && slices.ContainsFunc(p.Indicators, func(i *pack.Indicator) bool { return s.opt.Policy.Any(r.actor, "read", i.Of) })
	}
	return slices.ContainsFunc(b.Set.Types(), func(t *schema.Type) bool {
		return t.Pack == of && (page != "processes" || t.Flow != "") && s.opt.Policy.Any(r.actor, "read", t.Name)
	})
}

func (s *Server) sessions(r *request) (reply, error) {
	if err := r.signedIn(); err != nil {
		return reply{}, err
	}
	list, err := s.opt.Identity.Sessions(r.Context(), r.actor, r.actor.Person)
	items := make([]map[string]any, 0, len(list))
	for _, x := range list {
		items = append(items, map[string]any{
			"id": x.ID, "created": schema.FormatTime(x.Created), "seen": schema.FormatTime(x.Seen), "agent": x.Agent, "ip": x.IP, "current": x.ID == r.actor.Session,
		})
	}
	return reply{Body: map[string]any{"items": items}}, err
}

func (s *Server) killSession(r *request) (reply, error) {
	if err := r.signedIn(); err != nil {
		return reply{}, err
	}
	return reply{Status: http.StatusNoContent}, s.opt.Identity.Kill(r.Context(), r.actor, r.PathValue("id"))
}

func (s *Server) demoAccounts(*request) (reply, error) {
	if s.opt.Demo == nil {
		return reply{}, fault.New(fault.NotFound, "demo.off")
	}
	return reply{Body: map[string]any{"items": s.opt.Demo.Accounts}}, nil
}

func (s *Server) personName(id string) string {
	n, _ := s.opt.Identity.Directory().Name("person", id)
	return n
}

func (s *Server) orgName(path string) string {
	n, _ := s.opt.Identity.Directory().Name("org", path)
	return n
}
