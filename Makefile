# One line per target; what takes more than a line lives in tools/ and tests/.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# The configurations in envoy-configs/ name modules under target/, so an environment that moves it must not.
export CARGO_TARGET_DIR := $(CURDIR)/target

wasm := wasm32-wasip1
filters := cluster-picker pii-redactor prompt-guard token-meter
build = cargo build --release --target $(wasm)
# The suite by itself: it asks for more of the guard than the guard's own module has, and one build would give it to both.
modules = $(build) $(filters:%=-p penstock-%) && $(build) -p penstock-suite
run := python3 tests/demo
timed = $(build) -p penstock-pii-redactor -p penstock-prompt-guard --features timed --target-dir target/timed && \
	$(build) -p penstock-suite --features timed --target-dir target/timed
fleet_quick := --seeds 1 --policies penstock,rr,p2c,gie,gie_active,vllm,dynamo,oracle \
	--conditions mixed,prefix,homogeneous,black_hole,slow,gateways_4

.PHONY: help build cli oci oci-push demo up up-global down test test-all test-mesh storm bench fleet dashboards alerts eval train fuzz lint clean tools callbacks

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: tools ## the filters, one .wasm each and the suite, in target/wasm32-wasip1/release/
	@$(modules)
	@python3 tools/slim.py $(patsubst %,target/$(wasm)/release/penstock-%.wasm,$(filters) suite)

cli: tools ## the penstock command, as target/release/penstock
	@cargo build --release -p penstock-cli

oci: build ## OCI images of the modules, reproducible, with lists of crates and checksums, in target/oci/ (SOURCE=https://... names the sources)
	@python3 tools/oci.py --source "$(SOURCE)"

oci-push: ## pushes them and prints what manifests pin (REGISTRY=ghcr.io/acme/penstock, TAG=: default the version)
	@python3 tools/oci_push.py "$(REGISTRY)" --tag "$(TAG)"

demo: build sim ## a simulated LLM fleet and a real Envoy: sends traffic with the official SDKs, shows tokens, cost and latency
	@$$(tools/python.sh) tests/demo/demo.py

up: build sim ## the demo's fleet and Envoy, left running (PORT=10000 ADMIN_PORT=9901 CONFIG=envoy-configs/suite.yaml)
	@$(run)/up.py up

up-global: build sim ## two such Envoys that share budgets, by Envoy's rate limit service and Redis (PORT, PORT_2, REDIS_PORT ...: tests/demo/up.py)
	@$(run)/up.py global

down: ## ends what `make up` or `make up-global` started
	@$(run)/up.py down

test: build ## unit, property, golden and scenario tests, real Envoy, official SDKs, Prometheus, llama-server where it is built
	@tools/test.sh

test-all: build ## that, and the oldest supported Envoy and Ollama
	@tools/test.sh --all

test-mesh: build sim ## every manifest of istio/ on a real Kubernetes API and istiod, without a cluster (the first call builds both: some fifteen minutes)
	@cargo build --quiet -p penstock-cli
	@python3 tests/mesh/run.py

storm: build ## storms against budgets: 10,000 requests at once, lying and broken streams, a million tenants, kill -9 (QUICK=1: as in make test; SEED=N)
	@tools/storm.sh $(if $(QUICK),--quick) $(if $(SEED),--seed $(SEED))

lint: tools ## format, clippy for this machine and for wasm, and who may know the host
	@tools/lint.sh

callbacks: tools ## how long the redactor, the guard and both keep a worker busy at a time (QUICK=1: a few calls)
	@$(timed)
	@PART=callbacks cargo run --quiet --profile tools -p penstock-bench

bench: build ## what a filter costs beside bare Envoy and its native filter (QUICK=1: under a minute), in target/bench.json; PEERS=1 adds Presidio, detect-secrets and LLM Guard; PICKER=1 compares policies that pick a server, and nothing else
ifdef PICKER
	@cargo build --quiet --profile tools -p llm-sim
	@PART=picker cargo run --quiet --profile tools -p penstock-bench
else
	@cargo build --release --target $(wasm) --manifest-path tests/empty-filter/Cargo.toml --target-dir target/empty-filter
	@$(timed)
	@cargo run --quiet --profile tools -p penstock-bench
	@[ -z "$(PEERS)" ] || tools/peers.sh
endif

fleet: tools ## policies that pick a server for LLM traffic, compared in virtual time: tables here, CSV and SVG in target/fleet (TRACES=FOLDER: public traces, and our ratios against the goals; QUICK=1: under 30 s)
	@cargo build --quiet --profile tools -p penstock-fleet
	@target/tools/penstock-fleet matrix --out target/fleet $(if $(TRACES),--traces "$(TRACES)") $(if $(QUICK),$(fleet_quick))

dashboards: build sim ## Grafana's dashboards from dashboards/boards, and their pictures for the docs from some minutes of the demo's traffic
	@python3 dashboards/make.py
	@$$(tools/python.sh) tests/dashboards/check.py --rounds 6 --pictures docs/dashboards

alerts: ## the PrometheusRule of kubernetes/, from envoy-configs/prometheus/alerts.yaml
	@python3 kubernetes/make.py

eval: tools ## what the redactor and the guard find in labelled texts, scored (DATA=FOLDER), in target/eval.json
	@tools/eval.sh "$(DATA)"

train: tools ## the guard's table of weights, from its corpus (DATA=FOLDER adds labelled texts), in filters/prompt-guard/
	@cargo run --release -p penstock-guard-train -- train filters/prompt-guard/corpus filters/prompt-guard $(DATA)

fuzz: tools ## a minute of fuzzing for each target
	@tools/fuzz.sh

clean: ## removes what was built; the caches in .tools/ and ~/.cache/penstock stay
	@cargo clean

.PHONY: sim
sim:
	@cargo build -p llm-sim

tools:
	@tools/need.sh git gcc rustup python3 python3-venv
	@tools/target.sh
