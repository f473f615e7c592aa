{{/* The server's arguments, as a list. */}}
{{- define "probe-injector.arguments" -}}
- --policy=/etc/probe-injector/policy/policy.yaml
- --dns-names={{ include "probe-injector.dnsNames" . | fromYamlArray | join "," }}
- --listen-address=:{{ .Values.ports.webhook }}
- --health-address=:{{ .Values.ports.health }}
- --metrics-address=:{{ .Values.ports.metrics }}
- --tls-min-version={{ .Values.tls.minVersion }}
- --drain-duration={{ .Values.drainSeconds }}s
- --log-level={{ .Values.log.level }}
- --log-format={{ .Values.log.format }}
{{- if eq .Values.tls.mode "self-managed" }}
- --tls-secret={{ include "probe-injector.authoritySecret" . }}
- --namespace={{ .Release.Namespace }}
- --webhook-configurations={{ .Values.webhook.configurationName }}
{{- else }}
- --cert-dir=/etc/probe-injector/tls
{{- end }}
{{- if .Values.statusLabel }}
- --status-label
{{- end }}
{{- with .Values.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end -}}
