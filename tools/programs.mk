# Unit tests and benchmarks: programs that need no server, built into build/unit, build/unit-sanitize
# and build/bench. They may use all of C++; the rooms they link are compiled as in the library.
# The Makefile calls this with root=<root>.

include $(root)/tools/flags.mk

room_sources := $(call sources_of,$(plain_rooms))
optimise := -O2 -g
ifdef SANITIZE
# A sanitizer's report ends the program: a test that only prints one would pass.
sanitizers := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
optimise := -O1 -g
endif
library_compile := $(CXX) $(library_flags) $(optimise) $(sanitizers)
program_flags := -std=c++17 -fno-strict-aliasing -fwrapv -ffp-contract=off -Wall -Wextra -Wno-unused-parameter \
	-Wno-missing-field-initializers -I$(root)/include -I$(root)/src $(if $(WERROR),-Werror)
program_compile := $(CXX) $(program_flags) $(optimise) $(sanitizers)

.PHONY: check-unit bench
.SECONDARY:
.DELETE_ON_ERROR:

# --- unit tests: test/unit/*.cc are one program -------------------------------------------------
unit := $(root)/build/unit$(if $(SANITIZE),-sanitize)
unit_sources := $(patsubst $(root)/%,%,$(sort $(wildcard $(root)/test/unit/*.cc)))
unit_objects := $(addprefix $(unit)/,$(patsubst %.cc,%.o,$(unit_sources) $(room_sources)))
unit_stamp := $(call flags_stamp,$(unit)/.flags,$(library_compile) $(program_compile) $(kernel_flags))

$(unit)/src/%.o: $(root)/src/%.cc $(unit_stamp)
	@mkdir -p $(@D)
	$(quiet)$(library_compile) $(call file_flags,$@) -MMD -MP -c -o $@ $<

$(unit)/test/%.o: $(root)/test/%.cc $(unit_stamp)
	@mkdir -p $(@D)
	$(quiet)$(program_compile) -MMD -MP -c -o $@ $<

$(unit)/unit_tests: $(unit_objects)
	@echo 'link $(patsubst $(root)/%,%,$@)'
	@$(CXX) $(sanitizers) -o $@ $^ -lgtest -lgtest_main -lpthread -lm

# TESTS is a GoogleTest filter, e.g. TESTS='Kernels*'.
check-unit: $(unit)/unit_tests
	@cd $(root) && status=0; $< --gtest_brief=1 $(if $(TESTS),--gtest_filter='$(TESTS)') \
		>$(unit)/log 2>&1 || status=$$?; cat $(unit)/log; \
	passed=$$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' $(unit)/log); \
	failed=$$(grep -c '^\[  FAILED  \] .* ms)$$' $(unit)/log); \
	[ $$status = 0 ] || [ $$failed != 0 ] || failed=1; \
	echo "$(notdir $(unit)): $${passed:-0} passed, $$failed failed"; exit $$status

# --- benchmarks: bench/X_bench.cc is a program of its own, build/bench/X, over the rooms; the other
# files are two clients of the server, build/bench/omendb_bench and build/bench/omendb_writes.
bench := $(root)/build/bench
bench_stamp := $(call flags_stamp,$(bench)/.flags,$(library_compile) $(program_compile) $(kernel_flags))
libpq_flags := $(patsubst -I%,-isystem %,$(filter-out -I/usr/include,-I$(shell $(PG_CONFIG) --includedir)))
bench_sources := $(sort $(wildcard $(root)/bench/*.cc))
room_benches := $(patsubst $(root)/bench/%_bench.cc,%,$(filter %_bench.cc,$(bench_sources)))
bench_objects_of = $(patsubst $(root)/%.cc,$(bench)/%.o,$(1))
bench_rooms := $(addprefix $(bench)/,$(room_sources:.cc=.o))
bench_objects := $(call bench_objects_of,$(filter-out %_bench.cc,$(bench_sources)))

$(bench)/src/%.o: $(root)/src/%.cc $(bench_stamp)
	@mkdir -p $(@D)
	$(quiet)$(library_compile) $(call file_flags,$@) -MMD -MP -c -o $@ $<

$(bench)/bench/%.o: $(root)/bench/%.cc $(bench_stamp)
	@mkdir -p $(@D)
	$(quiet)$(program_compile) $(libpq_flags) -MMD -MP -c -o $@ $<

# What the programs share, e.g. reading .fbin files: an archive, of which each takes what it needs.
$(bench)/shared.a: $(filter-out %main.o,$(bench_objects))
	@rm -f $@ && ar rcs $@ $^

$(addprefix $(bench)/,$(room_benches)): $(bench)/%: $(bench)/bench/%_bench.o $(bench_rooms) $(bench)/shared.a
	@echo 'link build/bench/$*'
	@$(CXX) -o $@ $^ -L$(shell $(PG_CONFIG) --libdir) -Wl,--as-needed -lbenchmark -lpq -lpthread -lm

clients := $(bench)/omendb_bench $(bench)/omendb_writes
$(bench)/omendb_bench: $(bench)/bench/main.o
$(bench)/omendb_writes: $(bench)/bench/writes_main.o

$(clients): $(bench)/shared.a
	@echo 'link build/bench/$(@F)'
	@$(CXX) -o $@ $(filter %.o,$^) $(filter %.a,$^) -L$(shell $(PG_CONFIG) --libdir) -lpq -lpthread -lm

bench: $(addprefix $(bench)/,$(room_benches)) $(clients)

-include $(patsubst %.o,%.d,$(unit_objects) $(bench_rooms) $(bench_objects) \
	$(patsubst %,$(bench)/bench/%_bench.o,$(room_benches)))
