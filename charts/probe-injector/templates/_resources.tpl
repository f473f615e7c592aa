{{/*
A quantity as a number, whatever the spelling that Kubernetes allows: 256Mi, 1.5Gi, 256M, 268435456, 1e9, 100m. Takes the
"quantity" and its "path" in the values.
*/}}
{{- define "probe-injector.quantity" -}}
{{- $quantity := toString .quantity -}}
{{- $units := dict "" 1.0 "n" 1e-9 "u" 1e-6 "m" 0.001 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18
  "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 "Pi" 1125899906842624.0 "Ei" 1152921504606846976.0 -}}
{{- $number := regexFind "^\\+?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][-+]?[0-9]+)?" $quantity -}}
{{- $unit := trimPrefix $number $quantity -}}
{{- if or (not $number) (not (hasKey $units $unit)) -}}
{{- fail (printf "%s: %q is no quantity: write a number, or one with a unit such as 256Mi or 100m" .path $quantity) -}}
{{- end -}}
{{- printf "%.9f" (mulf (float64 (trimPrefix "+" $number)) (get $units $unit)) -}}
{{- end -}}

{{/* Less memory than the server needs, and what the API server refuses: no quantity, and more requested than permitted. */}}
{{- define "probe-injector.checkResources" -}}
{{- $memory := include "probe-injector.memoryLimit" . -}}
{{- if and $memory (lt (float64 $memory) 67108864.0) -}}
{{- fail (printf "resources.limits.memory is %s bytes: the webhook needs 64Mi at least, of which a quarter is for reviews" $memory) -}}
{{- end -}}
{{- $resources := .Values.resources | default dict -}}
{{- $limits := $resources.limits | default dict -}}
{{- range $kind := list "limits" "requests" -}}
{{- range $name, $quantity := index $resources $kind | default dict -}}
{{- if not (kindIs "invalid" $quantity) -}}
{{- $size := include "probe-injector.quantity" (dict "quantity" $quantity "path" (printf "resources.%s.%s" $kind $name)) | float64 -}}
{{- $limit := index $limits $name -}}
{{- if and (eq $kind "requests") (not (kindIs "invalid" $limit)) -}}
{{- if gt $size (include "probe-injector.quantity" (dict "quantity" $limit "path" "") | float64) -}}
{{- fail (printf "resources.requests.%s is %v, more than resources.limits.%s, which is %v: the API server refuses such Pods; lower the request, or raise the limit" $name $quantity $name $limit) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
