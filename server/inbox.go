package server

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"chengshu/base/fault"
	"chengshu/kernel/notify"
	"chengshu/kernel/schema"
)

func (s *Server) inbox(r *request) (reply, error) {
	if err := r.signedIn(); err != nil {
		return reply{}, err
	}
	list, err := s.opt.Inbox.Before(r.Context(), r.actor.Person, r.query("cursor"), r.query("unread") == "1", 100)
	if err != nil {
		return reply{}, err
	}
	unread, err := s.opt.Inbox.Unread(r.Context(), r.actor.Person)
	if err != nil {
		return reply{}, err
	}
	next := ""
	if len(list) == 100 {
		next = list[99].ID
	}
	items := make([]map[string]any, 0, len(list))
	for _, n := range list {
		typ, id, _ := strings.Cut(n.Subject, "/")
		items = append(items, map[string]any{
			"id": n.ID, "at": schema.FormatTime(n.At), "text": s.noticeText(n, typ), "title": n.Title, "subject": n.Subject, "type": typ, "record": id,
			"read": !n.Read.IsZero(),
		})
	}
	return reply{Body: map[string]any{"items": items, "unread": unread, "next": next}}, nil
}

// noticeText puts a notice into words: those of the kernel's own events stand under "notice.", a command's notice names the
// command, and what a process tells has words of its pack.
func (s *Server) noticeText(n notify.Notice, typ string) string {
	args := map[string]any{"title": n.Title}
	maps.Copy(args, n.Args)
	if command, ok := strings.CutPrefix(n.Key, "command."); ok {
		args["command"] = s.word("command."+typ+"."+command, nil)
		return s.word("notice.command", args)
	}
	if key := "notice." + n.Key; s.bundle().Has(key) {
		return s.word(key, args)
	}
	return s.word(n.Key, args)
}

func (s *Server) inboxRead(r *request) (reply, error) {
	if err := r.signedIn(); err != nil {
		return reply{}, err
	}
	return reply{Status: http.StatusNoContent}, s.opt.Inbox.MarkRead(r.Context(), r.actor.Person, r.PathValue("id"))
}

func (s *Server) inboxReadAll(r *request) (reply, error) {
	if err := r.signedIn(); err != nil {
		return reply{}, err
	}
	return reply{Status: http.StatusNoContent}, s.opt.Inbox.MarkAllRead(r.Context(), r.actor.Person)
}

// beatEvery keeps proxies from closing a quiet stream and is how long a stream outlives its session at most.
const beatEvery = 15 * time.Second

// events streams what concerns the caller as server-sent events. It tells that something changed, never what: the page
// asks for that under its own permissions.
func (s *Server) events(w http.ResponseWriter, hr *http.Request) {
	r := &request{Request: hr, w: w, trace: traceID(hr)}
	if err := s.identify(r); err != nil {
		s.problem(r, err)
		return
	}
	if err := r.signedIn(); err != nil {
		s.problem(r, err)
		return
	}
	ch, stop := s.opt.Inbox.Hub().Subscribe(r.actor.Person)
	defer stop()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Time{}) // a stream has no end
	if err := control.Flush(); err != nil {
		s.problem(r, fault.Wrap("stream", err))
		return
	}
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for {
		select {
		case e, ok := <-ch:
			if !ok || s.identify(r) != nil || r.signedIn() != nil {
				return // too slow, or signed out meanwhile: the page connects again and reads its inbox
			}
			body, err := encodeJSON(map[string]string{"type": e.Type, "id": e.ID})
			if err != nil {
				return
			}
			if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n", e.Kind, body); err != nil {
				return
			}
			if _, err := fmt.Fprint(w, "\n"); err != nil {
				return
			}
		case <-beat.C:
			if s.identify(r) != nil || r.signedIn() != nil { // signed out or disabled since
				return
			}
			if s.identify(r) != nil || r.signedIn() != nil {
				return
			}
			if _, err := fmt.Fprint(w, ": beat\n\n"); err != nil {
				return
			}
		case <-hr.Context().Done():
			return
		}
		if control.Flush() != nil {
			return
		}
	}
}
