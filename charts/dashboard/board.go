package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// uid stays the same for ever, so that links to the dashboard do.
const uid = "probe-injector"

// A row of Grafana's grid is 24 wide.
const gridWidth = 24

// Dashboard is Grafana's first schema. Its successor is read by Grafana 12 and later only, this one by all that are in use.
type Dashboard = dashboard.Dashboard //nolint:staticcheck // deprecated for what older Grafanas do not read

// build is the dashboard with all rows.
func build() (Dashboard, error) {
	//nolint:staticcheck // as above
	board := dashboard.NewDashboardBuilder("probe-injector").
		Uid(uid).
		Description("The webhook that adds probes to Pods: what it answers, what it adds, what it skips, and what the probes do to workloads.").
		Tags([]string{"probe-injector", "kubernetes"}).
		Timezone("browser").
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		Refresh("1m").
		Time("now-24h", "now").
		Readonly().
		WithVariable(dashboard.NewDatasourceVariableBuilder("datasource").Label("Data source").Type("prometheus")).
		WithVariable(choice("namespace", "Namespace of the release", `label_values(probe_injector_build_info, namespace)`)).
		WithVariable(choice("job", "Job of the release", `label_values(probe_injector_build_info{namespace=~"$namespace"}, job)`))
	for _, r := range rows() {
		board = board.WithRow(dashboard.NewRowBuilder(r.title))
		for _, p := range r.panels {
			board = board.WithPanel(p.builder(gridWidth / uint32(len(r.panels)))) //nolint:gosec // a handful
		}
	}
	return board.Build()
}

// choice is a variable with the values of a label, all of them at first.
func choice(name, label, query string) *dashboard.QueryVariableBuilder {
	return dashboard.NewQueryVariableBuilder(name).
		Label(label).
		Datasource(source()).
		Query(dashboard.StringOrMap{String: &query}).
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
		Multi(true).
		IncludeAll(true).
		AllValue(".+").
		Current(dashboard.VariableOption{
			Text:  dashboard.StringOrArrayOfString{ArrayOfString: []string{"All"}},
			Value: dashboard.StringOrArrayOfString{ArrayOfString: []string{"$__all"}},
		})
}

// source is the Prometheus that whoever looks has chosen.
func source() common.DataSourceRef {
	return common.DataSourceRef{Type: new("prometheus"), Uid: new("${datasource}")}
}

// builder makes Grafana's panel of one in the table.
func (p panel) builder(width uint32) cog.Builder[dashboard.Panel] {
	switch p.kind {
	case figure:
		return stat.NewPanelBuilder().Title(p.title).Description(p.description).Datasource(source()).
			Span(width).Height(4).Unit(p.unit).NoValue(p.none).
			GraphMode(common.BigValueGraphModeNone).Targets(p.targets(false))
	case list:
		return table.NewPanelBuilder().Title(p.title).Description(p.description).Datasource(source()).
			Span(width).Height(8).Unit(p.unit).NoValue(p.none).Targets(p.targets(true)).
			WithTransformation(dashboard.DataTransformerConfig{
				Id: "organize", Options: map[string]any{"excludeByName": map[string]bool{"Time": true, "__name__": true}},
			}).
			SortBy([]cog.Builder[common.TableSortByFieldState]{
				common.NewTableSortByFieldStateBuilder().DisplayName("Value").Desc(true),
			})
	default:
		return timeseries.NewPanelBuilder().Title(p.title).Description(p.description).Datasource(source()).
			Span(width).Height(8).Unit(p.unit).NoValue(p.none).Min(0).
			Legend(common.NewVizLegendOptionsBuilder().DisplayMode(common.LegendDisplayModeList).
				Placement(common.LegendPlacementBottom).ShowLegend(true)).
			Targets(p.targets(false))
	}
}

// targets are the queries of a panel.
func (p panel) targets(asTable bool) []cog.Builder[variants.Dataquery] {
	var all []cog.Builder[variants.Dataquery]
	for i, q := range p.queries {
		target := prometheus.NewDataqueryBuilder().
			Datasource(source()).
			RefId(string(rune('A' + i))).
			Expr(q.expr).
			LegendFormat(q.legend)
		switch {
		case asTable:
			target = target.Instant().Format(prometheus.PromQueryFormatTable)
		case p.kind == figure:
			target = target.Instant()
		default:
			target = target.Range()
		}
		all = append(all, target)
	}
	return all
}
