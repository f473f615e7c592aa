# Everything a person or CI does with this repository. "make help" lists it.

# The chart's appVersion is the one place where the version is written.
VERSION ?= v$(shell sed -n 's/^appVersion: //p' charts/probe-injector/Chart.yaml)
IMAGE   ?= probe-injector:$(VERSION)

GOLANGCI_LINT_VERSION := v2.15.0
GOLANGCI_LINT         := bin/golangci-lint-$(GOLANGCI_LINT_VERSION)/golangci-lint

# Every Go module of the repository, by its folder, but those that only pin a tool of releases.
MODULES = $(patsubst %/,%,$(dir $(shell git ls-files '*go.mod' ':!.ci/tools')))

LDFLAGS := -s -w -X github.com/probe-injector/probe-injector/cmd/internal/version.release=$(VERSION)

.DEFAULT_GOAL := help

##@ See it

.PHONY: demo
demo: ## Show the main job on a real control plane; KEEP=1 leaves it running
	@go -C test run ./binaries/build > /dev/null
	@go -C test build -o ../bin/demo ./demo
	@bin/demo $(if $(KEEP),-keep)

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Check it

# Tests end when what they wait for has come. That takes long on a machine with other things to do: go test's own ten minutes
# for a package ended one that had nothing wrong.
TEST_TIMEOUT := 40m

# -count=1 because go test takes a result from its cache although files outside of the test's own module have changed:
# the chart, the examples, the programs.
.PHONY: test
test: ## Run every test that needs no root, on a real kube-apiserver
	go -C test run ./binaries/build
	go -C test run ./charttools/build
	go test -timeout $(TEST_TIMEOUT) ./...
	go -C test test -count=1 -timeout $(TEST_TIMEOUT) $$(go -C test list ./... | grep -vE '/test/(resilience|certmanager|cluster/command|e2e|release)$$')
	go -C test test -count=1 -timeout $(TEST_TIMEOUT) ./resilience
	go -C test/prober test -count=1 -timeout $(TEST_TIMEOUT) .
	go -C test/linters test -count=1 ./...
	go -C test/alerts test -count=1 ./...
	go -C charts/dashboard test ./...
	go -C .ci/tools/links test ./...
	go -C test/sarif test -count=1 ./...
	go -C test/images/target test ./...

.PHONY: test-matrix
test-matrix: ## Run the tests that need an API server on Kubernetes 1.30 to 1.37; VERSIONS="1.30 1.37" chooses
	go -C test run ./matrix $(VERSIONS)

E2E_CLUSTER_COMMAND := bin/e2e-cluster
E2E_TEST            := $(E2E_CLUSTER_COMMAND) test -count=1 -v -parallel 32 -timeout 90m

.PHONY: e2e
e2e: e2e-programs ## As root: the product on a real node, what every change has to pass
	go -C test test -count=1 ./cluster/command
	$(E2E_TEST) -skip '^Test(Full|Released)' $(if $(ONLY),-run '$(ONLY)') ./e2e

.PHONY: e2e-full
e2e-full: e2e-programs test-matrix ## As root: all of it, every TLS mode, neighbours, presets, test-matrix, a release
	go -C test test -count=1 ./cluster/command
	go -C test run ./certmanager/build
	go -C test test -count=1 ./certmanager
	go -C test run ./images/build -software
	$(E2E_TEST) -skip '^TestReleased' ./e2e
	$(MAKE) e2e-software
	$(MAKE) page-test
	$(MAKE) release release-check release-test

.PHONY: pages
pages: e2e-programs ## As root: run every command of README and docs; UPDATE=1 writes what they print into the pages
	go -C test run ./certmanager/build
	$(E2E_TEST) -run '^TestFullPages$$' ./e2e

.PHONY: e2e-software
e2e-software: ## As root: known software, built from its sources, asked by the kubelet's own prober
	go -C test run ./binaries/build
	go -C test/prober test -count=1 -v -timeout 90m $(if $(ONLY),-run 'TestSoftware/profile/($(ONLY))$$') ./software

.PHONY: e2e-up
e2e-up: e2e-programs ## As root: start a cluster that stays; make e2e uses it
	@$(E2E_CLUSTER_COMMAND) up

.PHONY: e2e-down
e2e-down: ## End that cluster, also what is left of one that crashed
	@go -C test build -o ../$(E2E_CLUSTER_COMMAND) ./cluster/command
	@$(E2E_CLUSTER_COMMAND) down

.PHONY: e2e-programs
e2e-programs:
	.ci/prepare
	go -C test run ./binaries/build -node
	go -C test run ./charttools/build
	go -C test build -o ../$(E2E_CLUSTER_COMMAND) ./cluster/command

.PHONY: page-test
page-test: ## Open the HTML page of "probe-injector audit" in Chromium; SCREENSHOTS=FOLDER keeps pictures
	@command -v chromium > /dev/null || { echo "chromium is needed: apt-get install chromium" >&2; exit 1; }
	go -C test/browser test -count=1 .

.PHONY: fuzz
fuzz: ## Fuzz each text boundary for FUZZTIME (default 1m)
	.ci/fuzz $(or $(FUZZTIME),1m)

.PHONY: bench
bench: ## Measure: one line per figure, each a ratio within one run or a count
	@go -C test run ./binaries/build > /dev/null
	@go -C test run ./bench $(if $(ONLY),-only '$(ONLY)')

.PHONY: chart-test
chart-test: ## Test the chart alone, with both versions of Helm
	go -C test run ./charttools/build
	go test ./charts/...
	go -C charts/dashboard test .
	go -C test test -count=1 ./chart

.PHONY: resilience
resilience: ## Restarts, rotations, failures and overload at full length, with the figures
	go -C test run ./binaries/build
	RESILIENCE=full go -C test test -count=1 -v -timeout 40m ./resilience

.PHONY: module-cache
module-cache: ## Add probes to every manifest in the Go module cache: no line of them may change
	MODULE_CACHE=all go test -count=1 -v -timeout 60m -run TestManifestsOfOthers ./cmd/probe-injector/internal/injection

.PHONY: bench-defaults
bench-defaults: ## Compare our numbers with what others inject, in a simulation
	@go -C test run ./defaults

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Run the linters
	@set -e; for module in $(MODULES); do \
		cd $(CURDIR)/$$module; [ -n "$$(go list ./... 2>&1 | grep -v 'matched no packages')" ] || continue; echo "lint $$module"; \
		$(CURDIR)/$(GOLANGCI_LINT) run --allow-parallel-runners -c $(CURDIR)/.golangci.yml ./...; \
	done

.PHONY: verify
verify: ## Check generated files, that changed numbers are in the CHANGELOG, and the links and prose of all pages
	go mod verify
	@set -e; for module in $(MODULES); do echo "go -C $$module mod tidy -diff"; go -C $$module mod tidy -diff; done
	go run ./docs/generate -check
	go test ./cmd/probe-injector -run TestTheReferenceIsUpToDate
	go run ./charts/generate -check
	go -C charts/dashboard run . -check
	.ci/numbers
	go -C test test -count=1 ./pages
	.ci/prose
	go -C .ci/tools/actionlint tool actionlint $(CURDIR)/.github/workflows/*.yaml

##@ Change it

.PHONY: build
build: ## Build the webhook and the CLI into bin/
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/webhook ./cmd/webhook
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/probe-injector ./cmd/probe-injector

.PHONY: generate
generate: ## Bring generated files up to date
	go run ./docs/generate
	UPDATE_GOLDEN=1 go test ./cmd/probe-injector -count=1 -run TestTheReferenceIsUpToDate
	go run ./charts/generate
	go -C charts/dashboard run .
	go -C test run ./defaults -write

.PHONY: tidy
tidy: ## Bring the go.mod of every module up to date
	@set -e; for module in $(MODULES); do echo "go -C $$module mod tidy"; go -C $$module mod tidy; done

.PHONY: format
format: $(GOLANGCI_LINT) ## Format the code
	$(GOLANGCI_LINT) fmt ./...

.PHONY: previous
previous: ## Take the release that upgrades are tested from out of the history: COMMIT=v0.1.0
	git archive --format=tar $(COMMIT) -- go.mod go.sum cmd/webhook cmd/internal webhook policy certs charts/probe-injector \
	  ':!*_test.go' ':!*testdata*' ':!charts/probe-injector/tests' | gzip -9n >test/previous/release.tar.gz

.PHONY: image
image: ## Build the container image with buildah and check its size
	VERSION=$(VERSION) IMAGE=$(IMAGE) .ci/image

##@ Release it

.PHONY: release
release: ## As root: build everything that a release is into dist/; see RELEASE.md
	VERSION=$(VERSION) .ci/release

.PHONY: release-test
release-test: e2e-programs ## As root: verify dist/ as a user would, and install it on a node
	.ci/prepare release
	.ci/release-tools krew
	go -C test test -count=1 -v ./release
	$(E2E_TEST) -run '^TestReleased' ./e2e

.PHONY: release-check
release-check: ## As root: build dist/ again elsewhere, and compare
	.ci/release-check

.PHONY: clean
clean: ## Remove everything that was built, the Kubernetes programs too
	rm -rf bin dist .cache/release

$(GOLANGCI_LINT):
	GOBIN=$(CURDIR)/$(dir $@) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
