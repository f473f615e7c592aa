package chart_test

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// TestNoDoorRefusesWhatTheServersAccept draws policies from good and bad parts: whatever the servers accept passes, and
// whatever they refuse is refused by one of the doors.
func TestNoDoorRefusesWhatTheServersAccept(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	accepted := 0
	const draws = 120
	for range draws {
		var profiles, rules []string
		names := []string{"spring-boot", "redis"}
		for i := range random.IntN(3) {
			name := "own" + strconv.Itoa(i)
			names = append(names, name)
			profiles = append(profiles, `{name: `+name+`, readiness: {handler: `+pick(`/r`, `"http:8080/r"`, `"https:/r"`, `tcp`, `"tcp:web"`, `"grpc:9000/a"`, `"http:8080"`, `r`)+
				`}, liveness: {handler: `+pick(`/l`, `"tcp:5432"`, `"https://:8443/l"`, `"grpc"`)+`, offer: `+pick(`Offered`, `OnRequest`, `""`)+`}}`)
		}
		for i := range random.IntN(4) {
			profile := ""
			if random.IntN(3) == 0 {
				profile = pick(append(names, "none")...)
			}
			rules = append(rules, `{name: r`+strconv.Itoa(i)+`, profile: "`+profile+`", probes: `+pick(`[readiness]`, `[readiness]`, `[liveness]`, `[readiness, liveness]`, `null`)+
				`, namespaceSelector: {matchLabels: {n: "`+strconv.Itoa(random.IntN(4))+`"}}, podSelector: `+pick(`{}`, `{matchLabels: {a: b}}`, `null`)+`}`)
		}
		drawn := `{mode: ` + pick(`Inject`, `Audit`, `""`) + `, style: ` + pick(`StartupProbe`, `InitialDelay`) + `, maxStartupBudget: ` + pick(`1h`, `90m`, `1h30m`, `3600s`) +
			`, rules: [` + strings.Join(rules, ", ") + `], profiles: [` + strings.Join(profiles, ", ") + `]}`
		refused, says := goThrough(t, drawn)
		server := fromValues(t, drawn)
		if (refused == byNobody) != (server == "") {
			t.Errorf("%s\nrefused by %s: %s\nthe servers say %q", drawn, refused, says, server)
		}
		if server == "" {
			accepted++
		}
	}
	if accepted < draws/5 || accepted > draws*4/5 {
		t.Errorf("%d of %d are accepted: too few of one kind", accepted, draws)
	}
}
