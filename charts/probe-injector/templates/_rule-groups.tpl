{{/*
The rules of the policy, grouped by their namespaceSelector: {"groups": [{"name", "namespaceSelector", "probes"}]}.
Two selectors are the same if their JSON, with sorted keys and without empty members, is. A group is named after its
first rule and asks for the probes of all its rules. The server groups in the same way: what is written here is the
other half of that contract.
*/}}
{{- define "probe-injector.ruleGroups" -}}
{{- $groups := list -}}
{{- $index := dict -}}
{{- range .Values.policy.rules -}}
{{- $rule := . -}}
{{- $selector := dict -}}
{{- range $member := list "matchLabels" "matchExpressions" -}}
{{- with get ($rule.namespaceSelector | default dict) $member -}}
{{- $_ := set $selector $member . -}}
{{- end -}}
{{- end -}}
{{- $probes := $rule.probes | default (list "readiness") -}}
{{- $key := toJson $selector -}}
{{- if hasKey $index $key -}}
{{- $group := get $index $key -}}
{{- $_ := set $group "probes" (concat $group.probes $probes | uniq) -}}
{{- else -}}
{{- $group := dict "name" (required "policy.rules: every rule needs a name" $rule.name) "namespaceSelector" $selector "probes" $probes -}}
{{- $_ := set $index $key $group -}}
{{- $groups = append $groups $group -}}
{{- end -}}
{{- end -}}
{{- dict "groups" $groups | toJson -}}
{{- end -}}
