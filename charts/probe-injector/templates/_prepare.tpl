{{/*
Stands at the beginning of every file: completes the values and ends with one sentence where they cannot be right. Nothing
below has to ask whether a value is there.
*/}}
{{- define "probe-injector.prepare" -}}
{{- include "probe-injector.complete" (dict "values" .Values "defaults" (include "probe-injector.defaults" . | fromJson)) -}}
{{- include "probe-injector.checks" . -}}
{{- end -}}

{{/* Sets what is absent in "values" to what "defaults" has. merge would take false and 0 for absent. */}}
{{- define "probe-injector.complete" -}}
{{- range $key, $default := .defaults -}}
{{- $value := index $.values $key -}}
{{- if kindIs "invalid" $value -}}
{{- $_ := set $.values $key $default -}}
{{- else if and (kindIs "map" $default) (kindIs "map" $value) -}}
{{- include "probe-injector.complete" (dict "values" $value "defaults" $default) -}}
{{- end -}}
{{- end -}}
{{- end -}}
