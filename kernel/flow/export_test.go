package flow

import "math/rand"

// RandomModel writes a random block-structured definition for the tests on databases.
func RandomModel(seed int64) []byte {
	g := &modeler{r: rand.New(rand.NewSource(seed)), max: 8}
	return []byte(g.model())
}

// Runs gives the number of random runs: many with CHENGSHU_LONG=1.
func Runs(short, long int) int { return runs(short, long) }
