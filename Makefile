# The door: every target a user or a contributor needs. `make help` lists them.
#
# This file only delegates, so that `make help` and `make deps` work before PostgreSQL is there:
#   tools/module.mk         the extension itself, with PGXS
#   tools/programs.mk       unit tests and benchmarks, which need no server
#   tools/private_server.sh a throw-away server that sees this build without installing it
# Everything built goes to build/, one folder a set of flags; `make clean` removes it.

root := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
PG_CONFIG ?= pg_config

flavour := $(if $(DEBUG),debug,release)$(if $(WERROR),-werror)$(if $(SANITIZE),-sanitize)
# Where the extension is built; another folder is as good: make BUILD=/somewhere/else
BUILD ?= $(root)/build/$(flavour)
build := $(abspath $(BUILD))
module := $(MAKE) --no-print-directory -C $(build) -f $(root)/tools/module.mk \
	VPATH=$(root) PG_CONFIG=$(PG_CONFIG) DEBUG=$(DEBUG) WERROR=$(WERROR)
programs := $(MAKE) --no-print-directory -f $(root)/tools/programs.mk \
	root=$(root) PG_CONFIG=$(PG_CONFIG) SANITIZE=$(SANITIZE) WERROR=$(WERROR)
private_server := PG_CONFIG=$(PG_CONFIG) $(root)/tools/private_server.sh
check_server = $(root)/tools/check_server.sh

.DEFAULT_GOAL := all
.PHONY: help deps all install uninstall installcheck demo check check-unit check-regress \
	check-isolation check-debug prove_installcheck bench format lint lint-files clean

help: ## list the targets
	@echo 'omendb: vectors and an exact-order nearest-neighbour index in PostgreSQL'
	@echo
	@sed -n 's/^\([a-z_-]*\):.*## \(.*\)/\1\t\2/p' $(root)/Makefile | expand -t 20
	@echo
	@echo 'Variables: DEBUG=1 (assertions, failure points, page inspection)  WERROR=1  SANITIZE=1 (unit tests)'
	@echo '           PG_CONFIG=/path/to/pg_config  BUILD=/another/folder  KEEP=1 (demo)  TESTS="name ..."'

deps: ## install what Debian lacks to build and test; needs root or sudo, skips what is there
	@$(root)/tools/deps.sh

all: ## build the extension (the default)
	@mkdir -p $(build)
	+@$(module) all

install uninstall installdirs: all
	+@$(module) $@

install: ## install the extension into the PostgreSQL that pg_config names
uninstall: ## remove it from there

installcheck: all ## SQL tests against your running server, after make install
	+@$(module) installcheck

demo: ## build, start a private server, and ask real words for their neighbours; KEEP=1 leaves it running
	@$(root)/tools/deps.sh build
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@PG_CONFIG=$(PG_CONFIG) KEEP=$(KEEP) $(root)/demo/demo.sh $(build)

check: ## everything CI runs
	@PG_CONFIG=$(PG_CONFIG) $(root)/tools/check.sh

check-unit: ## unit tests, no server; SANITIZE=1 runs them under ASan and UBSan
	+@$(programs) check-unit TESTS="$(TESTS)"

check-regress: all ## SQL tests (pg_regress) on a private server; TESTS="vector copy" runs these
	@PG_CONFIG=$(PG_CONFIG) $(check_server) regress $(build) $(TESTS)

check-isolation: all ## tests of two and more sessions, on a private server
	@PG_CONFIG=$(PG_CONFIG) $(check_server) isolation $(build) $(TESTS)

prove_installcheck: all ## TAP tests: crash, standby, recall, concurrency; on private servers
	@PG_CONFIG=$(PG_CONFIG) $(check_server) tap $(build) $(TESTS)

check-debug: ## SQL and isolation tests on a build with assertions
	@$(MAKE) --no-print-directory check-regress check-isolation DEBUG=1

bench: ## build the benchmarks into build/bench; bench/README.md says how to run them
	+@$(programs) bench

format: ## clang-format all C++ in place
	@cd $(root) && tools/list_sources.sh | xargs clang-format -i

lint: ## the rules of CONTRIBUTING.md that a machine can check
	@PG_CONFIG=$(PG_CONFIG) $(root)/tools/lint.sh

clean: ## remove build/
	rm -rf $(root)/build
