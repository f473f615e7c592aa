{{/* The server's arguments, as a list. */}}
{{- define "probe-injector.arguments" -}}
- --policy=/etc/probe-injector/policy/policy.yaml
{{- $names := include "probe-injector.dnsNames" . | fromYamlArray }}
{{- if eq .Values.tls.mode "existing-secret" }}
{{- /* A certificate of the admin's needs only the name that API servers use. */}}
{{- $names = list (first $names) }}
{{- end }}
- --dns-names={{ join "," $names }}
- --listen-address=:{{ .Values.ports.webhook }}
- --health-address=:{{ .Values.ports.health }}
- --metrics-address=:{{ .Values.ports.metrics }}
- --tls-min-version={{ .Values.tls.minVersion }}
- --drain-duration={{ .Values.drainSeconds }}s
{{- with include "probe-injector.maxInFlightBytes" . }}
- --max-in-flight-bytes={{ . }}
{{- end }}
- --log-level={{ .Values.log.level }}
- --log-format={{ .Values.log.format }}
{{- if eq .Values.tls.mode "self-managed" }}
- --tls-secret={{ include "probe-injector.authoritySecret" . }}
- --namespace={{ .Release.Namespace }}
- --webhook-configurations={{ .Values.webhook.configurationName }}
{{- else }}
- --cert-dir=/etc/probe-injector/tls
{{- end }}
{{- if .Values.injectedLabel }}
- --injected-label
{{- end }}
{{- with include "probe-injector.preflightArguments" . | trim }}
{{ . }}
{{- end }}
{{- with .Values.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end -}}
