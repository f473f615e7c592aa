{{/*
The rules of the policy, grouped by their namespaceSelector: {"groups": [{"name", "namespaceSelector", "probes"}]}.
Two selectors are the same if their JSON is, with sorted keys and without empty members, as Go encodes a LabelSelector.
A group is named after its first rule and asks for the probes of all its rules. The server knows a group by the name of
each of its rules, and may see that two selectors mean the same where this cannot; never the other way round.
*/}}
{{- define "probe-injector.ruleGroups" -}}
{{- $groups := list -}}
{{- $index := dict -}}
{{- range .Values.policy.rules -}}
{{- $rule := . -}}
{{- $selector := include "probe-injector.withoutEmptyMembers" ($rule.namespaceSelector | default dict) -}}
{{- $probes := $rule.probes | default (list "readiness") -}}
{{- if hasKey $index $selector -}}
{{- $group := get $index $selector -}}
{{- $_ := set $group "probes" (concat $group.probes $probes | uniq) -}}
{{- else -}}
{{- $name := required "policy.rules: every rule needs a name" $rule.name -}}
{{- $group := dict "name" $name "namespaceSelector" (fromJson $selector) "probes" $probes -}}
{{- $_ := set $index $selector $group -}}
{{- $groups = append $groups $group -}}
{{- end -}}
{{- end -}}
{{- dict "groups" $groups | toJson -}}
{{- end -}}

{{/* A label selector as JSON. */}}
{{- define "probe-injector.withoutEmptyMembers" -}}
{{- $selector := dict -}}
{{- with .matchLabels -}}
{{- $_ := set $selector "matchLabels" . -}}
{{- end -}}
{{- with .matchExpressions -}}
{{- $expressions := list -}}
{{- range . -}}
{{- $expression := dict "key" .key "operator" .operator -}}
{{- with .values -}}
{{- $_ := set $expression "values" . -}}
{{- end -}}
{{- $expressions = append $expressions $expression -}}
{{- end -}}
{{- $_ := set $selector "matchExpressions" $expressions -}}
{{- end -}}
{{- toJson $selector -}}
{{- end -}}
