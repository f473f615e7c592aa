package alerts

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// ours are the labels of a series of the release, and others those of what looks alike.
const (
	ours       = `namespace="probes",job="probe-injector",pod="a"`
	second     = `namespace="probes",job="probe-injector",pod="b"`
	oursByPods = `namespace="probes",job="probes/probe-injector",pod="a"`
	others     = `namespace="other",job="probe-injector",pod="c"`
	apiServer  = `job="apiserver",instance="10.0.0.1:6443"`
	entry      = `name="annotated.probe-injector.dev",` + apiServer
)

// trial is what an alert does with series. Each has a value a minute.
type trial struct {
	name, alert, values string
	series              []string
	// after is when it is looked at, and fires whether the alert fires then.
	after time.Duration
	fires bool
}

func TestAlerts(t *testing.T) {
	var trials []trial
	for _, some := range [][]trial{absent(), missed(), errored(), expires(), states(), restarting(), neverReady()} {
		trials = append(trials, some...)
	}
	tried := map[string]map[bool]bool{}
	for _, c := range trials {
		t.Run(c.alert+" "+c.name, func(t *testing.T) {
			if got := fires(t, c.values, c.alert, c.series, c.after); got != c.fires {
				t.Errorf("it fires: %t, want %t", got, c.fires)
			}
		})
		if tried[c.alert] == nil {
			tried[c.alert] = map[bool]bool{}
		}
		tried[c.alert][c.fires] = true
	}
	for _, rule := range rulesOf(t, workloads) {
		if rule.Alert != "" && (!tried[rule.Alert][true] || !tried[rule.Alert][false]) {
			t.Errorf("%s is not shown to fire, and not to fire", rule.Alert)
		}
	}
}

func absent() []trial {
	const alert = "ProbeInjectorAbsent"
	return []trial{
		{"fires when no replica reports for a quarter of an hour", alert, "", []string{`probe_injector_build_info{` + ours + `} 1x10 stale`}, 26 * time.Minute, true},
		{"fires when only another release reports", alert, "", []string{`probe_injector_build_info{` + others + `} 1x60`}, 30 * time.Minute, true},
		{"is quiet while one of two replicas reports", alert, "", []string{
			`probe_injector_build_info{` + ours + `} 1x10 stale`, `probe_injector_build_info{` + second + `} 1x60`,
		}, 40 * time.Minute, false},
		{"is quiet where the PodMonitor scrapes", alert, "", []string{`probe_injector_build_info{` + oursByPods + `} 1x60`}, 40 * time.Minute, false},
		{"is quiet during a restart", alert, "", []string{`probe_injector_build_info{` + ours + `} 1x10 _x10 1x30`}, 40 * time.Minute, false},
	}
}

func missed() []trial {
	var all []trial
	for alert, metric := range map[string]string{
		"ProbeInjectorMissed":  `apiserver_admission_webhook_fail_open_count{%s}`,
		"ProbeInjectorRefused": `apiserver_admission_webhook_rejection_count{error_type="calling_webhook_error",%s}`,
	} {
		series := func(labels, values string) string { return fmt.Sprintf(metric, labels) + " " + values }
		up := "up{" + apiServer + "} 1x120"
		all = append(all,
			trial{"fires when the count grows", alert, "", []string{up, series(entry, "3x30 4x10")}, 35 * time.Minute, true},
			trial{"fires at the very first one", alert, "", []string{up, series(entry, "_x30 1x20")}, 33 * time.Minute, true},
			trial{"fires for an entry of a rule", alert, "", []string{up, series(strings.Replace(entry, "annotated", "shops.rules", 1), "0x30 1x10")}, 35 * time.Minute, true},
			trial{"fires for one of several API servers", alert, "", []string{
				up, series(entry, "3x60"), "up{" + strings.Replace(apiServer, "10.0.0.1", "10.0.0.2", 1) + "} 1x120",
				series(strings.Replace(entry, "10.0.0.1", "10.0.0.2", 1), "_x30 1x20"),
			}, 33 * time.Minute, true},
			trial{"is quiet when the count stands", alert, "", []string{up, series(entry, "3x60")}, 50 * time.Minute, false},
			trial{"is quiet a quarter of an hour later", alert, "", []string{up, series(entry, "3x30 4x60")}, 50 * time.Minute, false},
			trial{"is quiet when Prometheus begins to scrape", alert, "", []string{"up{" + apiServer + "} _x30 1x20", series(entry, "_x30 7x20")}, 33 * time.Minute, false},
			trial{"is quiet when an API server restarts", alert, "", []string{up, series(entry, "7x30 0x20")}, 35 * time.Minute, false},
			trial{"is quiet when people are told nothing at apply", alert, "", []string{up, series(`name="workloads.preflight.probe-injector.dev",`+apiServer, "3+1x60")}, 35 * time.Minute, false},
			trial{"is quiet for a webhook of others", alert, "", []string{up, series(`name="sidecar-injector.istio.io",`+apiServer, "3+1x60")}, 35 * time.Minute, false},
		)
	}
	refused := `apiserver_admission_webhook_rejection_count{error_type="no_error",` + entry + `} 3+1x60`
	return append(all, trial{"is quiet when a webhook itself refuses", "ProbeInjectorRefused", "", []string{"up{" + apiServer + "} 1x120", refused}, 35 * time.Minute, false})
}

func errored() []trial {
	const alert = "ProbeInjectorErrors"
	errs := func(stage, values string) string {
		return `probe_injector_errors_total{stage="` + stage + `",` + ours + `} ` + values
	}
	reviews := `probe_injector_reviews_total{result="patched",` + ours + `} 0+600x60`
	return []trial{
		{"fires when a twentieth fails for ten minutes", alert, "", []string{errs("slot", "0+30x60"), reviews}, 40 * time.Minute, true},
		{"fires on a bug with every second review", alert, "", []string{errs("panic", "0+300x60"), reviews}, 40 * time.Minute, true},
		{"is quiet about one error", alert, "", []string{errs("panic", "0x20 1x40"), reviews}, 22 * time.Minute, false},
		{"is quiet about one request where nothing else comes", alert, "", []string{errs("budget", "0x20 1x40"), `probe_injector_reviews_total{` + ours + `} 5x60`}, 22 * time.Minute, false},
		{"is quiet about one request among few", alert, "", []string{errs("budget", "0x20 1x40"), `probe_injector_reviews_total{` + ours + `} 0x19 3x41`}, 24 * time.Minute, false},
		{"is quiet about requests that are none of an API server", alert, "", []string{errs("decode", "0+600x60"), reviews}, 40 * time.Minute, false},
		{"is quiet about a short overload", alert, "", []string{errs("slot", "0x20 0+300x4 1200x40"), reviews}, 27 * time.Minute, false},
		{"is quiet about a failure in ten thousand", alert, "", []string{errs("slot", "0+1x60"), `probe_injector_reviews_total{` + ours + `} 0+10000x60`}, 40 * time.Minute, false},
		{"is quiet about another release", alert, "", []string{strings.ReplaceAll(errs("slot", "0+30x60"), "probes", "other"), reviews}, 40 * time.Minute, false},
	}
}

func expires() []trial {
	const (
		alert   = "ProbeInjectorCertificateExpires"
		files   = "tls: {mode: cert-manager}"
		day     = 24 * 60 * 60
		quarter = 16 * time.Minute
	)
	served := func(lifetime, remaining int) []string {
		return []string{
			fmt.Sprintf("probe_injector_certificate_not_after_timestamp_seconds{%s} %dx60", ours, remaining),
			fmt.Sprintf("probe_injector_certificate_not_before_timestamp_seconds{%s} %dx60", ours, remaining-lifetime),
		}
	}
	return []trial{
		{"fires a week before the end of 90 days", alert, files, served(90*day, 6*day), quarter, true},
		{"fires when a fifth of a day is left", alert, files, served(day, day/6), quarter, true},
		{"fires when a fifth of an hour is left", alert, files, served(2*60*60, 20*60), quarter, true},
		{"fires for one of two replicas", alert, files, append(served(90*day, 6*day), strings.ReplaceAll(served(90*day, 60*day)[0], ours, second), strings.ReplaceAll(served(90*day, 60*day)[1], ours, second)), quarter, true},
		{"fires on the last day of one of our own", alert, "", served(30*day, day/2), quarter, true},
		{"is quiet when renewal is due, a month before the end of 90 days", alert, files, served(90*day, 29*day), quarter, false},
		{"is quiet in the life of a day, before renewal at two thirds", alert, files, served(day, day/3), quarter, false},
		{"is quiet in the life of five days", alert, files, served(5*day, 2*day), quarter, false},
		{"is quiet a month before the end of a year", alert, files, served(365*day, 30*day), quarter, false},
		{"is quiet days before the end of one of our own", alert, "", served(30*day, 5*day), quarter, false},
		{"is quiet about another release", alert, files, []string{strings.ReplaceAll(served(day, 60)[0], ours, others), strings.ReplaceAll(served(day, 60)[1], ours, others)}, quarter, false},
	}
}

// states are those that a gauge tells.
func states() []trial {
	gauge := func(name, labels, values string) string { return name + "{" + labels + "} " + values }
	const (
		trusted = "probe_injector_certificate_trusted"
		entries = "probe_injector_webhook_entries"
		policy  = "probe_injector_policy_last_reload_successful"
	)
	return []trial{
		{"fires when one of two replicas is not trusted", "ProbeInjectorCertificateUntrusted", "", []string{gauge(trusted, ours, "1x60"), gauge(trusted, second, "0x60")}, 5 * time.Minute, true},
		{"is quiet while a bundle is being written", "ProbeInjectorCertificateUntrusted", "", []string{gauge(trusted, ours, "1x10 0x1 1x30")}, 12 * time.Minute, false},
		{"is quiet when the configuration was deleted", "ProbeInjectorCertificateUntrusted", "", []string{gauge(trusted, ours, "1x60"), gauge(entries, ours, "0x60")}, 30 * time.Minute, false},
		{"is quiet about another release", "ProbeInjectorCertificateUntrusted", "", []string{gauge(trusted, ours, "1x60"), gauge(trusted, others, "0x60")}, 5 * time.Minute, false},
		{"fires a day after the configuration was deleted", "ProbeInjectorSwitchedOff", "", []string{gauge(entries, ours, "0x1500")}, 1450 * time.Minute, true},
		{"is quiet hours after that", "ProbeInjectorSwitchedOff", "", []string{gauge(entries, ours, "0x1500")}, 600 * time.Minute, false},
		{"is quiet while one replica is called", "ProbeInjectorSwitchedOff", "", []string{gauge(entries, ours, "0x1500"), gauge(entries, second, "2x1500")}, 1450 * time.Minute, false},
		{"fires while a wrong policy stays", "ProbeInjectorPolicyNotReloaded", "", []string{gauge(policy, ours, "1x10 0x300")}, 290 * time.Minute, true},
		{"fires when one of two replicas started with it", "ProbeInjectorPolicyNotReloaded", "", []string{gauge(policy, ours, "1x60"), gauge(policy, second, "0x60")}, 10 * time.Minute, true},
		{"is quiet when it was corrected soon", "ProbeInjectorPolicyNotReloaded", "", []string{gauge(policy, ours, "1x10 0x3 1x60")}, 20 * time.Minute, false},
		{"is quiet about another release", "ProbeInjectorPolicyNotReloaded", "", []string{gauge(policy, ours, "1x60"), gauge(policy, others, "0x60")}, 20 * time.Minute, false},
	}
}
