{{/* What the API server would refuse of the NetworkPolicy's peers. */}}
{{- define "probe-injector.checkPeers" -}}
{{- if .Values.networkPolicy.enabled -}}
{{- range $name := list "callers" "scrapers" -}}
{{- range $i, $peer := index $.Values.networkPolicy $name -}}
{{- $path := printf "networkPolicy.%s[%d]" $name $i -}}
{{- if not (or (hasKey $peer "ipBlock") (hasKey $peer "podSelector") (hasKey $peer "namespaceSelector")) -}}
{{- fail (printf "%s selects nobody: write ipBlock, podSelector or namespaceSelector" $path) -}}
{{- end -}}
{{- if hasKey $peer "ipBlock" -}}
{{- if or (hasKey $peer "podSelector") (hasKey $peer "namespaceSelector") -}}
{{- fail (printf "%s has an ipBlock and a selector: make two of it" $path) -}}
{{- end -}}
{{- $block := $peer.ipBlock | default dict -}}
{{- include "probe-injector.checkCIDR" (dict "path" (printf "%s.ipBlock.cidr" $path) "cidr" ($block.cidr | default "")) -}}
{{- range $j, $except := $block.except -}}
{{- include "probe-injector.checkCIDR" (dict "path" (printf "%s.ipBlock.except[%d]" $path $j) "cidr" $except) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "probe-injector.checkCIDR" -}}
{{- $byte := "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])" -}}
{{- $four := printf "^%s(\\.%s){3}/(3[0-2]|[12]?[0-9])$" $byte $byte -}}
{{- $six := "^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*/(12[0-8]|1[01][0-9]|[1-9]?[0-9])$" -}}
{{- $cidr := toString .cidr -}}
{{- if not (or (regexMatch $four $cidr) (regexMatch $six $cidr)) -}}
{{- fail (printf "%s: %q is no range of addresses: write ADDRESS/BITS, for a single address /32 behind it, or /128 for IPv6" .path $cidr) -}}
{{- end -}}
{{- end -}}
