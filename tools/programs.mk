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
program_flags := -std=c++17 -fno-strict-aliasing -fwrapv -Wall -Wextra -Wno-unused-parameter \
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
	$(library_compile) $(call file_flags,$@) -MMD -MP -c -o $@ $<

$(unit)/test/%.o: $(root)/test/%.cc $(unit_stamp)
	@mkdir -p $(@D)
	$(program_compile) -MMD -MP -c -o $@ $<

$(unit)/unit_tests: $(unit_objects)
	$(CXX) $(sanitizers) -o $@ $^ -lgtest -lgtest_main -lpthread -lm

# TESTS is a GoogleTest filter, e.g. TESTS='Kernels*'.
check-unit: $(unit)/unit_tests
	cd $(root) && $< --gtest_brief=1 $(if $(TESTS),--gtest_filter='$(TESTS)')

# --- benchmarks: bench/X.cc, or bench/X/*.cc, become build/bench/X ------------------------------
bench := $(root)/build/bench
bench_stamp := $(call flags_stamp,$(bench)/.flags,$(library_compile) $(program_compile) $(kernel_flags))
bench_rooms := $(addprefix $(bench)/,$(room_sources:.cc=.o))
libpq_flags := $(patsubst -I%,-isystem %,$(filter-out -I/usr/include,-I$(shell $(PG_CONFIG) --includedir)))
bench_names := $(sort $(basename $(notdir $(wildcard $(root)/bench/*.cc))) \
	$(notdir $(patsubst %/,%,$(dir $(wildcard $(root)/bench/*/*.cc)))))
bench_objects = $(addprefix $(bench)/,$(patsubst $(root)/%.cc,%.o,$(sort \
	$(wildcard $(root)/bench/$(1).cc) $(wildcard $(root)/bench/$(1)/*.cc))))

$(bench)/src/%.o: $(root)/src/%.cc $(bench_stamp)
	@mkdir -p $(@D)
	$(library_compile) $(call file_flags,$@) -MMD -MP -c -o $@ $<

$(bench)/bench/%.o: $(root)/bench/%.cc $(bench_stamp)
	@mkdir -p $(@D)
	$(program_compile) $(libpq_flags) -MMD -MP -c -o $@ $<

define bench_program
bench: $(bench)/$(1)
$(bench)/$(1): $(call bench_objects,$(1)) $(bench_rooms)
	$(CXX) -o $$@ $$^ -L$(shell $(PG_CONFIG) --libdir) -lbenchmark -lpq -lpthread -lm
endef
$(foreach name,$(bench_names),$(eval $(call bench_program,$(name))))

-include $(unit_objects:.o=.d) $(bench_rooms:.o=.d) $(foreach name,$(bench_names),\
	$(patsubst %.o,%.d,$(call bench_objects,$(name))))
