# `make help` says what there is. Every target first installs what it misses (deploy/deps), then builds in
# .build/release with the `release` preset. Variables: JOBS, PREFIX, DESTDIR, SEED, SEEDS, CYCLES, FUZZ_SECONDS,
# LINT_ALL, LANGUAGES, BENCH, NAME, RESOURCE, REQUIRE_KAFKA, SKIP_DEPS; of the image BUILDER, DEBIAN; of the cluster KUBE,
# STEPS.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help deps build demo dev kafka test golden asan tsan sim chaos fuzz bench bench-full lint format service install clean proto-baseline

BUILD  := .build/release
PREFIX ?= /usr/local
# One job a core, but no more than one for 1.5 GB of memory: gRPC's headers are hungry.
JOBS   ?= $(shell awk -v cores=$$(nproc) '/^MemTotal/ { fit = int($$2 / 1572864); print fit < 1 ? 1 : fit < cores ? fit : cores }' /proc/meminfo)

export CCACHE_BASEDIR ?= $(CURDIR)
export REQUIRE_KAFKA

# $(call compile,TARGET…[,FOLDER]): progress on a terminal; in a pipe one line, and the compiler's words if it
# fails.
compile = @folder=$(or $(2),$(BUILD)); if [ -t 1 ]; then cmake --build $$folder -j $(JOBS) --target $(1); \
           else echo "Building $(1)"; cmake --build $$folder -j $(JOBS) --target $(1) >$$folder/build.log 2>&1 || \
             { grep -v '^\[[0-9]*/[0-9]*\]' $$folder/build.log >&2; exit 1; }; fi

# $(call configure,PRESET): quiet unless it fails.
configure = @mkdir -p .build/$(1) && { cmake --preset $(1) >.build/$(1)/configure.log 2>&1 || { cat .build/$(1)/configure.log >&2; exit 1; }; }

help:
	@echo 'FinalMile, from a fresh clone on Debian 12:'
	@echo
	@echo '  make demo        build and play a generated quarter of selling and practice; top leads with their reasons'
	@echo '  make dev         run the suite in one process on this machine, no server needed'
	@echo '  make build       compile everything into $(BUILD)'
	@echo '  make install     copy the programs to PREFIX=$(PREFIX)'
	@echo '  make manifests   write deploy/kubernetes/rendered anew, after a change of its sources'
	@echo '  make kubernetes-test  the suite in a real cluster, which KUBE brings: rollouts, drains, faults; needs root'
	@echo '  make protos      the published contracts in one archive; .build/finalmile-protos-VERSION.tar.gz'
	@echo '  make asyncapi    write proto/asyncapi.yaml anew after a change of an event or a topic, as make golden does too'
	@echo '  make image       the container image, compiled in it; .build/image/finalmile.tar'
	@echo '  make image-test  the image of the program in $(BUILD), twice, and whether it is as promised'
	@echo
	@echo '  make test        every test, with real PostgreSQL and Kafka; ends with a count'
	@echo '                   REQUIRE_KAFKA=1: a missing broker is a failure, not a skip'
	@echo '  make golden      write tests/golden/expected anew after a deliberate change of schema, events or metrics'
	@echo '  make asan        every test under AddressSanitizer and UndefinedBehaviorSanitizer'
	@echo '  make tsan        the tests of threads, engines and cache under ThreadSanitizer'
	@echo '  make sim         the simulation: SEEDS=10000; SEED=n replays one'
	@echo '  make chaos       the long fault loops: CYCLES=1000 kills'
	@echo '  make fuzz        malformed input under libFuzzer: FUZZ_SECONDS=60 for each target'
	@echo '  make bench       the table of speed ratios in ten minutes; bench-full takes the full sizes'
	@echo '  make bench-peers ours beside Kafka Streams and Lucene; BENCH="--full --rows P4": the flags of finalmile_bench'
	@echo '  make clients     clients in Go, Java, Node.js and Python against a suite; LANGUAGES="go java": these alone'
	@echo '  make lint        format, clang-tidy on changed files (LINT_ALL=1: all), buf lint and breaking, AsyncAPI'
	@echo '  make format      rewrite the sources as .clang-format says'
	@echo '  make service     stamp out a new service: NAME=billing, and its resource: RESOURCE=line_item'
	@echo
	@echo '  make deps        install what any target needs (they do so by themselves); starts no server'
	@echo '  make kafka       fetch the Kafka broker into .cache/kafka; deploy/kafka/broker runs it'
	@echo '  make clean       remove .build'

deps:
	@deploy/deps build broker test monitoring bench peers clients format lint fuzz image kubernetes

# deps-GROUP: the groups of deploy/packages.txt, one by one. A no-op of some milliseconds where all is there.
deps-%:
	@deploy/deps $(subst +, ,$*)

$(BUILD)/build.ninja: CMakePresets.json | deps-build
	@if [ -t 1 ]; then cmake --preset release; \
	 else mkdir -p $(BUILD) && { cmake --preset release >$(BUILD)/configure.log 2>&1 || { cat $(BUILD)/configure.log >&2; exit 1; }; }; fi
	@touch $@

build: deps-build $(BUILD)/build.ninja
	$(call compile,all)

# What is installed, without the tests: for the image.
.PHONY: programs
programs: deps-build $(BUILD)/build.ninja
	$(call compile,programs)

# In a real cluster. KUBE is a command that runs another one beside a cluster whose nodes have the images of KUBE_IMAGES;
# empty: the cluster of the current context, whose nodes have them already. STEPS are those of `tests/kubernetes/run --list`.
.PHONY: kubernetes-test
kubernetes-test: programs | deps-image deps-broker deps-kubernetes
	@deploy/kafka/fetch
	@deploy/image/build --program $(BUILD)/services/finalmile/finalmile
	@deploy/image/build --program $(BUILD)/services/finalmile/finalmile --tag localhost/finalmile:next --output .build/image/finalmile-next.tar
	@tests/clients/run --build || echo 'the step "outside" does without them'
	@KUBE_IMAGES=".build/image/finalmile.tar .build/image/finalmile-next.tar" $(KUBE) tests/kubernetes/run $(STEPS)

# What the overlays come to, for those who read or apply it without kustomize; `make lint` compares.
.PHONY: manifests
manifests:
	@deploy/kubernetes/render

# deploy/image/build says what else can be set.
.PHONY: image image-test
image: deps-image
	@deploy/image/build

image-test: programs | deps-image
	@deploy/image/test --program $(BUILD)/services/finalmile/finalmile

demo: deps-build $(BUILD)/build.ninja
	$(call compile,finalmile)
	@$(BUILD)/services/finalmile/finalmile demo

dev: deps-build $(BUILD)/build.ninja
	$(call compile,finalmile)
	@exec $(BUILD)/services/finalmile/finalmile dev

kafka: deps-broker
	@deploy/kafka/fetch

# Without the broker its tests say SKIPPED, unless REQUIRE_KAFKA=1.
.PHONY: kafka-if-reachable
kafka-if-reachable: deps-build+broker+test+monitoring
	@deploy/kafka/fetch || [ "$(REQUIRE_KAFKA)" != 1 ]

test: kafka-if-reachable $(BUILD)/build.ninja
	$(call compile,all)
	@.ci/test $(BUILD) --parallel $(JOBS)

golden: deps-build+test $(BUILD)/build.ninja
	$(call compile,golden_test)
	@UPDATE_GOLDEN=1 $(BUILD)/tests/golden/golden_test --gtest_brief=1
	@deploy/protos/asyncapi

# The `debug` preset, in a folder of its own; the whole takes some times as long as `make test`.
asan: kafka-if-reachable
	$(call configure,debug)
	$(call compile,all,.build/debug)
	@.ci/test .build/debug --parallel $(JOBS)

# The `tsan` preset, and of the tests those that it can judge (label `threads`).
tsan: kafka-if-reachable
	$(call configure,tsan)
	$(call compile,thread_tests,.build/tsan)
	@.ci/test .build/tsan --parallel $(JOBS) -L threads

sim: deps-build $(BUILD)/build.ninja
	$(call compile,simulation_test)
	@SIM_SEEDS=$(or $(SEEDS),10000) SIM_SEED=$(SEED) $(BUILD)/tests/simulation/simulation_test --jobs $(JOBS)

chaos: kafka-if-reachable $(BUILD)/build.ninja
	$(call compile,chaos_test)
	@CHAOS_CYCLES=$(or $(CYCLES),1000) $(BUILD)/tests/chaos/chaos_test

# Fetches the libraries of each language; a language whose tools are missing is skipped.
.PHONY: clients
clients: deps-build+broker+clients $(BUILD)/build.ninja
	@deploy/kafka/fetch
	$(call compile,finalmile)
	@tests/clients/run --program $(BUILD)/services/finalmile/finalmile $(LANGUAGES)

fuzz: deps-build+fuzz
	$(call configure,fuzz)
	$(call compile,fuzz_programs,.build/fuzz)
	@tests/fuzz/run .build/fuzz $(or $(FUZZ_SECONDS),60) $(JOBS)

bench: deps-bench kafka-if-reachable $(BUILD)/build.ninja
	$(call compile,finalmile_bench)
	@$(BUILD)/tests/bench/finalmile_bench --json $(BUILD)/bench.json

# Builds the peers with Maven first; README.md in their folder says what they do.
.PHONY: bench-peers
bench-peers: deps-bench+peers kafka-if-reachable $(BUILD)/build.ninja
	@tests/bench/peers/build
	$(call compile,finalmile_bench)
	@$(BUILD)/tests/bench/finalmile_bench --peers $(BENCH) --json $(BUILD)/bench-peers.json

bench-full: deps-bench kafka-if-reachable $(BUILD)/build.ninja
	$(call compile,finalmile_bench)
	@$(BUILD)/tests/bench/finalmile_bench --full --json $(BUILD)/bench-full.json

lint: deps-build+format+lint
	$(call configure,lint)
	@deploy/lint/run .build/lint

format: deps-format
	@git ls-files -co --exclude-standard '*.cc' '*.h' ':!deploy/service/template' | xargs -r clang-format -i

service:
	@deploy/service/new $(NAME) $(RESOURCE)

# After a deliberate, compatible change of the protos: the image that `buf breaking` compares with.
proto-baseline: deps-lint
	@deploy/lint/buf build --exclude-source-info -o proto/baseline.binpb

# The document of all topics, from the protos and the wiring of the services; `make lint` and `make test` compare.
.PHONY: asyncapi
asyncapi: deps-build+test
	@deploy/protos/asyncapi

.PHONY: protos
protos:
	@deploy/protos/archive

install: build
	@cmake --install $(BUILD) --prefix $(PREFIX) >/dev/null && echo "Installed in $(DESTDIR)$(PREFIX)"

clean:
	@rm -rf .build
