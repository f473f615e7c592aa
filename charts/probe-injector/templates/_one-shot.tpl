{{/*
What our Pods that end by themselves have in common: they run the webhook's own image with the Deployment's limits and
without any right, so that whatever admits our servers admits them.
*/}}
{{- define "probe-injector.oneShotSpec" -}}
restartPolicy: Never
automountServiceAccountToken: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* A proxy that is put beside a container which ends keeps the Pod from ending. */}}
{{- define "probe-injector.withoutProxy" -}}
sidecar.istio.io/inject: "false"
linkerd.io/inject: disabled
kuma.io/sidecar-injection: disabled
{{- end -}}
