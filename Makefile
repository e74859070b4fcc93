SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

binary := bin/dokkerrd
page := console/dist/demo/index.html
page_sources := $(shell find web/src web/public -type f) web/index.html web/vite.config.js web/tsconfig.json
# Written by npm at the end of an installation.
web_packages := web/node_modules/.package-lock.json
e2e_packages := e2e/node_modules/.package-lock.json
conformance_packages := e2e/conformance/node_modules/.package-lock.json
client_packages := clients/js/node_modules/.package-lock.json

.PHONY: help
help: ## print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: run
run: build ## build everything, start the demo, and print its address
	exec $(binary) demo

.PHONY: build
build: ## build bin/dokkerrd with the web pages inside
	@$(MAKE) -j2 pages compiled
	go build -o $(binary) ./cmd/dokkerrd

.PHONY: pages
pages: $(page)
	@:

# The slow part of a first build is other people's packages: compile them while npm installs its own.
.PHONY: compiled
compiled:
	go list -export -deps ./cmd/dokkerrd >/dev/null

$(page): $(web_packages) $(page_sources)
	cd web && npm run --silent build

%/node_modules/.package-lock.json: %/package.json %/package-lock.json
	cd $* && npm ci --no-audit --no-fund
	touch $@

.PHONY: test
test: tools check go-test fuzz-short race powercut conformance e2e ## install what is missing from Debian, then run every check and test

.PHONY: tools
tools: ## install what the tests need and this Debian machine lacks
	e2e/install-tools

.PHONY: check
check: $(web_packages) $(client_packages) ## check formatting, vet, types, and what is generated
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "run make fmt:" $$unformatted; exit 1; }
	go vet ./...
	cd bench && go vet ./...
	cd clients/js && npm run --silent check
	cd web && npm run --silent check

.PHONY: generate
generate: $(client_packages) ## write the types of clients/js from api/asyncapi.yaml
	cd clients/js && npm run --silent generate

.PHONY: go-test
go-test: pages $(e2e_packages) ## run the Go tests
	go test ./...
	cd bench && go test ./...

.PHONY: race
race: tools pages $(e2e_packages) ## run the Go tests, in their short form, with the race detector
	go test -race -short ./...

.PHONY: e2e
e2e: tools build $(e2e_packages) ## run the stock clients and a real browser against the built server
	cd e2e && node --test --test-timeout=300000 *.test.js

.PHONY: conformance
conformance: tools $(conformance_packages) ## run the protocol's suites and clients of three generations against the library
	cd e2e/conformance && npm test --silent

# Every fuzz target as "./package FuzzName", one a line, on to $(1) at a time for $(2) each, by $(3) workers.
fuzz_all = @grep -ro --include='*_test.go' --exclude-dir=node_modules '^func Fuzz[A-Za-z0-9]*' . | sed 's|/[^/]*:func | |' | sort | \
	xargs -P $(1) -L 1 e2e/fuzz-target $(2) $(3)

.PHONY: fuzz
fuzz: ## fuzz every target (TIME=10m each)
	$(call fuzz_all,1,$(or $(TIME),10m),$$(nproc))

.PHONY: fuzz-short
fuzz-short: ## fuzz every target for 5 s, two at a time
	$(call fuzz_all,2,5s,1)

.PHONY: torture
torture: tools build $(e2e_packages) ## kill the server 200 times under load, start it with a million messages, drop 1,000 clients, tell 10,000 payments' lives, play 5,000 seeds, attack it ten times, cut the power 100 times (root; about half an hour)
	cd e2e && TORTURE=1 node --test --test-concurrency=1 --test-timeout=1800000 drops.test.js keys.test.js offline.test.js holes.test.js provider.test.js
	go test ./e2e/attacks -count=10 -timeout 1h
	go test ./e2e/attacks -count=1 -v -run 'TestSlowReaders|TestFullOutbox' -slow-readers 1000
	go test ./cmd/dokkerrd -count=1 -v -run TestHalfOpenHandshakes -half-open 5000
	go test ./e2e/torture -count=1 -v -acked 100000 -kills 200 -pause 5ms -stored 1000000 -timeout 1h
	go test ./e2e/simulation -count=1 -seeds 5000 -timeout 1h
	cd e2e/powercut && go test ./... -count=1 -v -cuts 100 -timeout 1h

.PHONY: mutants
mutants: tools ## break the product in each way of a table and see that a test notices (root; RUN=name for some; about five minutes)
	go run ./e2e/mutants $(if $(RUN),-run '$(RUN)')

.PHONY: powercut
powercut: tools ## cut the power of the store ten times, fill its disk, fail one sync (root, /dev/fuse)
	cd e2e/powercut && go vet ./... && go test ./... -count=1

.PHONY: bench
bench: ## compare with other servers (RUNS=7 rounds, about an hour): tables here, raw results and plots in bench/results
	cd bench && go run . -runs $(or $(RUNS),7)

# Each form in a process of its own, for what ran before in the same one shows; in turns, for the machine changes.
.PHONY: bench-door
bench-door: ## measure what limits and checks add to an echo, a message and a delivery (RUNS=20 of each, about two minutes)
	go test -c -o bin/gateway.test ./gateway && rm -f bin/door.txt
	cd gateway && for run in $$(seq $(or $(RUNS),20)); do for door in off on; do \
		../bin/gateway.test -test.run '^$$' -test.cpu 1 -test.benchtime 16000x \
			-test.bench "Echo/./door=$$door|Delivery/./door=$$door|Message/door=$$door" >>../bin/door.txt; done; done
	go run golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da -col /door bin/door.txt

.PHONY: fmt
fmt: ## format the Go sources
	gofmt -w .

.PHONY: clean
clean: ## remove everything that was built or installed
	rm -rf bin web/node_modules clients/js/node_modules e2e/node_modules e2e/conformance/node_modules e2e/screenshots
	rm -rf bench/bin bench/results bench/servers/node/node_modules bench/servers/socketioxide/target
	find console/dist -mindepth 1 ! -name README.md -delete
