{{/*
One entry of the MutatingWebhookConfiguration. What is written out here is not up to the admin: it is what the server
is built for. Takes "root", "name", "path", "namespaceSelector" and "matchCondition" (a name and an expression).
*/}}
{{- define "probe-injector.entry" -}}
- name: {{ .name | quote }}
  clientConfig:
    {{- include "probe-injector.clientConfig" . | nindent 4 }}
  rules:
    - apiGroups: [""]
      apiVersions: [v1]
      operations: [CREATE]
      resources: [pods]
      scope: Namespaced
  admissionReviewVersions: [v1]
  failurePolicy: {{ include "probe-injector.failurePolicy" . }}
  timeoutSeconds: {{ .root.Values.webhook.timeoutSeconds }}
  sideEffects: None
  reinvocationPolicy: Never
  matchPolicy: Equivalent
  namespaceSelector:
    {{- include "probe-injector.namespaceSelector" (dict "root" .root "selector" .namespaceSelector) | nindent 4 }}
  objectSelector:
    {{- include "probe-injector.objectSelector" .root | nindent 4 }}
  matchConditions:
    - name: {{ .matchCondition.name }}
      expression: {{ .matchCondition.expression | quote }}
    {{- with .root.Values.webhook.matchConditions }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{/* How an entry calls the server. Takes "root" and "path". */}}
{{- define "probe-injector.clientConfig" -}}
service:
  name: {{ include "probe-injector.fullname" .root | quote }}
  namespace: {{ .root.Release.Namespace | quote }}
  path: {{ .path | quote }}
  port: 443
{{- /* In the other modes it is written in the cluster, by us or by cert-manager, and nothing here may undo that. */}}
{{- if and (eq .root.Values.tls.mode "existing-secret") .root.Values.tls.existingSecret.caBundle }}
caBundle: {{ b64enc .root.Values.tls.existingSecret.caBundle }}
{{- end }}
{{- end -}}
