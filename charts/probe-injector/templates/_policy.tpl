{{/*
The policy file, and what a template can know to be wrong with it. What it cannot know, the servers' own check does:
templates/policy-check.yaml.
*/}}
{{- define "probe-injector.policyFile" -}}
apiVersion: probe-injector.dev/v1alpha1
kind: ProbePolicy
spec:
  {{- toYaml .Values.policy | nindent 2 }}
{{- end -}}

{{- define "probe-injector.checkPolicy" -}}
{{- $known := include "probe-injector.known" . | fromJson -}}
{{- include "probe-injector.checkRuleNames" . -}}
{{- include "probe-injector.checkHandlers" (dict "policy" .Values.policy "pattern" $known.handler) -}}
{{- include "probe-injector.checkRuleProfiles" (dict "policy" .Values.policy "profiles" $known.profiles) -}}
{{- end -}}

{{- define "probe-injector.checkRuleNames" -}}
{{- $seen := dict -}}
{{- range $i, $rule := .Values.policy.rules -}}
{{- if not (regexMatch "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$" ($rule.name | default "")) -}}
{{- fail (printf "policy.rules[%d].name: %q is no name: write lower-case letters, digits and dashes, 63 at most" $i ($rule.name | default "")) -}}
{{- end -}}
{{- if hasKey $seen $rule.name -}}
{{- fail (printf "policy.rules[%d].name: %q is the name of another rule, too: metrics, logs and the webhook's paths tell rules apart by their names" $i $rule.name) -}}
{{- end -}}
{{- $_ := set $seen $rule.name true -}}
{{- if and (kindIs "slice" $rule.probes) (not $rule.probes) -}}
{{- fail (printf "policy.rules[%d].probes: the rule would give nothing: write readiness, liveness or both, or leave it out for readiness" $i) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "probe-injector.checkHandlers" -}}
{{- $pattern := .pattern -}}
{{- range $i, $profile := .policy.profiles -}}
{{- range $kind := list "readiness" "liveness" "startup" -}}
{{- $handler := (index $profile $kind | default dict).handler | default "" -}}
{{- if and $handler (not (regexMatch $pattern $handler)) -}}
{{- if hasPrefix "exec" $handler -}}
{{- fail (printf "policy.profiles[%d].%s.handler: %q is no handler: a command is written as exec: {command: [PROGRAM, ARGUMENT]} in place of handler" $i $kind $handler) -}}
{{- end -}}
{{- fail (printf "policy.profiles[%d].%s.handler: %q is no handler: write /PATH, http:PORT/PATH, https:PORT/PATH, tcp:PORT or grpc:PORT, or exec: {command: [PROGRAM, ARGUMENT]} in place of handler" $i $kind $handler) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
What no rule could have. Of two profiles of a name the first counts, and an admin's own before a built-in one.
*/}}
{{- define "probe-injector.checkRuleProfiles" -}}
{{- $offers := merge (dict) .profiles -}}
{{- $own := dict -}}
{{- range .policy.profiles -}}
{{- if not (hasKey $own .name) -}}
{{- $offered := list -}}
{{- range $kind, $probe := dict "readiness" .readiness "liveness" .liveness -}}
{{- if and (kindIs "map" $probe) (has ($probe.offer | default "Offered") (list "Offered")) -}}
{{- $offered = append $offered $kind -}}
{{- end -}}
{{- end -}}
{{- $_ := set $own .name true -}}
{{- $_ := set $offers .name $offered -}}
{{- end -}}
{{- end -}}
{{- range $i, $rule := .policy.rules -}}
{{- with $rule.profile -}}
{{- if not (hasKey $offers .) -}}
{{- $near := list -}}
{{- $begin := trunc 3 . -}}
{{- range $name := keys $offers | sortAlpha -}}
{{- if hasPrefix $begin $name -}}
{{- $near = append $near $name -}}
{{- end -}}
{{- end -}}
{{- $meant := ternary (printf "; of this beginning there are: %s" (join ", " $near)) "" (gt (len $near) 0) -}}
{{- fail (printf "policy.rules[%d].profile: %q is no profile: it is neither built in nor one of policy.profiles%s" $i . $meant) -}}
{{- end -}}
{{- $offered := get $offers . -}}
{{- range $j, $kind := $rule.probes | default (list "readiness") -}}
{{- if not (has $kind $offered) -}}
{{- fail (printf "policy.rules[%d].probes[%d]: profile %s gives no %s probe to rules: leave it out, or name another profile" $i $j $rule.profile $kind) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Not empty where the servers' own check has something to look at: the chart's own policy was checked with the chart. */}}
{{- define "probe-injector.checksPolicy" -}}
{{- $known := include "probe-injector.known" . | fromJson -}}
{{- if and .Values.policyCheck.enabled (include "probe-injector.isOnCluster" .) (ne (toJson .Values.policy) (toJson $known.policy)) -}}true{{- end -}}
{{- end -}}
