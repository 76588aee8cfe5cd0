# Everything a person or CI does with this repository is a target here; CI calls nothing else.
#
# One profile, `release`, serves all of them, so each dependency is compiled once (docs/decisions/0001-one-profile.md).

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CARGO := cargo
NPM := npm --prefix web
FETCH_MODELS := python3 scripts/models/fetch.py
FETCH_SAMPLES := python3 scripts/models/speech_samples.py
BENCH := bench/run.sh
# For the weakened twin, which is attacked for a minute and thrown away: our crates without optimisation.
QUICKLY := $(foreach crate,kernel store guard identity journal recordings speech prove server,--config profile.release.package.$(crate).opt-level=0)
BIN := target/release/mindvibe
WEB_SOURCES := $(wildcard web/*.json web/*.ts web/*.js web/*.html) $(shell find web/src web/public -type f 2>/dev/null)

##@ Use

.PHONY: run
run: ## Build what changed and start MindVibe at http://localhost:8080
	@scripts/tools.sh build
	@$(MAKE) build
	@$(FETCH_MODELS) || echo "The speech model could not be fetched. MindVibe starts without it: recordings wait until 'make models' succeeds."
	@ENVIRONMENT="$${ENVIRONMENT:-development}" exec $(BIN) serve

.PHONY: build
build: web/dist/index.html ## Build the program with the client inside: target/release/mindvibe
	@$(CARGO) build --release --locked -p server --bin mindvibe

.PHONY: models
models: ## Fetch and convert the speech model (about 130 MB, once)
	@$(FETCH_MODELS)

##@ Prove

.PHONY: test
test: ## The gate: every check and every test, with the time of each stage
	@scripts/tools.sh test
	@exec python3 scripts/test.py

.PHONY: check
check: web/dist/index.html ## Formatting, lints, documentation, licences, secrets, habits of the house
	@scripts/check/run.sh

.PHONY: verify
verify: ## `test`, harder: more cases and kills, answers timed, two instances; then `bench` (hours, idle machine)
	@scripts/verify.sh

.PHONY: bench
bench: ## Measure against the baselines and write bench/results/<date>.json
	@scripts/tools.sh test
	@$(MAKE) build
	@$(BENCH)
	@python3 scripts/readme.py

##@ Parts of the above

.PHONY: tools
tools: ## Install (as root) or name (otherwise) the programs that build and tests need
	@scripts/tools.sh test

.PHONY: samples
samples: ## Fetch the recordings with known text that tests listen to
	@$(FETCH_SAMPLES)

.PHONY: web
web: web/dist/index.html ## Build the client

.PHONY: generate
generate: build ## Write again the committed files that are made from others
	@$(BIN) openapi >openapi.json
	@$(BIN) prove --list --format markdown >docs/security/weaknesses.md
	@scripts/public_items.py
	@$(NPM) run gen
	@scripts/third_party.py

.PHONY: test-build
test-build: web/dist/index.html ## Compile everything the tests need
	@$(CARGO) build --release --locked --workspace --all-targets

.PHONY: test-rust
test-rust: web/dist/index.html crates/identity/tests/oidc/node_modules/.stamp ## Unit, conformance and HTTP tests, on SQLite, and on a PostgreSQL and a Redis of their own
	@scripts/with-servers.sh --redis $(CARGO) test --release --locked --workspace --no-fail-fast

.PHONY: test-web
test-web: web/node_modules/.stamp ## Unit tests of the client
	@$(NPM) run test

.PHONY: test-e2e
test-e2e: test-build crates/identity/tests/oidc/node_modules/.stamp ## What people do, in Chromium, against the program
	@$(NPM) run e2e

.PHONY: test-prove
test-prove: test-build ## The attack suite against the program, then against a weakened twin of it
	@scripts/with-servers.sh scripts/evidence.py || true # a test that failed is a rule that fails
	@scripts/prove.sh
	@$(CARGO) build --release --locked -p server --features weaken --bin mindvibe-weakened $(QUICKLY)
	@scripts/refuses-weaken.sh $(QUICKLY)
	@scripts/prove-weakened.sh

.PHONY: clean
clean: ## Remove what was built (never data or models)
	@rm -rf target web/dist web/node_modules

.PHONY: help
help: ## This list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo

web/node_modules/.stamp: web/package-lock.json
	@npm ci --prefix web --no-audit --no-fund --loglevel=error
	@touch $@

crates/identity/tests/oidc/node_modules/.stamp: crates/identity/tests/oidc/package-lock.json
	@npm ci --prefix crates/identity/tests/oidc --no-audit --no-fund --loglevel=error
	@touch $@

# The time stamp says "built from these sources", also when the result is the same.
web/dist/index.html: web/node_modules/.stamp $(WEB_SOURCES)
	@$(NPM) run build
	@touch $@
