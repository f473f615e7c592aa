{{/*
The memory limit in bytes, whatever the spelling that Kubernetes allows: 256Mi, 1.5Gi, 256M, 268435456, 1e9, 268435456000m.
Empty where there is none.
*/}}
{{- define "probe-injector.memoryLimit" -}}
{{- $limits := (.Values.resources | default dict).limits | default dict -}}
{{- $limit := $limits.memory | default "" | toString -}}
{{- if $limit -}}
{{- $units := dict "" 1.0 "m" 0.001 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18
  "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 "Pi" 1125899906842624.0 "Ei" 1152921504606846976.0 -}}
{{- $number := regexFind "^\\+?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][-+]?[0-9]+)?" $limit -}}
{{- $unit := trimPrefix $number $limit -}}
{{- if or (not $number) (not (hasKey $units $unit)) -}}
{{- fail (printf "resources.limits.memory: %q is no quantity: write a number of bytes, or one with a unit such as 256Mi" $limit) -}}
{{- end -}}
{{- printf "%.0f" (mulf (float64 (trimPrefix "+" $number)) (get $units $unit) | floor) -}}
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
{{- if lt $limit 67108864.0 -}}
{{- fail (printf "resources.limits.memory is %s bytes: the webhook needs 64Mi at least, of which a quarter is for reviews" .) -}}
{{- end -}}
{{- if lt $limit 268435456.0 -}}
{{- printf "%.0f" (divf $limit 4.0 | floor) -}}
{{- end -}}
{{- end -}}
{{- end -}}
