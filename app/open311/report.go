package open311

import "chengshu/base/fault"

// Report tells what became of each row.
type Report struct {
	Services Count
	Requests Count

	Mapped    int       // services for which a category stands already
	File      string    // of the code rows that were written; empty for none
	Outside   []string  // numbers of requests whose point lies in no area of the county; they are kept
	Placeless []string  // numbers of requests that came without a point
	Uncoded   []string  // services of requests that no category stands for
	Busy      []string  // numbers of requests that are closed elsewhere and in work here; they stay in work
	Refused   []Refusal // rows that were not taken
}

// Count sorts rows by what became of them.
type Count struct {
	Rows, Made, Changed, Same int
	Closed                    int // of those made or changed: closed elsewhere, and closed here for that
}

// Refusal is a row that was not taken.
type Refusal struct {
	Row, Line int
	Number    string // service_request_id or service_code, as written
	Err       error
}

func (r *Report) refuse(i Item, number string, err error) {
	r.Refused = append(r.Refused, Refusal{Row: i.Row, Line: i.Line, Number: number, Err: err})
}

func invalid(i Item, code string, args ...any) error {
	return fault.New(fault.Invalid, code, append([]any{"row", i.Row, "line", i.Line}, args...)...)
}
