{{/*
How many groups of rules may match one namespace, at most. Groups whose selectors exclude each other share a class; of a
class one group at most matches a namespace. There may be fewer than that in truth, never more.
*/}}
{{- define "probe-injector.overlappingGroups" -}}
{{- $classes := list -}}
{{- range $group := (include "probe-injector.ruleGroups" . | fromJson).groups -}}
{{- $joined := false -}}
{{- $others := list -}}
{{- range $class := $classes -}}
{{- $fits := not $joined -}}
{{- if $fits -}}
{{- range $member := $class -}}
{{- if not (include "probe-injector.excludeEachOther" (dict "one" $group.namespaceSelector "other" $member)) -}}
{{- $fits = false -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $fits -}}
{{- $joined = true -}}
{{- $class = append $class $group.namespaceSelector -}}
{{- end -}}
{{- $others = append $others $class -}}
{{- end -}}
{{- $classes = $joined | ternary $others (append $others (list $group.namespaceSelector)) -}}
{{- end -}}
{{- len $classes -}}
{{- end -}}

{{/* Not empty where no namespace can match both selectors, "one" and "other": they want different things of one label. */}}
{{- define "probe-injector.excludeEachOther" -}}
{{- $others := (include "probe-injector.requirements" .other | fromJson).all -}}
{{- range $mine := (include "probe-injector.requirements" .one | fromJson).all -}}
{{- range $other := $others -}}
{{- if eq $mine.key $other.key -}}
{{- if and (eq $mine.operator "In") (eq $other.operator "In") -}}
{{- $common := list -}}
{{- range $mine.values -}}
{{- if has . $other.values -}}
{{- $common = append $common . -}}
{{- end -}}
{{- end -}}
{{- if not $common -}}true{{- end -}}
{{- else if and (eq $mine.operator "DoesNotExist") (has $other.operator (list "In" "Exists")) -}}true
{{- else if and (eq $other.operator "DoesNotExist") (has $mine.operator (list "In" "Exists")) -}}true
{{- else if and (eq $mine.operator "In") (eq $other.operator "NotIn") -}}
{{- include "probe-injector.isSubset" (dict "values" $mine.values "of" $other.values) -}}
{{- else if and (eq $mine.operator "NotIn") (eq $other.operator "In") -}}
{{- include "probe-injector.isSubset" (dict "values" $other.values "of" $mine.values) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Not empty where all values are among others. */}}
{{- define "probe-injector.isSubset" -}}
{{- $outside := list -}}
{{- range .values -}}
{{- if not (has . $.of) -}}
{{- $outside = append $outside . -}}
{{- end -}}
{{- end -}}
{{- if not $outside -}}true{{- end -}}
{{- end -}}

{{/* The requirements of a label selector, labels as such of one value: {"all": [{"key", "operator", "values"}]}. */}}
{{- define "probe-injector.requirements" -}}
{{- $all := list -}}
{{- range $key, $value := .matchLabels -}}
{{- $all = append $all (dict "key" $key "operator" "In" "values" (list $value)) -}}
{{- end -}}
{{- range .matchExpressions -}}
{{- $all = append $all (dict "key" .key "operator" .operator "values" (.values | default list)) -}}
{{- end -}}
{{- dict "all" $all | toJson -}}
{{- end -}}
