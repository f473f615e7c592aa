{{/* The namespaces that no entry ever sees. Each namespaceSelector ends with these expressions. */}}
{{- define "probe-injector.excludedNamespaces" -}}
{{- $names := concat (list "kube-system" "kube-public" "kube-node-lease") .Values.excludedNamespaces -}}
{{- /* Under Fail nobody could start our own Pods when none is running. Under Ignore our Pods' label is enough, and
somebody will install us into a namespace that has other Pods as well. */ -}}
{{- if eq .Values.webhook.failurePolicy "Fail" -}}
{{- $names = append $names .Release.Namespace -}}
{{- end -}}
- key: kubernetes.io/metadata.name
  operator: NotIn
  values: {{ $names | uniq | toJson }}
- key: probe-injector.dev/inject
  operator: NotIn
  values: ["false"]
{{- end -}}

{{/* A namespaceSelector without the excluded namespaces. Takes "root" and, if there is one, the "selector" to narrow. */}}
{{- define "probe-injector.namespaceSelector" -}}
{{- $selector := .selector | default dict -}}
{{- $excluded := include "probe-injector.excludedNamespaces" .root | fromYamlArray -}}
{{- $narrowed := dict "matchExpressions" (concat ($selector.matchExpressions | default list) $excluded) -}}
{{- with $selector.matchLabels -}}
{{- $_ := set $narrowed "matchLabels" . -}}
{{- end -}}
{{- toYaml $narrowed -}}
{{- end -}}

{{/* The Pods that every entry may see: all but our own and, with requireLabel, only labelled ones. */}}
{{- define "probe-injector.objectSelector" -}}
matchExpressions:
  - key: probe-injector.dev/component
    operator: NotIn
    values: [webhook, policy-check]
  {{- if .Values.webhook.requireLabel }}
  - key: probe-injector.dev/inject
    operator: Exists
  {{- end }}
{{- end -}}
