package geo

import (
	"math"

	"github.com/paulmach/orb"
)

// The CGCS2000 ellipsoid (GB 22021).
const (
	majorAxis  = 6378137.0
	flattening = 1 / 298.257222101
	radian     = math.Pi / 180
)

// eccentricity2 is the square of the first eccentricity.
const eccentricity2 = flattening * (2 - flattening)

// plane measures in metres around a latitude: good to 0.1 % within some fifty kilometres, which is a county.
type plane struct{ east, north float64 } // metres a degree

func planeAt(lat float64) plane {
	sin, cos := math.Sincos(lat * radian)
	w := math.Sqrt(1 - eccentricity2*sin*sin)
	return plane{
		east:  majorAxis / w * cos * radian,
		north: majorAxis * (1 - eccentricity2) / (w * w * w) * radian,
	}
}

func (p plane) distance(a, b orb.Point) float64 {
	return math.Hypot((b[0]-a[0])*p.east, (b[1]-a[1])*p.north)
}

// toSegment gives the distance from q to the segment ab.
func (p plane) toSegment(q, a, b orb.Point) float64 {
	ax, ay := (a[0]-q[0])*p.east, (a[1]-q[1])*p.north
	bx, by := (b[0]-q[0])*p.east, (b[1]-q[1])*p.north
	dx, dy := bx-ax, by-ay
	if square := dx*dx + dy*dy; square > 0 {
		t := max(0, min(1, -(ax*dx+ay*dy)/square))
		ax, ay = ax+t*dx, ay+t*dy
	}
	return math.Hypot(ax, ay)
}

// toShape gives the distance from q to the border of a shape, +Inf for an empty one.
func (p plane) toShape(q orb.Point, mp orb.MultiPolygon) float64 {
	least := math.Inf(1)
	for _, poly := range mp {
		for _, ring := range poly {
			for i := 1; i < len(ring); i++ {
				least = min(least, p.toSegment(q, ring[i-1], ring[i]))
			}
		}
	}
	return least
}

// Distance gives the metres between two points of a county.
func Distance(a, b orb.Point) float64 { return planeAt((a[1]+b[1])/2).distance(a, b) }

// Length gives the metres of a line.
func Length(line orb.LineString) float64 {
	sum := 0.0
	for i := 1; i < len(line); i++ {
		sum += Distance(line[i-1], line[i])
	}
	return sum
}

// SquareMetres gives the area of a shape on the ellipsoid, its edges taken as straight in degrees, so that the sum of
// parts is the whole.
func SquareMetres(mp orb.MultiPolygon) float64 {
	sum := 0.0
	for _, poly := range mp {
		for i, ring := range poly {
			if a := math.Abs(ringArea(ring)); i == 0 {
				sum += a
			} else {
				sum -= a
			}
		}
	}
	return sum
}

func ringArea(ring orb.Ring) float64 {
	if len(ring) < 3 {
		return 0
	}
	// area = -∮ A(φ) dλ with A(φ) = a²/2 · q(φ); along an edge the mean of q by Simpson's rule
	height := authalic(ring[0][1])
	sum, q0 := 0.0, 0.0
	for i := 1; i < len(ring); i++ {
		a, b := ring[i-1], ring[i]
		q1 := authalic(b[1]) - height
		if a[0] != b[0] {
			mean := (q0 + 4*(authalic((a[1]+b[1])/2)-height) + q1) / 6
			sum -= (b[0] - a[0]) * radian * mean
		}
		q0 = q1
	}
	return sum * majorAxis * majorAxis / 2
}

// authalic is q of the latitude: the area between equator and latitude is proportional to it.
func authalic(lat float64) float64 {
	e := math.Sqrt(eccentricity2)
	sin := math.Sin(lat * radian)
	return (1 - eccentricity2) * (sin/(1-eccentricity2*sin*sin) + math.Atanh(e*sin)/e)
}
