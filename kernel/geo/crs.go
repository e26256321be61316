package geo

import (
	"math"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/project"

	"chengshu/base/fault"
)

// CRS is a coordinate system things come in or go out in. The zero value is CGCS2000.
type CRS struct {
	name string
	zone Zone
}

// CGCS2000 is the system everything is stored in; WGS 84 differs by centimetres and is taken for the same.
func CGCS2000() CRS { return CRS{} }

// GCJ02 is the system of AMap, Tencent and other licensed Chinese online maps.
func GCJ02() CRS { return CRS{name: "gcj02"} }

// BD09 is the system of Baidu maps, in degrees.
func BD09() CRS { return CRS{name: "bd09"} }

// GaussKrueger is a projected system in metres, {easting, northing}.
func GaussKrueger(z Zone) CRS { return CRS{name: "gk", zone: z} }

// ParseCRS reads cgcs2000, wgs84, gcj02, bd09, or EPSG:4490, EPSG:4326 and the Gauss-Krüger codes EPSG:4491 to 4554 of
// CGCS2000. The fault is Invalid "geo.crs".
func ParseCRS(s string) (CRS, error) {
	switch name := strings.ToLower(strings.TrimSpace(s)); name {
	case "", "cgcs2000", "wgs84", "epsg:4490", "epsg:4326", "crs84":
		return CGCS2000(), nil
	case "gcj02":
		return GCJ02(), nil
	case "bd09":
		return BD09(), nil
	default:
		if code, ok := strings.CutPrefix(name, "epsg:"); ok {
			if n, err := strconv.Atoi(code); err == nil {
				if z, ok := epsgZone(n); ok {
					return GaussKrueger(z), nil
				}
			}
		}
		return CRS{}, fault.New(fault.Invalid, "geo.crs", "value", s)
	}
}

// epsgZone reads the EPSG codes of Gauss-Krüger strips on CGCS2000.
func epsgZone(n int) (Zone, bool) {
	switch {
	case n >= 4491 && n <= 4501:
		return Zone6(n-4491+13, true), true
	case n >= 4502 && n <= 4512:
		return Zone6(n-4502+13, false), true
	case n >= 4513 && n <= 4533:
		return Zone3(n-4513+25, true), true
	case n >= 4534 && n <= 4554:
		return Zone3(n-4534+25, false), true
	default:
		return Zone{}, false
	}
}

// ToCGCS2000 converts a point of the system to degrees of CGCS2000.
func (c CRS) ToCGCS2000(p orb.Point) orb.Point {
	switch c.name {
	case "gcj02":
		return fromGCJ02(p)
	case "bd09":
		return fromBD09(p)
	case "gk":
		return c.zone.Unproject(p)
	default:
		return p
	}
}

// FromCGCS2000 converts degrees of CGCS2000 to the system.
func (c CRS) FromCGCS2000(p orb.Point) orb.Point {
	switch c.name {
	case "gcj02":
		return toGCJ02(p)
	case "bd09":
		return toBD09(toGCJ02(p))
	case "gk":
		return c.zone.Project(p)
	default:
		return p
	}
}

// In converts a whole geometry to CGCS2000; the given one stays as it is.
func (c CRS) In(g orb.Geometry) orb.Geometry { return convert(g, c.ToCGCS2000) }

// Out converts a whole geometry from CGCS2000; the given one stays as it is.
func (c CRS) Out(g orb.Geometry) orb.Geometry { return convert(g, c.FromCGCS2000) }

func convert(g orb.Geometry, f orb.Projection) orb.Geometry {
	if g == nil {
		return nil
	}
	return project.Geometry(orb.Clone(g), f)
}

// CheckPoint refuses what is no longitude and latitude: Invalid "geo.point".
func CheckPoint(p orb.Point) error {
	if math.IsNaN(p[0]) || math.IsNaN(p[1]) || math.Abs(p[0]) > 180 || math.Abs(p[1]) > 90 {
		return fault.New(fault.Invalid, "geo.point")
	}
	return nil
}
