{{/*
One entry of the ValidatingWebhookConfiguration. That it ignores our failures is not up to the admin: nobody depends on being
told. Takes "root", "name", "rules" without operations, and "expression".
*/}}
{{- define "probe-injector.preflightEntry" -}}
- name: {{ .name | quote }}
  clientConfig:
    {{- include "probe-injector.clientConfig" (dict "root" .root "path" "/preflight") | nindent 4 }}
  rules:
    {{- range .rules }}
    - apiGroups: {{ .apiGroups | toJson }}
      apiVersions: {{ .apiVersions | toJson }}
      operations: [CREATE, UPDATE]
      resources: {{ .resources | toJson }}
      scope: Namespaced
    {{- end }}
  admissionReviewVersions: [v1]
  failurePolicy: Ignore
  timeoutSeconds: 2
  sideEffects: None
  matchPolicy: Equivalent
  namespaceSelector:
    {{- include "probe-injector.namespaceSelector" (dict "root" .root) | nindent 4 }}
  objectSelector:
    matchExpressions:
      - key: probe-injector.dev/component
        operator: NotIn
        values: [webhook, policy-check]
  matchConditions:
    - name: concerns-people
      expression: {{ .expression | quote }}
{{- end -}}

{{/*
The workloads that the server is asked about: those that mention us, that no controller made, and whose template or annotations
are written now, or that a person tries out with kubectl. The API server validates every update, also one that changes
nothing, and GitOps controllers dry-run all day. Takes the path of the "template", of what is "compared", and of what has
"metadata" for Pods or Jobs.
*/}}
{{- define "probe-injector.preflightCondition" -}}
{{- $metadata := list "object.metadata" -}}
{{- range .metadata -}}
{{- $metadata = append $metadata (printf "has(object.%s.metadata) ? object.%s.metadata : {}" . .) -}}
{{- end -}}
has(object.{{ .template }}) && !(has(object.metadata.ownerReferences) && object.metadata.ownerReferences.exists(o, has(o.controller) && o.controller)) && [{{ join ", " $metadata }}].exists(m, has(m.labels) && 'probe-injector.dev/inject' in m.labels || has(m.annotations) && (size(m.annotations) <= 500 ? m.annotations.exists(k, k.contains('probe-injector') && k != 'probe-injector.dev/status') : true)) && (request.operation == 'CREATE' || object.{{ .compared }} != oldObject.{{ .compared }} || (has(object.metadata.annotations) ? object.metadata.annotations : {}) != (has(oldObject.metadata.annotations) ? oldObject.metadata.annotations : {}) || (request.dryRun && has(request.options.fieldManager) && request.options.fieldManager.startsWith('kubectl') && !request.userInfo.username.startsWith('system:serviceaccount:')))
{{- end -}}

{{/* The server's arguments about it. */}}
{{- define "probe-injector.preflightArguments" -}}
{{- if .Values.webhook.requireLabel }}
- --require-label
{{- end }}
{{- if .Values.preflight.enabled }}
- --preflight-mode={{ .Values.preflight.mode }}
- --preflight-plan={{ .Values.preflight.plan }}
{{- if eq .Values.tls.mode "self-managed" }}
- --preflight-configurations={{ .Values.preflight.configurationName }}
{{- end }}
{{- end }}
{{- end -}}
