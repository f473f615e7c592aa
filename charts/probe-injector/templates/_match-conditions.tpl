{{/*
The CEL expressions that keep every other Pod away from us. One expression an entry, because the API server evaluates
all of several. Every iteration is guarded by a size: the cost of exists() grows with the square of it. A Pod is not validated
yet when it comes here: spec.containers may be null, and an error here is a refusal under Fail.
*/}}

{{/* Whether a Pod carries a key of ours other than the status that we write. Needs annotations to be there. */}}
{{- define "probe-injector.hasKeyOfOurs" -}}
(size(object.metadata.annotations) <= 500 ? object.metadata.annotations.exists(k, k != 'probe-injector.dev/status' && (k.startsWith('probe-injector.dev/') || k.contains('.probe-injector.dev/'))) : ('probe-injector.dev/inject' in object.metadata.annotations || 'probe-injector.dev/profile' in object.metadata.annotations))
{{- end -}}

{{/* Pods that ask: any key of ours, unless they are mirror Pods or say inject: "false". */}}
{{- define "probe-injector.asks" -}}
has(object.metadata.annotations) && !('kubernetes.io/config.mirror' in object.metadata.annotations) && !('probe-injector.dev/inject' in object.metadata.annotations && object.metadata.annotations['probe-injector.dev/inject'] == 'false') && {{ include "probe-injector.hasKeyOfOurs" . }}
{{- end -}}

{{/* Pods that do not ask, are no mirror Pods, and miss one of the given probes (a list of readiness and liveness). */}}
{{- define "probe-injector.missesProbes" -}}
{{- $missing := list -}}
{{- range . -}}
{{- $missing = append $missing (printf "!has(c.%sProbe)" .) -}}
{{- end -}}
!(has(object.metadata.annotations) && ('kubernetes.io/config.mirror' in object.metadata.annotations || {{ include "probe-injector.hasKeyOfOurs" . }})) && object.spec.containers != null && size(object.spec.containers) <= 100 && object.spec.containers.exists(c, {{ join " || " $missing }})
{{- end -}}

{{/* Pods of which the ValidatingAdmissionPolicy asks whether they have probes. */}}
{{- define "probe-injector.shouldHaveProbes" -}}
(!has(object.spec.restartPolicy) || object.spec.restartPolicy == 'Always') && !(has(object.metadata.annotations) && ('kubernetes.io/config.mirror' in object.metadata.annotations || 'probe-injector.dev/inject' in object.metadata.annotations && object.metadata.annotations['probe-injector.dev/inject'] == 'false')) && object.spec.containers != null && size(object.spec.containers) <= 100
{{- end -}}
