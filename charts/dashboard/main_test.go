package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// fixedRanges are those of figures that name their own time.
var fixedRanges = regexp.MustCompile(`\[(24h|7d|7d:1h)\]`)

func TestGrafanasOwnTypesAcceptTheFile(t *testing.T) {
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var board Dashboard
	if err := mistakes(board.UnmarshalJSONStrict(content)); err != "" {
		t.Errorf("decoding strictly: %s", err)
	}
	if err := mistakes(board.Validate()); err != "" {
		t.Errorf("validating: %s", err)
	}
	unknown := strings.Replace(string(content), `"title"`, `"titel"`, 1)
	if mistakes(new(Dashboard).UnmarshalJSONStrict([]byte(unknown))) == "" {
		t.Error("a member that Grafana does not know is accepted, so that this test shows nothing")
	}
}

// mistakes are those that Grafana's types name. Where there are none they return a nil list, which is an error that is not
// nil.
func mistakes(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// shown is what the rules below look at.
type shown struct {
	UID        string `json:"uid"`
	Templating struct {
		List []struct{ Name, Type string } `json:"list"`
	} `json:"templating"`
	Panels []shownPanel `json:"panels"`
}

type shownPanel struct {
	ID          uint32                `json:"id"`
	Type        string                `json:"type"`
	Title       string                `json:"title"`
	Description string                `json:"description"`
	Datasource  struct{ UID string }  `json:"datasource"`
	GridPos     struct{ X, W uint32 } `json:"gridPos"`
	Targets     []struct {
		Expr       string               `json:"expr"`
		Datasource struct{ UID string } `json:"datasource"`
	} `json:"targets"`
}

// TestTheDashboardWorksInAnyGrafana holds it to the rules of Grafana's own linter, which cannot be had as a module: a
// variable for the data source that everything uses, ranges that fit how often is scraped, and an address that stays.
func TestTheDashboardWorksInAnyGrafana(t *testing.T) {
	content, err := render()
	if err != nil {
		t.Fatal(err)
	}
	var board shown
	if err := json.Unmarshal(content, &board); err != nil {
		t.Fatal(err)
	}
	if board.UID != "probe-injector" {
		t.Errorf("its uid is %q: links to it would break", board.UID)
	}
	if first := board.Templating.List[0]; first.Name != "datasource" || first.Type != "datasource" {
		t.Errorf("its first variable is %+v", first)
	}
	panels := 0
	for _, p := range board.Panels {
		if p.Type == "row" {
			continue
		}
		panels++
		if p.Datasource.UID != "${datasource}" || p.Title == "" || len(p.Targets) == 0 || p.GridPos.X+p.GridPos.W > gridWidth {
			t.Errorf("panel %q: %+v", p.Title, p)
		}
		for _, target := range p.Targets {
			if target.Datasource.UID != "${datasource}" {
				t.Errorf("panel %q asks %q", p.Title, target.Datasource.UID)
			}
			// Brackets stand in patterns of labels, too.
			expr := strings.ReplaceAll(target.Expr, "[.]", "")
			ranges := strings.Count(expr, "[")
			if got := strings.Count(expr, "[$__rate_interval]") + len(fixedRanges.FindAllString(expr, -1)); got != ranges {
				t.Errorf("panel %q has a range of its own: %s", p.Title, target.Expr)
			}
		}
	}
	if panels < 14 {
		t.Errorf("it has %d panels", panels)
	}
}

func TestAStaleFileIsFound(t *testing.T) {
	file := filepath.Join(t.TempDir(), "probe-injector.json")
	if err := run(file, true); err == nil {
		t.Error("a missing file is called up to date")
	}
	if err := run(file, false); err != nil {
		t.Fatal(err)
	}
	if err := run(file, true); err != nil {
		t.Errorf("after writing: %v", err)
	}
	if err := run(path, true); err != nil {
		t.Errorf("the file of the chart: %v", err)
	}
}
