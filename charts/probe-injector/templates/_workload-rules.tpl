{{/*
Rules about workloads whose Pods got probes, from what kube-state-metrics and the kubelets count.

	kube_pod_labels, kube_pod_owner, kube_replicaset_owner          which Pods got probes, and whose they are
	kube_pod_(init_)container_status_restarts_total                 what restarted
	kube_pod_container_status_last_terminated_{reason,exitcode}     how it ended before
	prober_probe_total                                              which probes failed, by the kubelet's own count

A recorded series is about all Pods of a workload, so that one Pod of three, or the first Pods of a rollout, wake nobody.
*/}}
{{- define "probe-injector.workloadRules" -}}
{{- $injected := `kube_pod_labels{label_probe_injector_dev_injected="true"}` -}}
{{- $restarted := include "probe-injector.restartedContainers" . -}}
# Every Pod with the workload that made it: the Deployment rather than its ReplicaSet.
- record: probe_injector:pod_workload
  expr: >-
    max by (namespace, pod, workload_kind, workload) (label_replace(label_replace(
    label_replace(max by (namespace, pod, owner_kind, owner_name)
    (kube_pod_owner{owner_kind="ReplicaSet",owner_is_controller="true"}), "replicaset", "$1", "owner_name", "(.+)")
    * on (namespace, replicaset) group_left (owner_kind, owner_name) max by (namespace, replicaset, owner_kind, owner_name)
    (kube_replicaset_owner{owner_is_controller="true"})
    or on (namespace, pod) max by (namespace, pod, owner_kind, owner_name) (kube_pod_owner{owner_is_controller="true"}),
    "workload_kind", "$1", "owner_kind", "(.+)"), "workload", "$1", "owner_name", "(.+)"))
# How often the containers of a Pod restarted within 15 minutes while their liveness probe failed, or their startup probe
# before an end by a signal (143 is SIGTERM, 137 SIGKILL). Running out of memory is no probe's doing.
- record: probe_injector:pod_restarts:changes15m
  expr: >-
    sum by (namespace, pod) ({{ $restarted }}
    and on (namespace, pod, container) ({{ include "probe-injector.failedProbes" "Liveness" }}
    or on (namespace, pod, container) ({{ include "probe-injector.failedProbes" "Startup" }}
    and on (namespace, pod, container) (kube_pod_container_status_last_terminated_exitcode == 137
    or kube_pod_container_status_last_terminated_exitcode == 143)))
    unless on (namespace, pod, container) kube_pod_container_status_last_terminated_reason{reason="OOMKilled"} == 1)
    and on (namespace, pod) {{ $injected }}
- record: probe_injector:workload_restarts:changes15m
  expr: >-
    sum by (namespace, workload_kind, workload) (probe_injector:pod_restarts:changes15m
    * on (namespace, pod) group_left (workload_kind, workload) probe_injector:pod_workload)
- record: probe_injector:workload_restarted_pods:ratio
  expr: >-
    count by (namespace, workload_kind, workload) (probe_injector:pod_restarts:changes15m
    * on (namespace, pod) group_left (workload_kind, workload) probe_injector:pod_workload)
    / count by (namespace, workload_kind, workload) (probe_injector:pod_workload)
# Pods with a container whose readiness probe fails and has never passed. A container that restarts is left out: whatever
# ends it is the trouble.
- record: probe_injector:workload_never_ready_pods:ratio
  expr: >-
    count by (namespace, workload_kind, workload) (count by (namespace, pod) (
    (sum by (namespace, pod, container) (increase(prober_probe_total{probe_type="Readiness",result="failed"}[10m])) > 0)
    unless on (namespace, pod, container)
    (sum by (namespace, pod, container) (prober_probe_total{probe_type="Readiness",result="successful"}) > 0)
    unless on (namespace, pod, container) {{ $restarted }}
    and on (namespace, pod) {{ $injected }})
    * on (namespace, pod) group_left (workload_kind, workload) probe_injector:pod_workload)
    / count by (namespace, workload_kind, workload) (probe_injector:pod_workload)
# A single restart is what a liveness probe is for: it takes two.
- alert: ProbeInjectorRestartsWorkload
  expr: probe_injector:workload_restarted_pods:ratio > 0.5 and probe_injector:workload_restarts:changes15m >= 2
  labels:
    severity: critical
  annotations:
    summary: Injected probes may be restarting most Pods of a workload.
    description: Within 15 minutes {{ "{{ $value | humanizePercentage }}" }} of the Pods of {{ "{{ $labels.workload_kind }} {{ $labels.namespace }}/{{ $labels.workload }}" }} restarted while their liveness or startup probe failed.
    runbook_url: {{ include "probe-injector.runbook" (dict "root" . "name" "ProbeInjectorRestartsWorkload") | quote }}
- alert: ProbeInjectorNeverReady
  expr: probe_injector:workload_never_ready_pods:ratio > 0.5
  for: 30m
  labels:
    severity: warning
  annotations:
    summary: Injected readiness probes may keep most Pods of a workload out of rotation.
    description: For 30 minutes the readiness probes of {{ "{{ $value | humanizePercentage }}" }} of the Pods of {{ "{{ $labels.workload_kind }} {{ $labels.namespace }}/{{ $labels.workload }}" }} have failed without passing once.
    runbook_url: {{ include "probe-injector.runbook" (dict "root" . "name" "ProbeInjectorNeverReady") | quote }}
{{- end -}}

{{/* Containers that restarted within 15 minutes, and how often. Native sidecars are init containers. */}}
{{- define "probe-injector.restartedContainers" -}}
(max by (namespace, pod, container) (changes(kube_pod_container_status_restarts_total[15m]) or changes(kube_pod_init_container_status_restarts_total[15m])) > 0)
{{- end -}}

{{/* Containers of which a probe failed within 15 minutes. A counter begins with its first failure: hence the second half. */}}
{{- define "probe-injector.failedProbes" -}}
{{- $series := printf `prober_probe_total{probe_type=%q,result="failed"}` . -}}
sum by (namespace, pod, container) (increase({{ $series }}[15m]) > 0 or {{ $series }} unless {{ $series }} offset 15m)
{{- end -}}
