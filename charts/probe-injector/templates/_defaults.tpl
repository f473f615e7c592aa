{{/*
What stands for a value that is absent, as JSON. Generated from values.yaml by go run ./charts/generate: change it there.
A list or an object of Kubernetes is empty then, whatever its default: who sets it to null wants none.
*/}}
{{- define "probe-injector.defaults" -}}
{
  "affinity": {},
  "commonAnnotations": {},
  "commonLabels": {},
  "deploymentAnnotations": {},
  "dnsPolicy": "",
  "drainSeconds": 15,
  "excludedNamespaces": [],
  "extraArgs": [],
  "extraEnv": [],
  "extraObjects": [],
  "fullnameOverride": "",
  "hostNetwork": false,
  "image": {
    "digest": "",
    "pullPolicy": "IfNotPresent",
    "registry": "ghcr.io",
    "repository": "probe-injector/probe-injector",
    "tag": ""
  },
  "imagePullSecrets": [],
  "injectedLabel": false,
  "log": {
    "format": "json",
    "level": "info"
  },
  "metrics": {
    "dashboard": {
      "annotations": {},
      "enabled": false,
      "labels": {}
    },
    "podMonitor": {
      "enabled": false,
      "interval": "",
      "labels": {}
    },
    "prometheusRule": {
      "enabled": false,
      "labels": {},
      "selector": "",
      "workloads": false
    },
    "serviceMonitor": {
      "enabled": false,
      "interval": "",
      "labels": {}
    }
  },
  "nameOverride": "",
  "networkPolicy": {
    "apiServerPorts": [
      443,
      6443,
      8443
    ],
    "callers": [],
    "enabled": false,
    "scrapers": []
  },
  "nodeSelector": {},
  "podAnnotations": {},
  "podDisruptionBudget": {
    "enabled": true,
    "maxUnavailable": 1,
    "minAvailable": ""
  },
  "podLabels": {},
  "podSecurityContext": {},
  "policy": {
    "confidence": {
      "liveness": "high",
      "readiness": "medium"
    },
    "imageMirrors": [],
    "inferredLiveness": true,
    "knownSidecars": [],
    "maxStartupBudget": "1h",
    "mode": "Inject",
    "profiles": [],
    "rules": [],
    "style": "StartupProbe"
  },
  "policyCheck": {
    "enabled": true
  },
  "ports": {
    "health": 8081,
    "metrics": 8080,
    "webhook": 9443
  },
  "preflight": {
    "configurationName": "probe-injector",
    "enabled": true,
    "extraResources": [],
    "mode": "Warn",
    "plan": "DryRun"
  },
  "priorityClassName": "",
  "rbac": {
    "bundleOnlyPolicy": true,
    "create": true,
    "recreateSecret": false
  },
  "replicaCount": 2,
  "resources": {},
  "revisionHistoryLimit": 3,
  "securityContext": {},
  "service": {
    "annotations": {},
    "ipFamilyPolicy": ""
  },
  "serviceAccount": {
    "annotations": {},
    "create": true,
    "name": ""
  },
  "tls": {
    "certManager": {
      "issuerRef": {}
    },
    "existingSecret": {
      "caBundle": "",
      "name": ""
    },
    "minVersion": "1.3",
    "mode": "self-managed"
  },
  "tolerations": [],
  "topologySpreadConstraints": [],
  "updateStrategy": {},
  "validatingAdmissionPolicy": {
    "enabled": false,
    "namespaceSelector": {},
    "probes": [
      "readiness"
    ]
  },
  "webhook": {
    "annotations": {},
    "configurationName": "0-probe-injector",
    "failurePolicy": "Ignore",
    "matchConditions": [],
    "requireLabel": false,
    "timeoutSeconds": 3
  }
}
{{- end -}}
