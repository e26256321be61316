package flow

import (
	"strconv"
	"strings"

	"chengshu/base/fault"
)

// frame is one open block around a token: a fork of a parallel or inclusive gateway, an embedded sub-process, a
// countersign, a repeated activity, or the side path of a non-interrupting boundary event. Group is fresh for every opening.
type frame struct {
	group  int64
	block  string // id of the split, sub-process, countersigned task, repeated activity or boundary event
	branch string // of a fork: id of the flow taken; of a repeated activity: its instance (repeat.go); else empty
}

// stack is the open blocks of a token, outermost first (fork groups, process-and-decisions.md §8).
type stack []frame

// with gives a copy with one frame more.
func (s stack) with(f frame) stack {
	out := make(stack, len(s)+1)
	copy(out, s)
	out[len(s)] = f
	return out
}

// at gives the index of the group in the stack, -1 where the token is not in it.
func (s stack) at(group int64) int {
	for i, f := range s {
		if f.group == group {
			return i
		}
	}
	return -1
}

// top is the innermost frame, the zero frame outside of every block.
func (s stack) top() frame {
	if len(s) == 0 {
		return frame{}
	}
	return s[len(s)-1]
}

// String is the stored form "12:split:flow/13:sub:"; the lint keeps ':' and '/' out of ids.
func (s stack) String() string {
	var b strings.Builder
	for i, f := range s {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(strconv.FormatInt(f.group, 10))
		b.WriteByte(':')
		b.WriteString(f.block)
		b.WriteByte(':')
		b.WriteString(f.branch)
	}
	return b.String()
}

func parseStack(text string) (stack, error) {
	if text == "" {
		return nil, nil
	}
	var out stack
	for part := range strings.SplitSeq(text, "/") {
		id, rest, ok := strings.Cut(part, ":")
		block, branch, ok2 := strings.Cut(rest, ":")
		group, err := strconv.ParseInt(id, 10, 64)
		if !ok || !ok2 || err != nil {
			return nil, fault.New(fault.Internal, "flow.stack", "stack", text)
		}
		out = append(out, frame{group, block, branch})
	}
	return out, nil
}
