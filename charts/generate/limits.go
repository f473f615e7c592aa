package main

import (
	"maps"
	"reflect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// Shapes that several values have.
const (
	dnsLabel     = `^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`
	dnsSubdomain = `^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// labelValue is at most 63 characters long.
	labelValue = `^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$`
	// qualifiedName is the key of a label, and annotationKey that of an annotation, whose prefix may have capital letters
	// (k8s.io/apimachinery/pkg/api/validation.ValidateAnnotations).
	qualifiedName = `^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`
	annotationKey = `^([A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`
	// serviceName is that of a Service, or empty.
	serviceName = `^([a-z]([-a-z0-9]{0,61}[a-z0-9])?)?$`
	// registry, repository, tag and digest are the parts of an image's name (github.com/distribution/reference, grammar).
	// The first may hold a path too, the second begin with a registry, and the third have a digest behind it.
	registry   = `^((\[[0-9A-Fa-f:]+\]|[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?)(:[0-9]+)?(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*)?$`
	repository = `^((\[[0-9A-Fa-f:]+\]|[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?):[0-9]+/)?[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`
	tag        = `^([A-Za-z0-9_][-A-Za-z0-9_.]{0,127}(@sha256:[0-9a-f]{64})?)?$`
	digest     = `^(sha256:[0-9a-f]{64})?$`
	// interval is a duration as Prometheus writes it.
	interval = `^(([0-9]+(ms|[smhdwy]))+)?$`
	// matchers are the label matchers of PromQL, without their braces. Prometheus 3 permits names in quotes.
	matchers = `^\s*(` + matcher + `(\s*,\s*` + matcher + `)*\s*,?\s*)?$`
	matcher  = `([A-Za-z_][A-Za-z0-9_]*|` + quoted + `)\s*(=|!=|=~|!~)\s*` + quoted
	quoted   = `("([^"\\]|\\.)*"|'([^'\\]|\\.)*'|\x60[^\x60]*\x60)`
)

// limits says what values may be where their default does not tell, by their path. Objects of Kubernetes are not
// described further: a field that is newer than this chart must pass, and the API server knows them best.
func limits() map[string]schema {
	known := map[string]schema{}
	for _, some := range []map[string]schema{limitsOfSelection(), limitsOfDeployment(), limitsOfNetwork(), limitsOfObservers()} {
		maps.Copy(known, some)
	}
	return known
}

func limitsOfSelection() map[string]schema {
	return map[string]schema{
		"policy": schemaOfType(reflect.TypeFor[v1alpha1.ProbePolicySpec]()),

		"webhook.failurePolicy":       oneOf("Ignore", "Fail"),
		"webhook.timeoutSeconds":      number(1, 30),
		"webhook.matchConditions":     matchConditions(),
		"webhook.configurationName":   {"type": "string", "pattern": dnsSubdomain},
		"webhook.annotations":         annotations(),
		"preflight.mode":              oneOf("Warn", "Deny"),
		"preflight.plan":              oneOf("DryRun", "Never"),
		"preflight.extraResources":    extraResources(),
		"preflight.configurationName": {"type": "string", "pattern": dnsSubdomain},
		"excludedNamespaces":          listOf(schema{"type": "string", "pattern": dnsLabel}),

		"tls.mode":                  oneOf("self-managed", "cert-manager", "existing-secret"),
		"tls.minVersion":            oneOf("1.2", "1.3"),
		"tls.certManager.issuerRef": issuerRef(),
	}
}

func limitsOfDeployment() map[string]schema {
	return map[string]schema{
		"replicaCount":         {"type": "integer", "minimum": 0},
		"image.registry":       {"type": "string", "pattern": registry},
		"image.repository":     {"type": "string", "pattern": repository},
		"image.tag":            {"type": "string", "pattern": tag},
		"image.digest":         {"type": "string", "pattern": digest},
		"image.pullPolicy":     oneOf("Always", "IfNotPresent", "Never"),
		"imagePullSecrets":     pullSecrets(),
		"priorityClassName":    {"type": "string", "pattern": "^$|" + dnsSubdomain},
		"resources":            object(),
		"log.level":            oneOf("debug", "info", "warn", "error"),
		"log.format":           oneOf("json", "text"),
		"drainSeconds":         number(0, 600),
		"revisionHistoryLimit": {"type": "integer", "minimum": 0},

		"nameOverride":     {"type": "string", "pattern": labelValue},
		"fullnameOverride": {"type": "string", "pattern": serviceName},

		"commonLabels":               labels(),
		"commonAnnotations":          annotations(),
		"deploymentAnnotations":      annotations(),
		"podLabels":                  labels(),
		"podAnnotations":             annotations(),
		"serviceAccount.name":        {"type": "string", "pattern": "^$|" + dnsSubdomain},
		"serviceAccount.annotations": annotations(),

		"extraArgs":    listOf(schema{"type": "string", "pattern": "^--"}),
		"extraEnv":     listOf(schema{"type": "object", "required": []string{"name"}}),
		"extraObjects": listOf(schema{"type": "object", "required": []string{"apiVersion", "kind"}}),

		"podDisruptionBudget.minAvailable":   {"type": []string{"integer", "string"}},
		"podDisruptionBudget.maxUnavailable": {"type": []string{"integer", "string"}},

		"updateStrategy":            object(),
		"topologySpreadConstraints": listOf(object()),
		"nodeSelector":              labels(),
		"tolerations":               listOf(object()),
		"affinity":                  object(),
		"podSecurityContext":        object(),
		"securityContext":           object(),
	}
}

func limitsOfNetwork() map[string]schema {
	return map[string]schema{
		"ports.webhook": number(1, 65535),
		"ports.health":  number(1, 65535),
		"ports.metrics": number(1, 65535),
		"dnsPolicy":     oneOf("", "ClusterFirst", "ClusterFirstWithHostNet", "Default"),

		"service.annotations":    annotations(),
		"service.ipFamilyPolicy": oneOf("", "SingleStack", "PreferDualStack", "RequireDualStack"),

		"networkPolicy.callers":        listOf(object()),
		"networkPolicy.scrapers":       listOf(object()),
		"networkPolicy.apiServerPorts": {"type": "array", "items": number(1, 65535), "minItems": 1},
	}
}

func limitsOfObservers() map[string]schema {
	return map[string]schema{
		"metrics.serviceMonitor.interval": {"type": "string", "pattern": interval},
		"metrics.serviceMonitor.labels":   labels(),
		"metrics.podMonitor.interval":     {"type": "string", "pattern": interval},
		"metrics.podMonitor.labels":       labels(),
		"metrics.prometheusRule.labels":   labels(),
		"metrics.prometheusRule.selector": {"type": "string", "pattern": matchers},
		"metrics.dashboard.labels":        labels(),
		"metrics.dashboard.annotations":   annotations(),

		"validatingAdmissionPolicy.probes": {
			"type": "array", "items": oneOf("readiness", "liveness"), "minItems": 1, "uniqueItems": true,
		},
		"validatingAdmissionPolicy.namespaceSelector": schemaOfType(reflect.TypeFor[metav1.LabelSelector]()),
	}
}

// object is an object of Kubernetes.
func object() schema { return schema{"type": "object"} }

// labels is a mapping of labels.
func labels() schema {
	return schema{
		"type": "object", "propertyNames": schema{"pattern": qualifiedName},
		"additionalProperties": schema{"type": "string", "pattern": labelValue},
	}
}

// annotations is a mapping of annotations.
func annotations() schema {
	return schema{
		"type": "object", "propertyNames": schema{"pattern": annotationKey},
		"additionalProperties": schema{"type": "string"},
	}
}

func listOf(items schema) schema { return schema{"type": "array", "items": items} }

func oneOf(words ...string) schema { return schema{"type": "string", "enum": words} }

func number(lowest, highest int) schema {
	return schema{"type": "integer", "minimum": lowest, "maximum": highest}
}

// matchConditions: an entry may have 64, and one is ours.
func matchConditions() schema {
	return schema{
		"type": "array", "maxItems": 63,
		"items": schema{
			"type": "object", "additionalProperties": false, "required": []string{"name", "expression"},
			"properties": schema{
				"name":       schema{"type": "string", "pattern": `^([-A-Za-z0-9_./]*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`},
				"expression": schema{"type": "string", "minLength": 1},
			},
		},
	}
}

// extraResources are rules of a webhook; operations and scope are ours.
func extraResources() schema {
	words := schema{"type": "array", "minItems": 1, "items": schema{"type": "string"}}
	return listOf(schema{
		"type": "object", "additionalProperties": false, "required": []string{"apiGroups", "apiVersions", "resources"},
		"properties": schema{"apiGroups": words, "apiVersions": words, "resources": words},
	})
}

// pullSecrets are references to Secrets, which have nothing but a name.
func pullSecrets() schema {
	return listOf(schema{
		"type": "object", "additionalProperties": false, "required": []string{"name"},
		"properties": schema{"name": schema{"type": "string", "pattern": dnsSubdomain}},
	})
}

// issuerRef is nothing, or has a name.
func issuerRef() schema {
	text := schema{"type": "string"}
	return schema{
		"type": "object", "additionalProperties": false,
		"properties": schema{"name": text, "kind": text, "group": text},
		"anyOf":      []schema{{"maxProperties": 0}, {"required": []string{"name"}}},
	}
}
