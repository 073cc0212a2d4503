# Needs Node >= 20 with npm, Go, openssl and make; everything else is installed or built by these targets.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Everything runs on the Node of the lock file, whichever Node started npm.
node := node_modules/.bin/node
bin := PATH="$(CURDIR)/node_modules/.bin:$$PATH"

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t16

node_modules/.package-lock.json: package-lock.json package.json .npmrc
	npm ci --no-fund --no-audit
	@test -x $(node) || { echo "npm's package 'node' did not install its binary: install scripts are switched off. Run 'npm config set ignore-scripts false' and 'make deps' again." >&2; exit 1; }
	@touch $@

.PHONY: deps
deps: node_modules/.package-lock.json

.PHONY: controlplane
controlplane: ## build the control plane (once per version, about ten minutes)
	@test/controlplane/build.sh >/dev/null

.PHONY: demo
demo: deps controlplane ## the story, played on a real control plane
	@$(node) scripts/demo.ts

.PHONY: test
test: check controlplane ## check, then all tests
	@$(bin) $(node) scripts/test.ts

.PHONY: check
check: deps ## eslint, prettier, tsc, generated files
	$(bin) tsc -p tsconfig.json
	$(bin) eslint .
	$(bin) prettier --check .
	$(node) scripts/generate.ts --check

.PHONY: generate
generate: deps ## write manifests/base/generated and docs/policies anew
	$(node) scripts/generate.ts

.PHONY: bench
bench: deps controlplane ## the figures of docs/performance.md
	@$(node) bench/run.ts

.PHONY: up
up: deps controlplane ## a local control plane with the webhook; stays until Ctrl-C or `make down`
	@$(node) scripts/up.ts

.PHONY: down
down: deps ## stop what `make up` started
	@$(node) test/controlplane/down.ts

.PHONY: certs
certs: ## development CA and leaf in certs/out
	@certs/make-dev-certs.sh

.PHONY: build
build: deps ## compile to dist/, as the image does
	$(bin) tsc -p tsconfig.build.json

.PHONY: image
image: ## the container image (needs a container engine)
	docker build -t rollback-bouncer:$$(sed -n 's/.*"version": "\(.*\)".*/\1/p' package.json) .
