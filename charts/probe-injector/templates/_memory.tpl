{{/*
GOMEMLIMIT in bytes: 80 % of the memory limit. The rest is for what Go does not count. Empty where there is no limit, or
one that is written in a way that is not worth reading.
*/}}
{{- define "probe-injector.goMemoryLimit" -}}
{{- $limit := dig "limits" "memory" "" (.Values.resources | default dict) -}}
{{- if kindIs "float64" $limit -}}
{{- $limit = printf "%.0f" $limit -}}
{{- end -}}
{{- $limit = toString $limit -}}
{{- if regexMatch "^[0-9]+(Ki|Mi|Gi|k|M|G)?$" $limit -}}
{{- $units := dict "" 1 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "k" 1000 "M" 1000000 "G" 1000000000 -}}
{{- $unit := get $units (regexReplaceAll "^[0-9]+" $limit "") -}}
{{- div (mul (regexFind "^[0-9]+" $limit | int64) $unit 8) 10 -}}
{{- end -}}
{{- end -}}
