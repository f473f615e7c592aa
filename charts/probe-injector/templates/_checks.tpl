{{/*
What cannot work, or would do harm later and silently, ends here with one sentence: what is wrong, and what would be right.
What one value may be by itself is in values.schema.json.
*/}}
{{- define "probe-injector.checks" -}}
{{- include "probe-injector.checkNames" . -}}
{{- include "probe-injector.checkPolicy" . -}}
{{- include "probe-injector.checkConditions" . -}}
{{- include "probe-injector.checkTimeouts" . -}}
{{- include "probe-injector.checkPorts" . -}}
{{- include "probe-injector.checkBundle" . -}}
{{- include "probe-injector.checkIssuer" . -}}
{{- include "probe-injector.checkContainer" . -}}
{{- include "probe-injector.checkPeers" . -}}
{{- include "probe-injector.checkStrategy" . -}}
{{- include "probe-injector.checkDisruptions" . -}}
{{- include "probe-injector.checkWorkloadAlerts" . -}}
{{- end -}}

{{- define "probe-injector.checkWorkloadAlerts" -}}
{{- if and .Values.metrics.prometheusRule.enabled .Values.metrics.prometheusRule.workloads (not .Values.injectedLabel) -}}
{{- fail "metrics.prometheusRule.workloads needs the label by which Pods with injected probes are known: set injectedLabel to true" -}}
{{- end -}}
{{- end -}}

{{- define "probe-injector.checkNames" -}}
{{- $fullname := include "probe-injector.fullname" . -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $fullname) -}}
{{- fail (printf "the objects of this release would be named %q, and a Service cannot be: set fullnameOverride to a name of lower-case letters, digits and dashes that begins with a letter" $fullname) -}}
{{- end -}}
{{- end -}}

{{- define "probe-injector.checkConditions" -}}
{{- $seen := dict "asks" "the chart's own" "misses-probes" "the chart's own" -}}
{{- range $i, $condition := .Values.webhook.matchConditions -}}
{{- if hasKey $seen $condition.name -}}
{{- fail (printf "webhook.matchConditions[%d].name: %q is the name of a condition of %s: choose another" $i $condition.name (get $seen $condition.name)) -}}
{{- end -}}
{{- $_ := set $seen $condition.name "yours" -}}
{{- end -}}
{{- end -}}

{{/*
The API server ends a request after 34 s (requestTimeoutUpperBound), Ignore or not, and other webhooks need time as well.
Where we hang, each entry that matches a Pod takes its whole timeout, one after the other.
*/}}
{{- define "probe-injector.checkTimeouts" -}}
{{- $groups := include "probe-injector.overlappingGroups" . | int -}}
{{- $timeout := .Values.webhook.timeoutSeconds | int -}}
{{- if gt (mul (add $groups 1) $timeout) 20 -}}
{{- fail (printf "webhook.timeoutSeconds is %d, and %d groups of policy.rules may match the same namespace: if the webhook hangs, Pods wait for each and are refused after 34 s, even under Ignore; (groups + 1) x timeoutSeconds must be 20 at most: set webhook.timeoutSeconds to %d or lower, or let rules share a namespaceSelector" $timeout $groups (div 20 (add $groups 1))) -}}
{{- end -}}
{{- end -}}

{{- define "probe-injector.checkPorts" -}}
{{- $seen := dict -}}
{{- range $name := list "webhook" "health" "metrics" -}}
{{- $port := index $.Values.ports $name | int -}}
{{- $key := toString $port -}}
{{- if hasKey $seen $key -}}
{{- fail (printf "ports.%s and ports.%s are both %d: each needs a port of its own" (get $seen $key) $name $port) -}}
{{- end -}}
{{- $_ := set $seen $key $name -}}
{{- if and $.Values.hostNetwork (lt $port 1024) -}}
{{- fail (printf "ports.%s is %d: on the node's network (hostNetwork) only root may listen below 1024, and the webhook is not root" $name $port) -}}
{{- end -}}
{{- /* The kubelet and kube-proxy, on every node. */ -}}
{{- if and $.Values.hostNetwork (has $port (list 10248 10249 10250 10255 10256)) -}}
{{- fail (printf "ports.%s is %d: on the node's network (hostNetwork) the kubelet or kube-proxy listens there already" $name $port) -}}
{{- end -}}
{{- end -}}
{{- if eq (int .Values.ports.metrics) 443 -}}
{{- fail "ports.metrics is 443: the Service has the webhook on that port; choose another, such as 8080" -}}
{{- end -}}
{{- end -}}

{{/* Only the mode existing-secret takes a bundle from the values. */}}
{{- define "probe-injector.checkBundle" -}}
{{- $bundle := .Values.tls.existingSecret.caBundle -}}
{{- if and $bundle (eq .Values.tls.mode "existing-secret") -}}
{{- $pattern := "-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\\s]+-----END CERTIFICATE-----" -}}
{{- $certificates := regexFindAll $pattern $bundle -1 -}}
{{- if contains "PRIVATE KEY" $bundle -}}
{{- fail "tls.existingSecret.caBundle contains a private key: it is published to everybody, and takes certificates only" -}}
{{- end -}}
{{- if not $certificates -}}
{{- fail "tls.existingSecret.caBundle is no PEM certificate: it must contain -----BEGIN CERTIFICATE-----; take it from the file with --set-file tls.existingSecret.caBundle=ca.crt" -}}
{{- end -}}
{{- if contains "-----" (regexReplaceAll $pattern $bundle "") -}}
{{- fail "tls.existingSecret.caBundle contains something else than whole PEM certificates" -}}
{{- end -}}
{{- range $i, $certificate := $certificates -}}
{{- $body := regexReplaceAll "-----[A-Z ]+-----|\\s" $certificate "" -}}
{{- /* DER: every certificate is a sequence of more than 127 and less than 65,536 bytes. */ -}}
{{- if or (not (regexMatch "^MI[E-L]" $body)) (contains "illegal base64" (b64dec $body)) -}}
{{- fail (printf "tls.existingSecret.caBundle: certificate %d is damaged: it is no base64 of an X.509 certificate" (add1 $i)) -}}
{{- end -}}
{{- /* Parses it; the key is only there because the function wants one. */ -}}
{{- $_ := buildCustomCert (b64enc $certificate) (genPrivateKey "ed25519" | b64enc) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Of another kind in its own group cert-manager would wait for ever; only the mode cert-manager uses it. */}}
{{- define "probe-injector.checkIssuer" -}}
{{- $issuer := .Values.tls.certManager.issuerRef -}}
{{- if and (eq .Values.tls.mode "cert-manager") (has ($issuer.group | default "cert-manager.io") (list "cert-manager.io")) -}}
{{- if not (has ($issuer.kind | default "Issuer") (list "Issuer" "ClusterIssuer")) -}}
{{- fail (printf "tls.certManager.issuerRef.kind: %q is no kind of the group cert-manager.io: write Issuer or ClusterIssuer, or the group of another issuer" $issuer.kind) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "probe-injector.checkStrategy" -}}
{{- $type := .Values.updateStrategy.type | default "RollingUpdate" -}}
{{- if not (has $type (list "RollingUpdate" "Recreate")) -}}
{{- fail (printf "updateStrategy.type: %q is no strategy of a Deployment: write RollingUpdate or Recreate" $type) -}}
{{- end -}}
{{- $rolling := .Values.updateStrategy.rollingUpdate | default dict -}}
{{- range $name := list "maxUnavailable" "maxSurge" -}}
{{- $value := index $rolling $name -}}
{{- if and (kindIs "string" $value) (not (regexMatch "^[0-9]+%$" $value)) -}}
{{- fail (printf "updateStrategy.rollingUpdate.%s: %q is neither a number nor a percentage: write 1 or \"25%%\"" $name $value) -}}
{{- end -}}
{{- end -}}
{{- if and (has (toString $rolling.maxUnavailable) (list "0" "0%")) (has (toString $rolling.maxSurge) (list "0" "0%")) -}}
{{- fail "updateStrategy.rollingUpdate: maxUnavailable and maxSurge are both 0, so that no Pod could ever be replaced: set one of them to 1" -}}
{{- end -}}
{{- end -}}

{{/* Kubernetes rounds percentages of both up. */}}
{{- define "probe-injector.checkDisruptions" -}}
{{- with .Values.podDisruptionBudget -}}
{{- if .enabled -}}
{{- $replicas := int $.Values.replicaCount -}}
{{- $name := ternary "maxUnavailable" "minAvailable" (eq (toString .minAvailable) "") -}}
{{- $value := toString (index . $name) -}}
{{- if not (regexMatch "^[0-9]+%?$" $value) -}}
{{- fail (printf "podDisruptionBudget.%s: %q is neither a number nor a percentage" $name $value) -}}
{{- end -}}
{{- $pods := int $value -}}
{{- if hasSuffix "%" $value -}}
{{- $pods = div (add (mul (trimSuffix "%" $value | int) $replicas) 99) 100 | int -}}
{{- end -}}
{{- if and (eq $name "maxUnavailable") (has $value (list "0" "0%")) -}}
{{- fail (printf "podDisruptionBudget.maxUnavailable is %s: no node with one of our Pods could ever be drained; set it to 1" $value) -}}
{{- end -}}
{{- if and (eq $name "minAvailable") (gt $replicas 0) (ge $pods $replicas) -}}
{{- fail (printf "podDisruptionBudget.minAvailable is %s of %d (replicaCount): no node with one of our Pods could ever be drained; raise replicaCount, or leave minAvailable empty and set maxUnavailable to 1" $value $replicas) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
