{{/*
How Pods are replaced. On the node's network a new Pod needs the ports of an old one: with as many Pods as nodes it would
wait for ever for a node, so that one of several goes first. A single one never does: nothing would answer meanwhile.
*/}}
{{- define "probe-injector.updateStrategy" -}}
{{- $strategy := merge (dict) .Values.updateStrategy -}}
{{- if eq ($strategy.type | default "") "Recreate" -}}
{{- $strategy = omit $strategy "rollingUpdate" -}}
{{- else if not $strategy.rollingUpdate -}}
{{- $first := and .Values.hostNetwork (gt (int .Values.replicaCount) 1) -}}
{{- $rolling := ternary (dict "maxUnavailable" 1 "maxSurge" 0) (dict "maxUnavailable" 0 "maxSurge" 1) $first -}}
{{- $strategy = dict "type" "RollingUpdate" "rollingUpdate" $rolling -}}
{{- end -}}
{{- toYaml $strategy -}}
{{- end -}}
