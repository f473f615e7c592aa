{{/* The labels by which the alerts know this release's series, as both monitors give them. */}}
{{- define "probe-injector.metricsSelector" -}}
{{- with .Values.metrics.prometheusRule.selector -}}
{{- . -}}
{{- else -}}
{{- $name := include "probe-injector.fullname" . -}}
{{- printf "namespace=%q,job=~%q" .Release.Namespace (printf "(%s/)?%s" .Release.Namespace $name) -}}
{{- end -}}
{{- end -}}

{{/* Where an alert is explained. Takes "root" and "name". */}}
{{- define "probe-injector.runbook" -}}
{{- printf "%s/blob/v%s/docs/runbooks.md#%s" .root.Chart.Home .root.Chart.AppVersion (lower .name) -}}
{{- end -}}
