package demo

// What all packs together may ask for, so that the first start stays short however many packs there are.
const (
	mostMatters = 3200 // records with a history, beside the recent ones
	mostRecent  = 450
	mostRecords = 4000 // records of registers that say how many they want
	fewest      = 10   // of one history or register, where it asks for as many
)

// fit shrinks what the packs ask for to what there may be, each in proportion.
func (p *plan) fit() {
	var matters, recents, records []*int
	for _, h := range p.histories {
		matters, recents = append(matters, &h.Count), append(recents, &h.Recent.Count)
	}
	for _, r := range p.registers {
		records = append(records, &r.Count)
	}
	share(matters, mostMatters)
	share(recents, mostRecent)
	share(records, mostRecords)
}

func share(counts []*int, most int) {
	sum := 0
	for _, c := range counts {
		sum += *c
	}
	if sum <= most {
		return
	}
	for _, c := range counts {
		*c = max(min(*c, fewest), *c*most/sum)
	}
}
