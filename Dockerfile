# The image of the webhook: one static binary that runs as nobody in particular.
#
#   docker build --build-arg VERSION=v0.1.0 -t probe-injector:v0.1.0 .
#
# The same sources give the same binary, byte by byte, wherever they are built. .ci/image builds this file without a
# registry and checks that, and the size.
ARG GO_IMAGE=docker.io/library/golang:1.26

# Go compiles for every platform on the builder's own, which takes no emulation.
FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
WORKDIR /src
# go.mod is also that of the tests and the CLI: go build fetches only the modules that the webhook needs.
COPY go.mod go.sum ./
COPY policy ./policy
COPY certs ./certs
COPY webhook ./webhook
COPY cmd/internal ./cmd/internal
COPY cmd/webhook ./cmd/webhook
ARG VERSION=(devel)
# Builders set them for the platform that is built for; empty means their own.
ARG TARGETOS TARGETARCH
RUN CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH} go build -trimpath -buildvcs=false \
    -ldflags "-s -w -X 'github.com/probe-injector/probe-injector/cmd/internal/version.release=${VERSION}'" -o /out/probe-injector-webhook ./cmd/webhook

FROM scratch
ARG VERSION=(devel)
ARG REVISION=unknown
LABEL org.opencontainers.image.title="probe-injector" \
      org.opencontainers.image.description="Admission webhook that adds health probes to annotated Pods" \
      org.opencontainers.image.source="https://github.com/probe-injector/probe-injector" \
      org.opencontainers.image.documentation="https://github.com/probe-injector/probe-injector#readme" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /out/probe-injector-webhook /probe-injector-webhook
# By number, so that runAsNonRoot can be checked without a user database.
USER 65532:65532
ENTRYPOINT ["/probe-injector-webhook"]
