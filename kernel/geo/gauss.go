package geo

import (
	"math"

	"github.com/paulmach/orb"
)

// Zone is a strip of the Gauss-Krüger projection on CGCS2000, as county CAD and survey data come in (GB/T 17798). Planar
// points are {easting, northing} in metres.
type Zone struct {
	Meridian float64 // central meridian in degrees
	Prefix   int     // number of the strip written before the easting, 0 for none
}

// Zone3 gives the 3° strip of a number, 25 to 45 in China; its central meridian is three times the number.
func Zone3(number int, prefixed bool) Zone { return zone(3*number, number, prefixed) }

// Zone6 gives the 6° strip of a number, 13 to 23 in China.
func Zone6(number int, prefixed bool) Zone { return zone(6*number-3, number, prefixed) }

func zone(meridian, number int, prefixed bool) Zone {
	z := Zone{Meridian: float64(meridian)}
	if prefixed {
		z.Prefix = number
	}
	return z
}

// Zone3At gives the 3° strip a longitude lies in.
func Zone3At(lon float64, prefixed bool) Zone { return Zone3(int(math.Round(lon/3)), prefixed) }

// Zone6At gives the 6° strip a longitude lies in.
func Zone6At(lon float64, prefixed bool) Zone { return Zone6(int(math.Floor(lon/6))+1, prefixed) }

const falseEasting = 500_000.0

func (z Zone) origin() float64 { return falseEasting + float64(z.Prefix)*1_000_000 }

// krueger holds the series of L. Krüger in the third flattening n, to the sixth order as given by C. Karney (2011),
// "Transverse Mercator with an accuracy of a few nanometers".
type krueger struct {
	radius      float64
	alpha, beta [6]float64
}

func newKrueger() krueger {
	n := flattening / (2 - flattening)
	n2, n3 := n*n, n*n*n
	n4, n5, n6 := n2*n2, n2*n3, n3*n3
	return krueger{
		radius: majorAxis / (1 + n) * (1 + n2/4 + n4/64 + n6/256),
		alpha: [6]float64{
			n/2 - 2*n2/3 + 5*n3/16 + 41*n4/180 - 127*n5/288 + 7891*n6/37800,
			13*n2/48 - 3*n3/5 + 557*n4/1440 + 281*n5/630 - 1983433*n6/1935360,
			61*n3/240 - 103*n4/140 + 15061*n5/26880 + 167603*n6/181440,
			49561*n4/161280 - 179*n5/168 + 6601661*n6/7257600,
			34729*n5/80640 - 3418889*n6/1995840,
			212378941 * n6 / 319334400,
		},
		beta: [6]float64{
			n/2 - 2*n2/3 + 37*n3/96 - n4/360 - 81*n5/512 + 96199*n6/604800,
			n2/48 + n3/15 - 437*n4/1440 + 46*n5/105 - 1118711*n6/3870720,
			17*n3/480 - 37*n4/840 - 209*n5/4480 + 5569*n6/90720,
			4397*n4/161280 - 11*n5/504 - 830251*n6/7257600,
			4583*n5/161280 - 108847*n6/3991680,
			20648693 * n6 / 638668800,
		},
	}
}

// Project lays a point {lon, lat} into the plane; good to a millimetre within ten degrees of the meridian.
func (z Zone) Project(p orb.Point) orb.Point {
	k := newKrueger()
	e := math.Sqrt(eccentricity2)
	sinLon, cosLon := math.Sincos((p[0] - z.Meridian) * radian)
	sin := math.Sin(p[1] * radian)
	tau := math.Sinh(math.Atanh(sin) - e*math.Atanh(e*sin)) // tangent of the conformal latitude
	xi := math.Atan2(tau, cosLon)
	eta := math.Asinh(sinLon / math.Hypot(tau, cosLon))
	x, y := eta, xi
	for i, a := range k.alpha {
		m := float64(2 * (i + 1))
		y += a * math.Sin(m*xi) * math.Cosh(m*eta)
		x += a * math.Cos(m*xi) * math.Sinh(m*eta)
	}
	return orb.Point{z.origin() + k.radius*x, k.radius * y}
}

// Unproject gives the point {lon, lat} of a planar one.
func (z Zone) Unproject(p orb.Point) orb.Point {
	k := newKrueger()
	eta, xi := (p[0]-z.origin())/k.radius, p[1]/k.radius
	x, y := eta, xi
	for i, b := range k.beta {
		m := float64(2 * (i + 1))
		y -= b * math.Sin(m*xi) * math.Cosh(m*eta)
		x -= b * math.Cos(m*xi) * math.Sinh(m*eta)
	}
	sinh, cosY := math.Sinh(x), math.Cos(y)
	tau := math.Sin(y) / math.Hypot(sinh, cosY)
	return orb.Point{z.Meridian + math.Atan2(sinh, cosY)/radian, geographic(tau) / radian}
}

// geographic gives the latitude whose conformal latitude has the tangent tau, by Newton's method.
func geographic(tau float64) float64 {
	e := math.Sqrt(eccentricity2)
	t := tau / (1 - eccentricity2)
	for range 6 {
		root := math.Hypot(1, t)
		sigma := math.Sinh(e * math.Atanh(e*t/root))
		got := t*math.Hypot(1, sigma) - sigma*root
		step := (tau - got) / math.Hypot(1, got) * (1 + (1-eccentricity2)*t*t) / ((1 - eccentricity2) * root)
		t += step
		if math.Abs(step) < 1e-15*max(1, math.Abs(t)) {
			break
		}
	}
	return math.Atan(t)
}
