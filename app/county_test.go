package app_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/paulmach/orb"
	"github.com/xuri/excelize/v2"

	"chengshu/app"
	"chengshu/base/clock"
	"chengshu/base/store/storetest"
	"chengshu/kernel/geo"
	"chengshu/kernel/identity"
)

// Units of the real county's test. People and names are synthetic; the ground is real.
const (
	centre  = "/gz/zhzx/"
	cleaner = "/gz/cgj/hwzx/"
)

// realCounty is an app on the areas of a county that exists.
type realCounty struct {
	office
	table  []byte
	border orb.MultiPolygon
	towns  []geo.Area // those with a shape
}

// TestRealCounty: the whole loop of a case on real ground, from the public page to the indicator and the export.
func TestRealCounty(t *testing.T) {
	t.Parallel()
	table, border := shared(t, "data/admin-division/440981.csv"), shared(t, "data/boundary/440981.json")
	for name, open := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgreSQLURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCounty(t, open(t), table, border)
			c.people()
			c.loop()
			c.everyTown()
			c.nowhere()
			c.sheets()
			c.verify()
		})
	}
}

func newCounty(t *testing.T, url string, table, border []byte) *realCounty {
	t.Helper()
	ctx := t.Context()
	fake := clock.NewFake(time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai))
	a, err := app.New(ctx, app.Config{Dir: t.TempDir(), Database: url, County: "440981", Clock: fake, Cheap: true, Only: []string{"county", "urban"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	c := &realCounty{office: office{t: t, a: a, clock: fake, tokens: map[string]string{}}, table: table}
	g, err := geo.ParseGeometry(border, geo.GCJ02())
	if err != nil {
		t.Fatal(err)
	}
	if c.border, err = geo.NewShape(g); err != nil {
		t.Fatal(err)
	}
	c.load(border)
	if err := a.Atlas.Reload(ctx); err != nil {
		t.Fatal(err)
	}
	for _, town := range a.Atlas.Index().Children("440981") {
		if len(town.Shape) > 0 {
			c.towns = append(c.towns, town)
		}
	}
	if len(c.towns) != 28 {
		t.Fatalf("%d towns have a shape, want 28", len(c.towns))
	}
	return c
}

// load imports the areas twice. What the report says is held to the table itself, read here in another way.
func (c *realCounty) load(border []byte) {
	c.t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(c.table)).ReadAll()
	if err != nil {
		c.t.Fatal(err)
	}
	want := map[geo.Layer]geo.LevelCount{}
	var unlocated []string // towns without coordinates
	for _, row := range rows {
		level := geo.Layer(row[3])
		n := want[level]
		n.Areas++
		if row[12] != "" {
			n.Located++
		} else if level == geo.Town {
			unlocated = append(unlocated, row[0])
		}
		want[level] = n
	}
	for round := range 2 {
		got, err := geo.ImportAreas(c.t.Context(), c.a.DB, bytes.NewReader(c.table), bytes.NewReader(border), geo.GCJ02())
		if err != nil {
			c.t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.Levels); diff != "" {
			c.t.Errorf("levels: %s", diff)
		}
		if diff := cmp.Diff(unlocated, got.Shapeless); diff != "" {
			c.t.Errorf("towns without a shape: %s", diff)
		}
		wrote := [3]int{got.Inserted, got.Updated, got.Unchanged}
		if want := [2][3]int{{len(rows), 0, 0}, {0, 0, len(rows)}}[round]; wrote != want || got.Rows != len(rows) || len(got.Problems) != 0 {
			c.t.Errorf("round %d wrote %v, want %v; %v", round, wrote, want, got.Problems)
		}
	}
	if len(unlocated) != 3 || want[geo.Town].Areas != 31 {
		c.t.Errorf("the table has changed: %v, %v", want, unlocated)
	}
}

// people seats a command centre for the county and a collector in every town.
func (c *realCounty) people() {
	c.t.Helper()
	orgs := []identity.Organisation{
		{Path: "/gz/", Name: "示例县政府", Kind: "government"},
		{Path: centre, Name: "指挥中心", Kind: "centre"},
		{Path: "/gz/cgj/", Name: "城管局", Kind: "department"},
		{Path: cleaner, Name: "环卫所", Kind: "institution"},
	}
	var people []identity.NewPerson
	var posts []identity.Post
	add := func(username, name, role, org, area string) {
		people = append(people, identity.NewPerson{Username: username, Name: name})
		posts = append(posts, identity.Post{Org: org, Area: area, Roles: []string{role}})
	}
	add("slr", "受理员甲", "urban.acceptor", centre, "/")
	add("zbz", "值班长甲", "urban.duty_chief", centre, "/")
	add("pqy", "派遣员甲", "urban.dispatcher", centre, "/")
	add("pjy", "评价员甲", "urban.evaluator", centre, "/")
	add("hw", "环卫工甲", "urban.handler", cleaner, "/")
	for i, town := range c.a.Atlas.Index().Children("440981") {
		add(collectorOf(town), fmt.Sprintf("采集员%02d", i+1), "urban.collector", centre, town.Path)
	}
	c.seat(orgs, people, posts)
}

func collectorOf(town geo.Area) string { return "cjy" + town.Code[6:9] }

// inside gives a point inside a shape.
func (c *realCounty) inside(shape orb.MultiPolygon) orb.Point {
	c.t.Helper()
	p, ok := geo.LabelPoint(shape)
	if !ok {
		c.t.Fatal("a shape has no inside")
	}
	return p
}

func at(p orb.Point) map[string]string {
	return map[string]string{
		"detail": "路边成堆垃圾, 有异味", "category": "E0102", "place_address": "演示路1号",
		"place_lon": fmt.Sprintf("%.7f", p[0]), "place_lat": fmt.Sprintf("%.7f", p[1]), "reporter": "演示群众", "phone": "13900000000",
	}
}

// loop takes a citizen's report through all stages, and a second one that is the same.
func (c *realCounty) loop() {
	c.t.Helper()
	town, other := c.towns[9], c.towns[10]
	p := c.inside(town.Shape)
	number := c.report(at(p))
	again := c.report(at(orb.Point{p[0] + 0.0002, p[1]})) // some 20 m away
	if !strings.HasPrefix(number, "44098120260302") || number == again {
		c.t.Errorf("numbers %s and %s", number, again)
	}
	seen := c.find("slr", number)
	id, _ := seen["id"].(string)
	twin, _ := c.find("slr", again)["id"].(string)
	c.placed(seen, town)
	c.work("slr", id, "accept", map[string]any{"category": "E0102"})
	c.twin(twin, id, number)
	c.blind(collectorOf(other), id)
	for _, path := range listings() { // or nobody would see it there
		if got := c.get(collectorOf(town), path); !bytes.Contains(got.raw, []byte(id)) {
			c.t.Errorf("the town's own collector misses the case in %s", path)
		}
	}
	c.work(collectorOf(town), id, "confirm", map[string]any{"verify_note": "属实"})
	c.work("zbz", id, "register", map[string]any{"condition": "E0102-1"})
	c.work("pqy", id, "dispatch", map[string]any{"unit": cleaner})
	c.blind(collectorOf(other), id)
	c.work("hw", id, "done", map[string]any{"handle_note": "已清运"})
	c.work("pqy", id, "pass", nil)
	c.work(collectorOf(town), id, "pass", map[string]any{"inspect_note": "已清理"})
	c.work("zbz", id, "fixed", map[string]any{"reply": "已清运并冲洗", "may_reopen": true})
	c.track(number, "已结案", "已清运并冲洗")
	c.pass(time.Hour)
	c.track(again, "已结案", "已清运并冲洗", number)
	c.blind(collectorOf(other), id)
	c.counted(town, other)
	if merged := c.find("slr", again); merged["reply"] != "已清运并冲洗" || merged["state"] != "merged" || merged["result"] != "duplicate" {
		c.t.Errorf("the duplicate: %v %v %v", merged["state"], merged["result"], merged["reply"])
	}
	told := 0
	for _, n := range c.get("slr", "/api/v1/inbox").items("items") { // nobody signed in to report: the acceptor calls back
		if n["record"] == id || n["record"] == twin {
			told++
		}
	}
	if told != 2 {
		c.t.Errorf("the acceptor is told of %d answers, want 2", told)
	}
}

// twin finds the second report beside the first and merges it.
func (c *realCounty) twin(twin, main, number string) {
	c.t.Helper()
	found := c.get("slr", casePath(twin)+"/duplicates").items("items")
	if len(found) != 1 {
		c.t.Fatalf("%d duplicates, want 1", len(found))
	}
	first, _ := found[0]["record"].(map[string]any)
	distance, _ := found[0]["distance"].(float64)
	if first["id"] != main || distance < 15 || distance > 25 {
		c.t.Errorf("duplicate %v in %v m, want %s in some 20 m", first["number"], distance, number)
	}
	c.work("slr", twin, "duplicate", map[string]any{"merged_into": main})
}

// placed: area and grid come from the geometry; nobody said them.
func (c *realCounty) placed(seen map[string]any, town geo.Area) {
	c.t.Helper()
	place, _ := seen["place"].(map[string]any)
	if seen["area"] != town.Path || place["area"] != town.Path {
		c.t.Errorf("the case is in %v, its place in %v, want %s %s", seen["area"], place["area"], town.Path, town.Name)
	}
}

// listings are the answers that show many cases at once.
func listings() []string {
	return []string{
		"/api/v1/records/urban.case?limit=200", "/api/v1/records/urban.case?q=" + url.QueryEscape("成堆垃圾"), "/api/v1/tasks?limit=200",
		"/tiles/urban.open_cases/0/0/0.mvt",
	}
}

// blind: who has another town sees nothing of a case by any way.
func (c *realCounty) blind(who, id string) {
	c.t.Helper()
	for _, sub := range []string{"", "/history", "/tasks", "/actions", "/flow", "/timeline", "/proof", "/duplicates", "/explain"} {
		if got := c.call(who, http.MethodGet, casePath(id)+sub, nil); got.status != http.StatusNotFound {
			c.t.Errorf("%s gets %s of a case of another town: %d", who, sub, got.status)
		}
	}
	for _, path := range listings() {
		if got := c.get(who, path); bytes.Contains(got.raw, []byte(id)) {
			c.t.Errorf("%s sees a case of another town in %s", who, path)
		}
	}
	if got := c.call(who, http.MethodPost, casePath(id)+"/commands/merge", map[string]any{"data": map[string]any{"into": id}, "reason": "x"}); got.status != http.StatusNotFound {
		c.t.Errorf("%s acts on a case of another town: %d", who, got.status)
	}
}

// track asks for a number on the public page and wants words on it.
func (c *realCounty) track(number string, words ...string) {
	c.t.Helper()
	if action, names := c.form("/track"); action != "/track" || names["number"] == nil {
		c.t.Errorf("the form of /track: %s %v", action, names)
	}
	text := string(c.get("", "/track?number="+number).raw)
	for _, w := range words {
		if !strings.Contains(text, w) {
			c.t.Errorf("/track of %s does not say %q: %s", number, w, text)
		}
	}
	for _, secret := range []string{"演示群众", "13900000000", "采集员", "值班长"} {
		if strings.Contains(text, secret) {
			c.t.Errorf("/track of %s says %q", number, secret)
		}
	}
}

// rows gives an indicator cut by town as somebody sees it.
func (c *realCounty) rows(who, id string) map[string]string {
	c.t.Helper()
	out := map[string]string{}
	for _, row := range c.get(who, "/api/v1/indicators/"+id+"?by=area:2").items("rows") {
		out[fmt.Sprint(row["key"], " ", row["label"])] = fmt.Sprint(row["value"])
	}
	return out
}

// counted: the numbers stand under the town, by its name, and each person's are those of the own scope.
func (c *realCounty) counted(town, other geo.Area) {
	c.t.Helper()
	key := town.Path + " " + town.Name
	for id, value := range map[string]string{"urban.reported": "2", "urban.closed": "100.00", "urban.fixed": "100.00", "urban.verify_on_time": "100.00"} {
		if diff := cmp.Diff(map[string]string{key: value}, c.rows("zbz", id)); diff != "" {
			c.t.Errorf("%s: %s", id, diff)
		}
	}
	if got := c.rows(collectorOf(town), "urban.reported"); got[key] != "2" {
		c.t.Errorf("the town's collector counts %v", got)
	}
	if got := c.rows(collectorOf(other), "urban.reported"); len(got) != 0 {
		c.t.Errorf("another town's collector counts %v", got)
	}
}

// everyTown: a report inside each town goes to that town's collector and to no other's.
func (c *realCounty) everyTown() {
	c.t.Helper()
	numbers := map[string]geo.Area{}
	for _, town := range c.towns {
		fields := at(c.inside(town.Shape))
		fields["category"] = "E0103"
		numbers[c.report(fields)] = town
	}
	for number, town := range numbers {
		seen := c.find("slr", number)
		c.placed(seen, town)
		id, _ := seen["id"].(string)
		c.work("slr", id, "accept", map[string]any{"category": "E0103"})
	}
	for _, town := range c.towns {
		var mine []string
		for _, task := range c.get(collectorOf(town), "/api/v1/tasks?limit=200").items("items") {
			mine = append(mine, fmt.Sprint(task["number"]))
		}
		if len(mine) != 1 || numbers[mine[0]].Code != town.Code {
			c.t.Errorf("the collector of %s has the tasks %v", town.Name, mine)
		}
	}
	got := c.rows("zbz", "urban.reported")
	for i, town := range c.towns {
		want := "1"
		if i == 9 {
			want = "3" // with the two of the loop
		}
		if n := got[town.Path+" "+town.Name]; n != want {
			c.t.Errorf("%s counts %s reports, want %s", town.Name, n, want)
		}
	}
}

// nowhere: who gives no point says the village; a town without a shape is reached that way, and so is a case outside the
// county by nobody's grid.
func (c *realCounty) nowhere() {
	c.t.Helper()
	index := c.a.Atlas.Index()
	_, names := c.form("/report?type=urban.case")
	if got := len(names["place_village"]) - 2; got != 491 { // less the select itself and the choice of none
		c.t.Errorf("the form offers %d villages, want 491", got)
	}
	for _, town := range index.Children("440981") {
		villages := index.Children(town.Code)
		if len(villages) == 0 {
			continue
		}
		v := villages[len(villages)-1]
		if !slices.Contains(names["place_village"], v.Code) {
			c.t.Fatalf("the form does not offer %s", v.Name)
		}
		number := c.report(map[string]string{"detail": "路灯不亮", "category": "E0104", "place_village": v.Code, "place_address": "村口"})
		if seen := c.find("slr", number); seen["area"] != v.Path {
			c.t.Errorf("a report from %s %s is in %v, want %s", town.Name, v.Name, seen["area"], v.Path)
		}
		c.find(collectorOf(town), number)
	}
	box := c.border.Bound()
	away := orb.Point{box.Max[0] + 0.2, box.Min[1]}
	number := c.report(at(away))
	if seen := c.find("slr", number); seen["area"] != nil {
		c.t.Errorf("a report from outside the county is in %v", seen["area"])
	}
}

// sheets: the export holds every case with its town, as CSV and as XLSX.
func (c *realCounty) sheets() {
	c.t.Helper()
	text := bytes.TrimPrefix(c.get("zbz", "/api/v1/records/urban.case:export?format=csv").raw, []byte("\ufeff"))
	lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		c.t.Fatal(err)
	}
	count := c.get("zbz", "/api/v1/records/urban.case:aggregate").items("items")
	if len(count) != 1 || count[0]["value"] != float64(len(lines)-1) {
		c.t.Errorf("exported %d cases, counted %v", len(lines)-1, count)
	}
	book, err := excelize.OpenReader(bytes.NewReader(c.get("zbz", "/api/v1/records/urban.case:export?format=xlsx").raw))
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = book.Close() }()
	rows, err := book.GetRows(book.GetSheetName(0))
	if err != nil || len(rows) != len(lines) {
		c.t.Errorf("the workbook has %d rows, the text %d: %v", len(rows), len(lines), err)
	}
	if got := c.call(collectorOf(c.towns[0]), http.MethodGet, "/api/v1/records/urban.case:export?format=csv", nil); got.status != http.StatusForbidden {
		c.t.Errorf("a collector exports: %d", got.status)
	}
}
