# `make quickstart` shows the thing working; `make test` is what a change has to pass.
# Both install what they need into .venv on their first run, and leave it there.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.NOTPARALLEL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# Which environments tests run programs from; .ci/python/NAME.txt says what is in each.
PYTHON_ENVS := wandb-0.31.0 wandb-0.28.2 mcp bindings lint
NODE_SOURCE := tools/mcpserver/testdata/node
MCP_ENVS := conformance-0.1 conformance-0.2 mcpb
VERSION ?= 0.0.0

GO ?= go
# Modules beside the main one; their dependencies are not the product's.
NESTED := $(dir $(shell git ls-files '*/go.mod'))
FUZZTIME ?= 30s
# Which rows `make bench` measures (a regular expression), how often, and
# whether for longer where that tells more (LONG=1).
ROW ?=
RUNS ?= 1
LONG ?=
TEST_TIMEOUT ?= 15m

.PHONY: help
help: ## Say what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

.PHONY: build
build: ## Build the program into build/reliquary
	@CGO_ENABLED=0 $(GO) build -trimpath -o build/reliquary ./cmd/reliquary

.PHONY: quickstart
quickstart: build .venv/wandb-0.31.0/requirements.txt .venv/mcp/requirements.txt ## See it work: real files in, an agent's client walks them
	@$(GO) run ./cmd/internal/quickstart -binary build/reliquary -wandb .venv/wandb-0.31.0 -mcp .venv/mcp

.PHONY: test
test: lint build generate-check test-go test-nested ## Everything that a change has to pass

.PHONY: test-go
test-go: test-env
	@mkdir -p build
	$(GO) test -race -timeout $(TEST_TIMEOUT) -json ./... | $(GO) run ./cmd/internal/testreport -counts build/test-counts

.PHONY: test-nested
test-nested:
	@for module in $(NESTED); do
	  echo "module $$module"
	  (cd $$module && $(GO) vet ./... && $(GO) test ./...)
	done

.PHONY: test-env
test-env: $(PYTHON_ENVS:%=.venv/%/requirements.txt) .venv/node/.installed .venv/node-bindings/.installed $(MCP_ENVS:%=.venv/%/.installed) ## Install the Python and Node programs that tests run
	@capi/test-env
	cmd/reliquary/test-env
	tools/mcpserver/test-env

.venv/%/requirements.txt: .ci/python/%.txt
	@echo "installing .venv/$*"
	.ci/python-env .venv/$* $<

.venv/node/.installed: $(NODE_SOURCE)/package-lock.json $(NODE_SOURCE)/package.json
	@echo "installing .venv/node"
	.ci/node-env .venv/node $(NODE_SOURCE)

.venv/mcpb/.installed: tools/mcpserver/testdata/mcpb/package-lock.json
	@echo "installing .venv/mcpb"
	.ci/node-env .venv/mcpb tools/mcpserver/testdata/mcpb

.PHONY: mcpb
mcpb: .venv/mcpb/.installed ## Pack the MCP bundle of VERSION into build/mcpb
	@tools/mcpserver/bundle/pack $(VERSION) build/mcpb

.venv/conformance-%/.installed: tools/mcpserver/testdata/conformance-%/package-lock.json
	@echo "installing .venv/conformance-$*"
	.ci/node-env .venv/conformance-$* tools/mcpserver/testdata/conformance-$*

.venv/node-bindings/.installed: bindings/node/package-lock.json bindings/node/package.json
	@echo "installing .venv/node-bindings"
	.ci/node-env .venv/node-bindings bindings/node

.PHONY: generate
generate: ## Make every generated file anew
	@$(GO) generate ./artifacts/... ./tools/... ./schemas/...
	$(GO) generate ./cmd/...

.PHONY: generate-check
generate-check:
	@.ci/stale $(MAKE) --no-print-directory generate

.PHONY: lint
lint: .venv/node-bindings/.installed .venv/lint/requirements.txt .venv/wandb-0.31.0/requirements.txt .venv/mcp/requirements.txt .venv/bindings/requirements.txt ## Check form and find mistakes without running anything
	@unformatted=$$(git ls-files -z --cached --others --exclude-standard '*.go' | xargs -0 ls -d 2>/dev/null | xargs gofmt -l)
	[ -z "$$unformatted" ] || { echo "run gofmt -w on:"; echo "$$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) tool -modfile=.ci/tools.mod staticcheck ./...
	$(GO) mod tidy -diff
	$(GO) mod verify >/dev/null
	.ci/lint-python
	.ci/lint-node

.PHONY: bench
bench: build test-env ## Measure by the goals, all rows or ROW=name; writes artifacts/testdata/bench/
	@$(GO) run ./cmd/internal/bench -row '$(ROW)' -runs $(RUNS) $(if $(LONG),-long)
	$(GO) generate ./cmd/internal/readme

.PHONY: bench-sqlite
bench-sqlite: ## Compare SQLite drivers on the registry's own queries
	@cd artifacts/server/metadata/sqlite/driverbench && $(GO) run .

.PHONY: eval
eval: test-env ## Do what people ask agents to do; writes tools/mcpserver/testdata/eval.md
	@RELIQUARY_EVAL=write $(GO) test ./tools/mcpserver -run '^TestEval$$' -v -count=1 | grep -v '^=== '

.PHONY: fuzz
fuzz: ## Run every fuzz test for FUZZTIME (30s)
	@for package in $$($(GO) list ./...); do
	  for name in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do
	    $(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) $$package
	  done
	done

.PHONY: clean
clean: ## Remove what was built and installed here
	@rm -rf build .venv
