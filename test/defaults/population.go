package main

import (
	"fmt"
	"slices"

	"github.com/probe-injector/probe-injector/policy/timing"
)

// behaviour is how the software of one class behaves in this comparison. The figures were chosen from the reports
// they cite before any probe was simulated, not from our budgets; a start that takes longer than our budget is
// part of them.
type behaviour struct {
	class string
	// start is the time from the start of the container until the application answers.
	start distribution
	// stall is how long a healthy application is silent: garbage collection, throttling, a slow disk.
	stall distribution
	// evidence says where the figures come from.
	evidence []source
}

// source is a report that anybody can read, and what it reports.
type source struct{ url, fact string }

// usualStall holds for all classes but the data stores: most silences are a few seconds, one in a hundred lasts a
// minute.
func usualStall() distribution { return distribution{{1, 8, 60}} }

// patientStall is an assumption, twice the usual: no public measurement was found.
func patientStall() distribution { return distribution{{1, 16, 120}} }

func stallEvidence() []source {
	return []source{
		{"https://github.com/Lillecarl/nixkube/issues/58", "an event loop 7.9 s late"},
		{"https://github.com/mitodl/ol-infrastructure/pull/5359", "garbage collection holds answers for 9 s and 14.5 s"},
		{"https://github.com/egovernments/DIGIT-DevOps/pull/4893", "a health endpoint of 11.5 s under throttling"},
		{"https://github.com/akvo/akvo-rsr/pull/3477", "a worker busy for more than 60 s; that of data stores is twice as long by assumption"},
	}
}

func overloadEvidence() []source {
	return []source{
		{"https://github.com/pydantic/logfire-helm-chart/pull/245", "answers slower than 3 s while it serves"},
		{"https://github.com/Sefaria/Sefaria-Project/pull/3661", "minutes of slow answers, 17 to 20 kills for each Pod"},
		{"https://github.com/mitodl/ol-infrastructure/pull/5359", "9 s and 14.5 s"},
	}
}

// overload is how long an answer takes while an application has more work than it can do; it answers all the same.
func overload() distribution { return distribution{{1, 2, 15}} }

func behaviours() []behaviour {
	return []behaviour{
		{
			"fast", fast(), usualStall(),
			[]source{
				{"https://github.com/knative/serving/issues/1345", "a small Go server answers after 1 to 2 s"},
				{"https://github.com/SeldonIO/seldon-core/pull/5158", "Envoy after 10 to 15 s"},
				{"https://github.com/pomerium/pomerium/issues/1336", "a Go proxy after 38 to 55 s with 0.2 to 0.3 cores"},
			},
		},
		{
			"interpreted", interpreted(), usualStall(),
			[]source{
				{"https://github.com/devantler-tech/platform/pull/1714", "a Node.js dashboard after 13 s"},
				{"https://github.com/rmyndharis/OpenWA/pull/1236", "a NestJS server, more than 50 s while its database is slow"},
				{"https://github.com/invoiceninja/dockerfiles/pull/374", "a PHP application, 90 s and more with its first migration"},
			},
		},
		{
			"jvm-light", jvmLight(), usualStall(),
			[]source{
				{"https://dev.gillius.org/blog/2025/10/java-25-framework-startup.html", "Micronaut 0.7 s and Quarkus 1.2 s on a whole laptop; the tail is that under a CPU limit of a tenth"},
			},
		},
		{
			"dotnet", dotnet(), usualStall(),
			[]source{
				{"https://github.com/dotnet/aspnetcore/issues/29150", "throttled at the start by a CPU limit of 0.1 cores"},
				{"https://github.com/aspnet/KestrelHttpServer/issues/2219", "more than 5 minutes at the worst; the median is an assumption"},
			},
		},
		{
			timing.DefaultClassName, anything(), usualStall(),
			[]source{{"https://github.com/bitnami/charts/tree/5165628", "unknown software: fast, interpreted, jvm-light, dotnet, jvm and jvm-heavy in equal parts, as charts have them side by side"}},
		},
		{
			"jvm", jvm(), usualStall(),
			[]source{
				{"https://github.com/thaum-xyz/ankhmorpork/pull/988", "a Spring Boot application after 12.3 s on an idle node"},
				{"https://github.com/loculus-project/loculus/pull/4262", "more than 90 s when throttled"},
				{"https://github.com/egovernments/DIGIT-DevOps/pull/4893", "more than 3.5 minutes with 0.2 cores"},
			},
		},
		{
			"jvm-heavy", jvmHeavy(), usualStall(),
			[]source{
				{"https://github.com/suxess-it/kubriX/issues/277", "Keycloak after 1 minute"},
				{"https://github.com/uselagoon/lagoon/issues/3113", "4:20 to 7:15 minutes with an empty database"},
				{"https://github.com/openshift/origin/pull/12134", "Jenkins up to 6 minutes"},
				{"https://github.com/uselagoon/lagoon-charts/pull/403", "Keycloak, more than 10 minutes"},
			},
		},
		{
			"model", distribution{{1, 215, 2400}}, usualStall(),
			[]source{
				{"https://github.com/vllm-project/vllm/issues/20264", "a small model after 59 s"},
				{"https://github.com/vllm-project/vllm/issues/19824", "a model of 70 billion parameters: about 215 s, its weights cached"},
				{"https://docs.sambanova.ai/docs/en/sambastack/service-administration/model-deployment/custom-resources/model-deployment", "large bundles outlast 45 minutes"},
			},
		},
		{
			"database", distribution{{0.8, 8, 60}, {0.2, 300, 7200}}, patientStall(),
			[]source{
				{"https://github.com/sapcc/openstack-helm/pull/64", "PostgreSQL recovered for a minute"},
				{"https://github.com/ministryofjustice/cloud-platform/issues/5473", "Prometheus usually replays for 10 minutes, once for more than 15"},
				{"https://github.com/deis/postgres/issues/130", "a replay from object storage: under a minute to over 30"},
				{"https://github.com/paunin/PostDock/issues/143", "a few minutes to hours; one start in five with a recovery is an assumption"},
			},
		},
	}
}

func fast() distribution        { return distribution{{1, 2, 40}} }
func interpreted() distribution { return distribution{{1, 13, 100}} }
func jvmLight() distribution    { return distribution{{1, 3, 60}} }
func dotnet() distribution      { return distribution{{1, 4, 90}} }
func jvm() distribution         { return distribution{{1, 20, 240}} }
func jvmHeavy() distribution    { return distribution{{1, 90, 720}} }

// anything is an equal mixture of the classes that unknown software may belong to.
func anything() distribution {
	parts := slices.Concat(fast(), interpreted(), jvmLight(), dotnet(), jvm(), jvmHeavy())
	for i := range parts {
		parts[i].weight = 1 / float64(len(parts))
	}
	return parts
}

// subject is a class together with its behaviour.
type subject struct {
	timing.Class
	behaviour
}

func subjects() ([]subject, error) {
	known := map[string]behaviour{}
	for _, b := range behaviours() {
		known[b.class] = b
	}
	var all []subject
	for _, class := range timing.Classes() {
		b, ok := known[class.Name]
		if !ok {
			return nil, fmt.Errorf("class %s has no behaviour: add one to population.go", class.Name)
		}
		all = append(all, subject{class, b})
	}
	return all, nil
}
