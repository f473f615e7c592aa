{{/*
The failurePolicy of an entry. Takes "root" and "name". The bundle of a new entry is written in the cluster, a moment after
the entry itself, and under Fail every Pod that the entry matches would be refused in that moment. So an upgrade brings it
with Ignore, and the next upgrade, which finds its bundle, sets it to Fail. Only Helm on a cluster can know (lookup).
*/}}
{{- define "probe-injector.failurePolicy" -}}
{{- if has .name (include "probe-injector.newEntries" .root | fromYamlArray) -}}Ignore
{{- else -}}
{{- .root.Values.webhook.failurePolicy -}}
{{- end -}}
{{- end -}}

{{/* The names of the entries that an upgrade under Fail brings, and that have no bundle yet. */}}
{{- define "probe-injector.newEntries" -}}
{{- $new := list -}}
{{- $given := and (eq .Values.tls.mode "existing-secret") .Values.tls.existingSecret.caBundle -}}
{{- if and (eq .Values.webhook.failurePolicy "Fail") .Release.IsUpgrade (not $given) (include "probe-injector.isOnCluster" .) -}}
{{- $live := lookup "admissionregistration.k8s.io/v1" "MutatingWebhookConfiguration" "" .Values.webhook.configurationName | default dict -}}
{{- $trusted := list -}}
{{- range $live.webhooks -}}
{{- if .clientConfig.caBundle -}}
{{- $trusted = append $trusted .name -}}
{{- end -}}
{{- end -}}
{{- range include "probe-injector.entryNames" . | fromYamlArray -}}
{{- if not (has . $trusted) -}}
{{- $new = append $new . -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $new -}}
{{- end -}}

{{/* The names of all entries, in their order. */}}
{{- define "probe-injector.entryNames" -}}
- annotated.probe-injector.dev
{{- range (include "probe-injector.ruleGroups" . | fromJson).groups }}
- {{ .name }}.rules.probe-injector.dev
{{- end }}
{{- end -}}

{{/*
Not empty where Helm renders for a cluster that it reaches: only from there it knows the kinds of each version of the API.
helm template and what is built on it know versions only.
*/}}
{{- define "probe-injector.isOnCluster" -}}
{{- if .Capabilities.APIVersions.Has "v1/Pod" -}}true{{- end -}}
{{- end -}}
