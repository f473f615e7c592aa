{{/* The memory limit in bytes. Empty where there is none. */}}
{{- define "probe-injector.memoryLimit" -}}
{{- $limits := (.Values.resources | default dict).limits | default dict -}}
{{- with $limits.memory -}}
{{- printf "%.0f" (include "probe-injector.quantity" (dict "quantity" . "path" "resources.limits.memory") | float64 | floor) -}}
{{- end -}}
{{- end -}}

{{/* GOMEMLIMIT in bytes: 80 % of the memory limit. The rest is for what Go does not count. */}}
{{- define "probe-injector.goMemoryLimit" -}}
{{- with include "probe-injector.memoryLimit" . -}}
{{- printf "%.0f" (mulf (float64 .) 0.8 | floor) -}}
{{- end -}}
{{- end -}}

{{/*
--max-in-flight-bytes where the memory limit is lower than the default's, 256Mi, of which the server's own 64 MiB are a
quarter. 16 MiB is the least that it takes: one review of the largest that an API server sends, and what is copied of it.
*/}}
{{- define "probe-injector.maxInFlightBytes" -}}
{{- with include "probe-injector.memoryLimit" . -}}
{{- $limit := float64 . -}}
{{- if lt $limit 268435456.0 -}}
{{- printf "%.0f" (divf $limit 4.0 | floor) -}}
{{- end -}}
{{- end -}}
{{- end -}}
