{{/*
The affinity of our Pods: the admin's and, unless that has a podAntiAffinity, the wish to run in different zones. It is
no topologySpreadConstraint, because the scheduler ignores all soft ones on nodes that lack the label of any of them
(initPreScoreState in its podtopologyspread/scoring.go), and nodes of small clusters have no zone.
*/}}
{{- define "probe-injector.affinity" -}}
{{- $affinity := merge (dict) (.Values.affinity | default dict) -}}
{{- if not (hasKey $affinity "podAntiAffinity") -}}
{{- $zones := dict
  "topologyKey" "topology.kubernetes.io/zone"
  "labelSelector" (dict "matchLabels" (include "probe-injector.selectorLabels" . | fromYaml))
  "matchLabelKeys" (list "pod-template-hash")
-}}
{{- $preferred := list (dict "weight" 100 "podAffinityTerm" $zones) -}}
{{- $_ := set $affinity "podAntiAffinity" (dict "preferredDuringSchedulingIgnoredDuringExecution" $preferred) -}}
{{- end -}}
{{- toYaml $affinity -}}
{{- end -}}
