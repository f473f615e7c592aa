{{/* As whom our Pods run. Where the account gets permissions it is never the one that every Pod of a namespace has. */}}
{{- define "probe-injector.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "probe-injector.fullname" .) .Values.serviceAccount.name -}}
{{- else if and (eq .Values.tls.mode "self-managed") (not .Values.serviceAccount.name) -}}
{{- fail "serviceAccount.create is false and serviceAccount.name is empty: tls.mode self-managed needs an account with permissions, and without a name it would be \"default\", which any Pod of the namespace may use; name an account" -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* Who our Pods are to the API server. */}}
{{- define "probe-injector.username" -}}
{{- printf "system:serviceaccount:%s:%s" .Release.Namespace (include "probe-injector.serviceAccountName" .) -}}
{{- end -}}

{{/*
The webhook configurations of this release, in which the server keeps its bundle: {"RESOURCE": ["NAME"]}. The permissions
and the policy that narrows them are made from it.
*/}}
{{- define "probe-injector.webhookConfigurations" -}}
mutatingwebhookconfigurations: [{{ .Values.webhook.configurationName | quote }}]
{{- if .Values.preflight.enabled }}
validatingwebhookconfigurations: [{{ .Values.preflight.configurationName | quote }}]
{{- end }}
{{- end -}}
