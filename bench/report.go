package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// report is the table that is printed.
type report struct{ rows []row }

// row is one figure.
type row struct {
	bench, what   string
	product, peer string
	ratio         float64
	goal          string // "" where none is set
	met           bool
	note          string
}

func (r *report) add(x row) { r.rows = append(r.rows, x) }

// skip says why a figure is not there.
func (r *report) skip(bench, what, why string) {
	r.add(row{bench: bench, what: what, goal: "skipped", note: why})
}

func (r *report) write(out io.Writer) {
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join([]string{"bench", "what", "product", "peer or limit", "ratio", "goal", "", "note"}, "\t"))
	for _, x := range r.rows {
		ratio, verdict := "", ""
		if x.ratio > 0 {
			ratio = fmt.Sprintf("%.2f", x.ratio)
		}
		if x.goal != "" && x.goal != "skipped" {
			verdict = "MISSED"
			if x.met {
				verdict = "met"
			}
		}
		fmt.Fprintln(w, strings.Join([]string{x.bench, x.what, x.product, x.peer, ratio, x.goal, verdict, x.note}, "\t"))
	}
	_ = w.Flush()
}
