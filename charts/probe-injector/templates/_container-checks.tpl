{{/*
What would be refused of our Pods, or would keep them from ever being ready, when other objects of the release are there
already.
*/}}
{{- define "probe-injector.checkContainer" -}}
{{- include "probe-injector.checkResources" . -}}
{{- include "probe-injector.checkUser" . -}}
{{- include "probe-injector.checkExtraArgs" . -}}
{{- include "probe-injector.checkExtraEnv" . -}}
{{- end -}}

{{/* The kubelet never starts such a container (verifyRunAsNonRoot); what the container says wins over the Pod. */}}
{{- define "probe-injector.checkUser" -}}
{{- $effective := dict -}}
{{- range $context := list .Values.podSecurityContext .Values.securityContext -}}
{{- range $field := list "runAsNonRoot" "runAsUser" -}}
{{- $value := index ($context | default dict) $field -}}
{{- if not (kindIs "invalid" $value) -}}
{{- $_ := set $effective $field $value -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and $effective.runAsNonRoot (eq (toString $effective.runAsUser) "0") -}}
{{- fail "runAsUser is 0 and runAsNonRoot is true: the kubelet starts no such container; leave runAsUser out, since the image brings its own user, 65532" -}}
{{- end -}}
{{- end -}}

{{/* Only the chart's own image is known to have these flags and no other. */}}
{{- define "probe-injector.checkExtraArgs" -}}
{{- $known := include "probe-injector.serverFlags" . | fromYamlArray -}}
{{- $addresses := dict "listen-address" "webhook" "health-address" "health" "metrics-address" "metrics" -}}
{{- range $i, $argument := .Values.extraArgs -}}
{{- $flag := regexFind "^--[^=]*" $argument | trimPrefix "--" -}}
{{- if and (not (has $flag $known)) (not $.Values.image.tag) (not $.Values.image.digest) -}}
{{- fail (printf "extraArgs[%d]: the server has no flag --%s, and would not start; it has --%s" $i $flag (join ", --" $known)) -}}
{{- end -}}
{{- with get $addresses $flag -}}
{{- $port := index $.Values.ports . | int -}}
{{- /* What the kubelet fills in cannot be known here. */ -}}
{{- if not (or (hasSuffix (printf ":%d" $port) $argument) (contains "$(" $argument)) -}}
{{- fail (printf "extraArgs[%d]: %s is another port than ports.%s, %d, which the Service and the probes use: set ports.%s" $i $argument . $port .) -}}
{{- end -}}
{{- end -}}
{{- if eq $flag "drain-duration" -}}
{{- fail (printf "extraArgs[%d]: %s would not change terminationGracePeriodSeconds: set drainSeconds, from which both are derived" $i $argument) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The flags of the server that an admin may add; test/chart compares them with its --help. */}}
{{- define "probe-injector.serverFlags" -}}
[policy, injected-label, require-label, preflight-mode, preflight-plan, listen-address, cert-dir, tls-secret, namespace,
 webhook-configurations, preflight-configurations, kubeconfig, dns-names, tls-min-version, drain-duration,
 max-concurrent-reviews, max-in-flight-bytes, max-connections, health-address, metrics-address, log-level, log-format]
{{- end -}}

{{- define "probe-injector.checkExtraEnv" -}}
{{- range $i, $variable := .Values.extraEnv -}}
{{- if contains "=" (toString $variable.name) -}}
{{- fail (printf "extraEnv[%d].name: %q is no name of a variable: write {name: NAME, value: \"VALUE\"}" $i (toString $variable.name)) -}}
{{- end -}}
{{- if and (hasKey $variable "value") (not (kindIs "string" $variable.value)) (not (kindIs "invalid" $variable.value)) -}}
{{- fail (printf "extraEnv[%d].value: %v is no text: write it in quotes, value: \"%v\"" $i $variable.value $variable.value) -}}
{{- end -}}
{{- end -}}
{{- end -}}
