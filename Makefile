SHELL := /bin/bash
GO ?= go
LINT := $(GO) tool -modfile=tools/go.mod golangci-lint
.DEFAULT_GOAL := help

.PHONY: help build web demo test race cover lint fmt check bench e2e generate clean

help: ## show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	cd web && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

web: web/node_modules/.package-lock.json ## build the pages people see into web/dist
	cd web && npm run build

build: web ## build bin/chengshu with the pages inside
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/chengshu ./cmd/chengshu

demo: build ## build everything and run a synthetic county on http://127.0.0.1:8080
	./bin/chengshu demo

test: ## run the tests; what needs PostgreSQL or Chromium runs where they are installed
	$(GO) test ./...

race: ## run the tests of the kernel with the race detector
	$(GO) test -race ./kernel/... ./server/... ./app/...

fmt: ## format the Go code
	$(LINT) fmt

lint: ## strict lint
	$(LINT) run ./...

e2e: build ## drive the pages in a browser
	cd web && npm run e2e

webcheck: web/node_modules/.package-lock.json
	cd web && npm run check && npm test

generate: ## rewrite docs/coverage.md from the scenarios
	$(GO) run ./cmd/chengshu pack coverage > docs/coverage.md

check: lint webcheck test ## all gates: lint, types, tests, generated files current
	@$(GO) run ./cmd/chengshu pack coverage | diff -u docs/coverage.md - || { echo "docs/coverage.md is stale: make generate"; exit 1; }
	@$(GO) mod tidy -diff

bench: ## ratios to the physical limit and to peers, in one run
	cd bench && $(GO) run .

clean: ## remove what was built and the demo's data
	rm -rf bin var web/dist/assets web/dist/*.html.br web/dist/desk.html
