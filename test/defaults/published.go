package main

// figure is what one project ships for software of a class, in the notation of publishedTable.
type figure struct{ who, url, says string }

const bitnami = "https://github.com/bitnami/charts/tree/5165628/bitnami/"

// published are the figures beside which our classes were chosen.
func published() map[string][]figure {
	return map[string][]figure{
		"fast": {
			{"Envoy Gateway", "https://github.com/envoyproxy/gateway/tree/d32f282", "startup 0/10/1/30 (300 s), liveness 0/10/1/3"},
			{"haproxy", bitnami + "haproxy", "liveness 15/10/5/5"},
			{"nginx", bitnami + "nginx", "liveness 30/10/5/6 (90 s)"},
			{"traefik", "https://github.com/traefik/traefik-helm-chart/tree/a8a66d0", "liveness 2/10/2/3"},
		},
		"interpreted": {
			{"ghost", bitnami + "ghost", "liveness 120/10/5/6 (180 s)"},
			{"superset", bitnami + "superset", "startup 15/5/1/60 (315 s)"},
			{"wordpress", bitnami + "wordpress", "liveness 120/10/5/6"},
			{"odoo", bitnami + "odoo", "liveness 600/30/5/6"},
		},
		"jvm-light": {
			{"Quarkus, generated", "https://issues.apache.org/jira/browse/CAMEL-20990", "startup 5/10/10/3 (35 s)"},
			{"jkube, Quarkus", "https://github.com/eclipse-jkube/jkube/tree/ca090b2", "liveness 10/-/-/3"},
		},
		"dotnet": {
			{"aspnet-core", bitnami + "aspnet-core", "liveness 10/20/1/6 (130 s)"},
		},
		"generic": {
			{"median of 117 charts", "https://github.com/bitnami/charts/tree/5165628", "70 s to start without a startup probe, 120 s with one; liveness window 50 s"},
			{"their 90th percentile", "https://github.com/bitnami/charts/tree/5165628", "290 s and 310 s; liveness window 120 s"},
			{"Kubernetes' example", "https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/", "300 s to start"},
			{"Azure Container Apps", "https://learn.microsoft.com/azure/container-apps/health-probes", "240 s to start"},
			{"Cloud Run", "https://cloud.google.com/run/docs/configuring/healthchecks", "240 s to start, no liveness"},
		},
		"jvm": {
			{"jkube, Spring Boot", "https://github.com/eclipse-jkube/jkube/tree/ca090b2", "liveness 180/-/-/3 (210 s)"},
			{"tomcat", bitnami + "tomcat", "liveness 120/10/5/6 (180 s)"},
		},
		"jvm-heavy": {
			{"keycloakx", "https://github.com/codecentric/helm-charts/tree/57c2f8e", "startup 15/5/1/60 (315 s), liveness 0/10/5/3"},
			{"Keycloak's own operator", "https://github.com/keycloak/keycloak/issues/35261", "600 s to start"},
			{"Jenkins", "https://github.com/jenkinsci/helm-charts/tree/2205541", "startup -/10/5/12 (120 s), liveness -/10/5/5"},
			{"SonarQube", "https://github.com/SonarSource/helm-chart-sonarqube/tree/b6f9b63", "startup 30/10/1/24 (270 s), liveness 60/30/1/6"},
		},
		"model": {
			{"Rebellions", "https://docs.rbln.ai/latest/reference_design/coding_assistant/deployment/startup_probes.html", "startup -/30/10/240 (2 h), liveness -/30/10/10 (300 s)"},
			{"SambaNova", "https://docs.sambanova.ai/docs/en/sambastack/service-administration/model-deployment/custom-resources/model-deployment", "45 min to start"},
		},
		"database": {
			{"CloudNativePG", "https://github.com/cloudnative-pg/cloudnative-pg/tree/a95a534", "3600 s to start, liveness -/10/5/3"},
			{"OpenShift's Prometheus", "https://github.com/openshift/cluster-monitoring-operator/pull/1824", "1 h to start, as reviewed"},
			{"postgresql", bitnami + "postgresql", "liveness 30/10/5/6 (90 s)"},
			{"percona, MongoDB", "https://github.com/percona/percona-server-mongodb-operator/tree/b15af50", "2 h within the process, liveness 60/30/-/4"},
			{"Elastic, OpenSearch, Vault, Consul", "https://github.com/elastic/cloud-on-k8s/tree/7b93383", "no liveness"},
		},
	}
}
