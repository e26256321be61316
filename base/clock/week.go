package clock

import "time"

const minuteMicros = int64(time.Minute / time.Microsecond)

// week is the bare week that goes on before and after the table. Weeks begin on Thursday, as day 0 is one.
type week struct {
	days      [7]pattern // by time.Weekday
	open      [8]int64   // microseconds open in the first i days of a week
	work      [8]int64
	openTotal int64
	workTotal int64
}

const dayZero = time.Thursday // 1970-01-01

func weekWorked(d time.Weekday) bool { return d != time.Saturday && d != time.Sunday }

func newWeek(h Hours) week {
	var w week
	for i := range 7 {
		day := (dayZero + time.Weekday(i)) % 7
		worked := weekWorked(day)
		w.days[day] = newPattern(h.of(day, worked))
		w.open[i+1] = w.open[i] + w.days[day].total
		w.work[i+1] = w.work[i]
		if worked {
			w.work[i+1]++
		}
	}
	w.openTotal, w.workTotal = w.open[7], w.work[7]
	return w
}

// openBefore counts the microseconds open from day 0 to the start of d, negative before day 0.
func (w *week) openBefore(d Date) int64 {
	q := floorDiv(int64(d), 7)
	return q*w.openTotal + w.open[int64(d)-q*7]
}

func (w *week) workBefore(d Date) int64 {
	q := floorDiv(int64(d), 7)
	return q*w.workTotal + w.work[int64(d)-q*7]
}

// find gives the first day at whose end the sum has reached target; sums and total are those of open or of work.
func find(sums *[8]int64, total, target int64) Date {
	q := floorDiv(target-1, total)
	rest := target - q*total
	i := 0
	for sums[i+1] < rest {
		i++
	}
	return Date(q*7 + int64(i))
}
