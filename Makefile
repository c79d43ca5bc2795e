# Petri. `make help` lists the targets; docs/HACKING.md says how to work with them.
#
# Every target works from a fresh clone: what is missing is installed first (tools/setup.sh), what is
# there already is left alone.

SHELL := /bin/sh
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PREFIX ?= /usr/local
BIN := node_modules/.bin
SOURCES := $(shell find src -name '*.ts' -not -path '*/generated/*' 2>/dev/null)
GENERATED := src/kernel/generated/constants.ts src/step/generated/ops.ts
BUNDLES := dist/petri.mjs dist/supervisor.mjs

.PHONY: all help run test check bench test-vm fuzz install uninstall clean setup native

all: native $(BUNDLES) ## install what is missing, build the shim and the TypeScript

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

run: all build/first-run.mjs build/busybox.tar ## set everything up, then run a real container
	@node build/first-run.mjs

test: all build/busybox.tar ## all tests; ends in the line "N passed, N failed"
	@sh tools/setup-tests.sh
	@PATH="$$PATH:$(CURDIR)/build/tools/usr/bin" $(BIN)/vitest run $(ARGS)

check: $(GENERATED) ## types, lint and format, import rule, documents that must agree with the code
	@$(BIN)/tsc --noEmit
	@$(BIN)/biome check --error-on-warnings
	@$(BIN)/vitest run --project unit test/unit/imports.test.ts test/unit/docs.test.ts \
		test/unit/api-reference.test.ts

bench: all build/busybox.tar build/debian.tar build/services.tar ## the measurements of docs/PERFORMANCE.md
	@node tools/bench.mjs $(ARGS)

test-vm: all build/busybox.tar ## a small virtual machine with cgroup v2 alone, and the engine in it; its power is cut too
	@sh tools/setup-tests.sh
	@test/vm/run.sh
	@test/vm/run.sh --power 3

fuzz: $(GENERATED) ## the shim's parsers against random input, with sanitizers
	@$(MAKE) -C native fuzz

install: all ## into PREFIX (default /usr/local)
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' sh tools/install.sh

uninstall: ## what install put there
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' sh tools/install.sh --remove

clean: ## what was built, not what was installed
	@rm -rf build dist coverage src/kernel/generated src/step/generated
	@$(MAKE) -C native clean

# -- how the pieces are made --

setup:
	@sh tools/setup.sh

# Compared by content: a lock file that git has touched but not changed costs nothing.
node_modules/.lock: package-lock.json | setup
	@cmp -s $< $@ || { echo 'npm ci'; npm ci --ignore-scripts --no-progress --loglevel=error; }
	@cp $< $@

src/kernel/generated/constants.ts: native/constants.list tools/generate-constants.mjs | setup
	@node tools/generate-constants.mjs

src/step/generated/ops.ts: native/ops.def tools/generate-ops.mjs | setup
	@node tools/generate-ops.mjs

$(GENERATED): node_modules/.lock

native: $(GENERATED)
	@$(MAKE) -s -C native

dist/petri.mjs: $(SOURCES) $(GENERATED) tools/build.mjs node_modules/.lock
	@node tools/build.mjs

dist/supervisor.mjs: dist/petri.mjs ;

build/first-run.mjs: tools/first-run.ts $(SOURCES) $(GENERATED)
	@$(BIN)/esbuild $< --bundle --platform=node --format=esm --outfile=$@ --log-level=warning

build/busybox.tar: rootfs-fixtures/busybox.sh | setup
	@mkdir -p build
	@rootfs-fixtures/busybox.sh $@

build/debian.tar: rootfs-fixtures/debian.sh | setup
	@mkdir -p build
	@rootfs-fixtures/debian.sh $@

build/services.tar: rootfs-fixtures/services.sh build/debian.tar
	@rootfs-fixtures/services.sh build/debian.tar $@
