{{/* The names by which an API server calls us, the one that it uses first; test/certmanager/chain has the same. */}}
{{- define "probe-injector.dnsNames" -}}
{{- $name := printf "%s.%s.svc" (include "probe-injector.fullname" .) .Release.Namespace -}}
- {{ $name }}
- {{ $name }}.cluster.local
{{- end -}}

{{/* The Secret that holds the authority which the server makes for itself. */}}
{{- define "probe-injector.authoritySecret" -}}
{{ include "probe-injector.fullname" . }}-authority
{{- end -}}

{{/* The Secret with the certificate that the server mounts; empty where it makes its own. */}}
{{- define "probe-injector.certificateSecret" -}}
{{- if eq .Values.tls.mode "cert-manager" -}}
{{ include "probe-injector.fullname" . }}-tls
{{- else if eq .Values.tls.mode "existing-secret" -}}
{{- required "tls.mode existing-secret: tls.existingSecret.name must name the Secret with the certificate" .Values.tls.existingSecret.name -}}
{{- end -}}
{{- end -}}
