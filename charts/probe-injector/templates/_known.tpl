{{/*
What the server knows of policies, as JSON: the built-in profiles with the probes that rules get from each, what a handler
looks like, and the chart's own policy. Generated from policy/catalogue, policy/annotation and values.yaml by go run
./charts/generate: change it there.
*/}}
{{- define "probe-injector.known" -}}
{
 "handler": "^(?:/(?:(?:[!\"$&-.0-~]|%[0-9A-Fa-f]{2})(?:[!\"$&-~]|%[0-9A-Fa-f]{2})*)?|https?:(?://:)?(?:(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])|[0-9]*[a-z-][a-z0-9-]*)/(?:(?:[!\"$&-.0-~]|%[0-9A-Fa-f]{2})(?:[!\"$&-~]|%[0-9A-Fa-f]{2})*)?|https:(?:/(?:(?:[!\"$&-.0-~]|%[0-9A-Fa-f]{2})(?:[!\"$&-~]|%[0-9A-Fa-f]{2})*)?)?|tcp(?::(?://:)?(?:(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])|[0-9]*[a-z-][a-z0-9-]*))?|grpc(?::(?://:)?(?:(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])|[0-9]*[a-z-][a-z0-9-]*))?(?:/[!-~]*)?)$",
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
  "rules": [
   {
    "name": "labelled-namespaces",
    "namespaceSelector": {
     "matchLabels": {
      "probe-injector.dev/inject": "true"
     }
    },
    "podSelector": {},
    "probes": [
     "readiness"
    ],
    "profile": "",
    "statefulSets": false
   }
  ],
  "style": "StartupProbe"
 },
 "profiles": {
  "airflow": [
   "readiness"
  ],
  "airflow-3": [],
  "alertmanager": [
   "readiness",
   "liveness"
  ],
  "alloy": [
   "readiness"
  ],
  "apm-server": [
   "readiness"
  ],
  "argo-events": [
   "readiness"
  ],
  "argo-rollouts": [
   "readiness"
  ],
  "argo-workflow-controller": [],
  "argo-workflows-server": [
   "readiness"
  ],
  "argocd-application-controller": [
   "readiness"
  ],
  "argocd-image-updater": [
   "readiness"
  ],
  "argocd-others": [
   "readiness"
  ],
  "argocd-repo-server": [
   "readiness"
  ],
  "argocd-server": [
   "readiness"
  ],
  "aspnet": [
   "readiness"
  ],
  "atlantis": [
   "readiness"
  ],
  "authentik": [
   "readiness"
  ],
  "beats": [],
  "blackbox-exporter": [
   "readiness",
   "liveness"
  ],
  "calico": [],
  "cassandra": [
   "readiness"
  ],
  "cert-manager-cainjector": [],
  "cert-manager-controller": [],
  "cert-manager-webhook": [
   "readiness",
   "liveness"
  ],
  "cert-manager-webhook-undeclared": [
   "readiness",
   "liveness"
  ],
  "clamav": [
   "readiness"
  ],
  "clickhouse": [
   "readiness"
  ],
  "cloudnative-pg": [
   "readiness"
  ],
  "cockroachdb": [],
  "config-reloader": [],
  "consul": [],
  "consul-connect-injector": [
   "readiness"
  ],
  "contour": [
   "readiness"
  ],
  "coredns": [
   "readiness"
  ],
  "coredns-tcp": [],
  "data-port": [
   "readiness"
  ],
  "data-store": [
   "readiness"
  ],
  "dex": [
   "readiness"
  ],
  "dex-tcp": [
   "readiness"
  ],
  "discourse": [
   "readiness"
  ],
  "django": [
   "readiness"
  ],
  "elasticsearch": [
   "readiness"
  ],
  "envoy": [
   "readiness"
  ],
  "envoy-contour": [
   "readiness"
  ],
  "envoy-old": [
   "readiness"
  ],
  "envoy-tcp": [],
  "etcd": [],
  "exporters": [
   "readiness"
  ],
  "external-dns": [
   "readiness",
   "liveness"
  ],
  "fastapi": [
   "readiness"
  ],
  "flask": [
   "readiness"
  ],
  "fluent-bit": [
   "readiness"
  ],
  "fluentd": [
   "readiness"
  ],
  "flux": [
   "readiness"
  ],
  "flux-source-controller": [
   "readiness"
  ],
  "gocd-server": [
   "readiness"
  ],
  "grafana": [
   "readiness"
  ],
  "grafana-rollout-operator": [
   "readiness"
  ],
  "grafana-storage": [
   "readiness"
  ],
  "grpc": [
   "readiness"
  ],
  "hadoop": [],
  "haproxy": [
   "readiness"
  ],
  "harbor-core": [
   "readiness"
  ],
  "harbor-database": [
   "readiness"
  ],
  "harbor-jobservice": [
   "readiness"
  ],
  "harbor-portal": [
   "readiness"
  ],
  "harbor-redis": [
   "readiness"
  ],
  "harbor-registryctl": [
   "readiness"
  ],
  "harbor-trivy": [
   "readiness"
  ],
  "hazelcast-management-center": [
   "readiness"
  ],
  "hazelcast-management-center-tcp": [
   "readiness"
  ],
  "helidon": [
   "readiness",
   "liveness"
  ],
  "home-assistant": [
   "readiness"
  ],
  "http": [],
  "httpd": [
   "readiness"
  ],
  "influxdb": [
   "readiness"
  ],
  "influxdb-tcp": [
   "readiness"
  ],
  "ingress-nginx": [
   "readiness",
   "liveness"
  ],
  "istiod": [
   "readiness"
  ],
  "jaeger": [
   "readiness"
  ],
  "jaeger-2": [
   "readiness"
  ],
  "jaeger-agent": [
   "readiness"
  ],
  "jaeger-all-in-one": [
   "readiness"
  ],
  "jasperreports": [
   "readiness"
  ],
  "jenkins": [
   "readiness"
  ],
  "jetty": [
   "readiness"
  ],
  "jmx-exporter": [
   "readiness"
  ],
  "kafka": [],
  "katib-controller": [
   "readiness"
  ],
  "katib-db-manager": [
   "readiness"
  ],
  "keda": [
   "readiness"
  ],
  "keda-http-add-on": [
   "readiness"
  ],
  "keda-http-interceptor": [
   "readiness"
  ],
  "keda-http-interceptor-admin": [
   "readiness"
  ],
  "keda-http-interceptor-tcp": [
   "readiness"
  ],
  "keda-http-scaler": [
   "readiness"
  ],
  "keda-metrics-apiserver": [
   "readiness"
  ],
  "keycloak": [
   "readiness",
   "liveness"
  ],
  "keycloak-main-port": [
   "readiness",
   "liveness"
  ],
  "keycloak-tcp": [
   "readiness"
  ],
  "keydb": [
   "readiness"
  ],
  "kibana": [
   "readiness"
  ],
  "knative-activator": [
   "readiness"
  ],
  "knative-autoscaler": [
   "readiness"
  ],
  "knative-controllers": [
   "readiness"
  ],
  "knative-webhook": [
   "readiness"
  ],
  "kong": [
   "readiness"
  ],
  "kong-ingress-controller": [
   "readiness"
  ],
  "kong-ingress-controller-old": [
   "readiness"
  ],
  "kong-operator": [
   "readiness"
  ],
  "kong-ready": [
   "readiness"
  ],
  "kserve": [
   "readiness"
  ],
  "kube-dns": [
   "readiness"
  ],
  "kube-rbac-proxy": [],
  "kube-state-metrics": [
   "readiness",
   "liveness"
  ],
  "kube-state-metrics-alone": [
   "readiness",
   "liveness"
  ],
  "kubebuilder": [
   "readiness"
  ],
  "kyverno": [
   "readiness"
  ],
  "linkerd-control-plane": [
   "readiness"
  ],
  "linkerd-policy-controller": [
   "readiness"
  ],
  "logstash": [
   "readiness"
  ],
  "loki": [
   "readiness"
  ],
  "loki-canary": [
   "readiness"
  ],
  "mariadb": [
   "readiness"
  ],
  "memcached": [
   "readiness"
  ],
  "metabase": [
   "readiness"
  ],
  "metrics-server": [
   "readiness"
  ],
  "metrics-server-tcp": [
   "readiness"
  ],
  "micronaut": [
   "readiness",
   "liveness"
  ],
  "microprofile": [
   "readiness",
   "liveness"
  ],
  "minio": [
   "readiness"
  ],
  "mongodb": [
   "readiness"
  ],
  "mysql": [
   "readiness"
  ],
  "mysql-unprobed": [],
  "nats": [
   "readiness",
   "liveness"
  ],
  "nats-old": [
   "readiness"
  ],
  "nats-tcp": [
   "readiness"
  ],
  "nextcloud": [
   "readiness"
  ],
  "nginx": [
   "readiness"
  ],
  "node": [
   "readiness"
  ],
  "oauth2-proxy": [
   "readiness",
   "liveness"
  ],
  "oauth2-proxy-file": [],
  "odoo": [
   "readiness"
  ],
  "openldap": [
   "readiness"
  ],
  "opensearch": [
   "readiness"
  ],
  "opensearch-dashboards": [
   "readiness"
  ],
  "operators-8081": [
   "readiness"
  ],
  "ory-hydra": [
   "readiness"
  ],
  "ory-keto": [
   "readiness"
  ],
  "ory-kratos": [
   "readiness"
  ],
  "ory-oathkeeper": [
   "readiness"
  ],
  "otel-collector": [
   "readiness"
  ],
  "otel-collector-default": [],
  "other-exporters": [
   "readiness"
  ],
  "percona": [
   "readiness"
  ],
  "pgadmin": [
   "readiness"
  ],
  "php-apache": [
   "readiness"
  ],
  "php-fpm": [
   "readiness"
  ],
  "php-installers": [
   "readiness"
  ],
  "postgres": [
   "readiness"
  ],
  "postgres-tcp": [
   "readiness"
  ],
  "prometheus": [
   "readiness",
   "liveness"
  ],
  "prometheus-adapter": [
   "readiness"
  ],
  "prometheus-old": [
   "readiness"
  ],
  "prometheus-operator": [
   "readiness"
  ],
  "promtail": [
   "readiness"
  ],
  "promtail-alone": [],
  "proxies": [],
  "pushgateway": [
   "readiness",
   "liveness"
  ],
  "quarkus": [
   "readiness",
   "liveness"
  ],
  "rabbitmq": [
   "readiness"
  ],
  "rails": [
   "readiness"
  ],
  "redis": [
   "readiness"
  ],
  "redmine": [
   "readiness"
  ],
  "registry": [
   "readiness"
  ],
  "reloaders": [],
  "scylla": [
   "readiness"
  ],
  "sealed-secrets": [
   "readiness",
   "liveness"
  ],
  "seaweedfs": [
   "readiness"
  ],
  "sonarqube": [
   "readiness"
  ],
  "spire": [
   "readiness"
  ],
  "spire-server": [
   "readiness"
  ],
  "spring-boot": [
   "readiness",
   "liveness"
  ],
  "superset": [
   "readiness"
  ],
  "tcp": [
   "readiness"
  ],
  "tempo": [
   "readiness"
  ],
  "tgi": [
   "readiness"
  ],
  "tomcat": [
   "readiness"
  ],
  "traefik": [
   "readiness",
   "liveness"
  ],
  "triton": [
   "readiness"
  ],
  "valkey": [
   "readiness"
  ],
  "vault": [],
  "vault-https": [],
  "vllm": [
   "readiness"
  ],
  "vpa-admission-controller": [
   "readiness"
  ],
  "wordpress": [
   "readiness"
  ],
  "worker": [],
  "zookeeper": [],
  "ztunnel": [
   "readiness"
  ]
 }
}
{{- end -}}
