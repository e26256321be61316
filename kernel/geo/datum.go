package geo

import (
	"math"

	"github.com/paulmach/orb"
)

// The ellipsoid the GCJ-02 offset is computed on (Krasovsky 1940), as every implementation has it.
const (
	gcjAxis          = 6378245.0
	gcjEccentricity2 = 0.00669342162296594323
	baiduAngle       = math.Pi * 3000 / 180
)

// inChina tells whether GCJ-02 shifts a point at all; the customary box.
func inChina(p orb.Point) bool {
	return p[0] >= 72.004 && p[0] <= 137.8347 && p[1] >= 0.8293 && p[1] <= 55.8271
}

// toGCJ02 shifts WGS 84 to GCJ-02, the coordinates of Chinese online maps.
func toGCJ02(p orb.Point) orb.Point {
	if !inChina(p) {
		return p
	}
	x, y := p[0]-105, p[1]-35
	waves := func(v float64, a, b float64) float64 { return a*math.Sin(v*math.Pi) + b*math.Sin(v*math.Pi/3) }
	common := 20*math.Sin(6*x*math.Pi) + 20*math.Sin(2*x*math.Pi)
	dLat := -100 + 2*x + 3*y + 0.2*y*y + 0.1*x*y + 0.2*math.Sqrt(math.Abs(x)) +
		(common+waves(y, 20, 40)+160*math.Sin(y*math.Pi/12)+320*math.Sin(y*math.Pi/30))*2/3
	dLon := 300 + x + 2*y + 0.1*x*x + 0.1*x*y + 0.1*math.Sqrt(math.Abs(x)) +
		(common+waves(x, 20, 40)+150*math.Sin(x*math.Pi/12)+300*math.Sin(x*math.Pi/30))*2/3
	sin, cos := math.Sincos(p[1] * radian)
	w := 1 - gcjEccentricity2*sin*sin
	dLat = dLat / (gcjAxis * (1 - gcjEccentricity2) / (w * math.Sqrt(w)) * radian)
	dLon = dLon / (gcjAxis / math.Sqrt(w) * cos * radian)
	return orb.Point{p[0] + dLon, p[1] + dLat}
}

// toBD09 shifts GCJ-02 to the coordinates of Baidu maps.
func toBD09(p orb.Point) orb.Point {
	z := math.Hypot(p[0], p[1]) + 0.00002*math.Sin(p[1]*baiduAngle)
	theta := math.Atan2(p[1], p[0]) + 0.000003*math.Cos(p[0]*baiduAngle)
	sin, cos := math.Sincos(theta)
	return orb.Point{z*cos + 0.0065, z*sin + 0.006}
}

// invert solves forward(q) = p; the shifts change slowly, so a dozen steps reach the micrometre.
func invert(forward func(orb.Point) orb.Point, p orb.Point) orb.Point {
	q := p
	for range 30 {
		f := forward(q)
		dx, dy := p[0]-f[0], p[1]-f[1]
		q = orb.Point{q[0] + dx, q[1] + dy}
		if math.Abs(dx)+math.Abs(dy) < 1e-12 {
			break
		}
	}
	return q
}

func fromGCJ02(p orb.Point) orb.Point {
	if !inChina(p) {
		return p
	}
	return invert(toGCJ02, p)
}

func fromBD09(p orb.Point) orb.Point { return fromGCJ02(invert(toBD09, p)) }
