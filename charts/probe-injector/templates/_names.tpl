{{/* What this is, in names and labels. */}}
{{- define "probe-injector.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of everything that belongs to this release. */}}
{{- define "probe-injector.fullname" -}}
{{- $name := include "probe-injector.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The name of what has no namespace, so that releases of one name in two namespaces do not meet. */}}
{{- define "probe-injector.clusterName" -}}
{{- printf "%s.%s" (include "probe-injector.fullname" .) .Release.Namespace -}}
{{- end -}}

{{/* The labels that tell the webhook's Pods from all others; they may never change, Deployments select by them. */}}
{{- define "probe-injector.selectorLabels" -}}
app.kubernetes.io/name: {{ include "probe-injector.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
probe-injector.dev/component: webhook
{{- end -}}

{{/* The labels of everything that the chart creates. */}}
{{- define "probe-injector.labels" -}}
{{- $own := dict
  "app.kubernetes.io/name" (include "probe-injector.name" .)
  "app.kubernetes.io/instance" .Release.Name
  "app.kubernetes.io/version" .Chart.AppVersion
  "app.kubernetes.io/part-of" "probe-injector"
  "app.kubernetes.io/managed-by" .Release.Service
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")
-}}
{{- toYaml (merge $own .Values.commonLabels) -}}
{{- end -}}

{{/*
The metadata of an object but for its namespace. Takes "root", "name" and, where the object has them, "labels" and
"annotations" of its own, which win over those that all objects share.
*/}}
{{- define "probe-injector.metadata" -}}
name: {{ .name | quote }}
labels:
  {{- toYaml (merge (dict) (.labels | default dict) (include "probe-injector.labels" .root | fromYaml)) | nindent 2 }}
{{- with merge (dict) (.annotations | default dict) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Our image: of the chart's own version, unless a tag or a digest says otherwise. */}}
{{- define "probe-injector.image" -}}
{{- with .Values.image -}}
{{- with .registry }}{{ . }}/{{ end }}{{ .repository }}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default (printf "v%s" $.Chart.AppVersion) }}{{ end -}}
{{- end -}}
{{- end -}}
