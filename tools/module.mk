# The extension, built with PGXS in the current folder. The Makefile calls it with VPATH=<root>.

root := $(VPATH)
PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
server_header := $(shell $(PG_CONFIG) --includedir-server)/postgres.h
ifeq ($(and $(wildcard $(PGXS)),$(wildcard $(server_header))),)
$(error $(PG_CONFIG) names no PGXS or no server headers: run `make deps`, or point PG_CONFIG at a PostgreSQL that has both)
endif

include $(root)/tools/flags.mk
sources := $(call sources_of,$(plain_rooms) $(server_rooms))

MODULE_big = omendb
OBJS = $(sources:.cc=.o)
EXTENSION = omendb
DATA = $(patsubst $(root)/%,%,$(wildcard $(root)/sql/omendb--*.sql))
REGRESS = $(filter-out omendb--%,$(basename $(notdir $(sort $(wildcard $(root)/sql/*.sql)))))
REGRESS_OPTS = --load-extension=omendb
installcheck: export PG_ABS_SRCDIR := $(root)

# JIT bitcode would compile each kernel again, by clang and without the flags of its tier.
override with_llvm := no
include $(PGXS)

# Room flags: only pg, type and am see the server's headers, as system headers.
server_includes := $(patsubst -I%,-isystem %,$(filter -I/%,$(filter-out -I$(srcdir) -I/usr/include,$(CPPFLAGS))))
plain_cppflags := $(filter-out -I%,$(CPPFLAGS))
room_flags = $(if $(filter $(server_rooms),$(word 2,$(subst /, ,$(1)))),$(server_includes))
# FRAME_LINT compiles for tools/lint.sh, which looks for frames that would need a destructor.
optimise := $(if $(FRAME_LINT),-O1 -fexceptions,$(if $(DEBUG),-O1 -g $(debug_defines),-O2))
flags = $(CXXFLAGS) $(library_flags) $(optimise) $(plain_cppflags) $(COPT)

stamp := $(call flags_stamp,$(CURDIR)/.flags,$(CXX) $(flags) $(kernel_flags) $(server_includes) $(VERSION))

%.o: %.cc $(stamp)
	@mkdir -p $(@D)
	$(quiet)$(CXX) $(flags) $(call room_flags,$@) $(call file_flags,$@) -MMD -MP -c -o $@ $<

.PHONY: objects
objects: $(filter-out src/simd/kernels_%,$(OBJS))

# Linked by the C compiler: needing libstdc++ is an error (tools/lint.sh). PostgreSQL loads modules with
# global symbols, so everything but the functions that the server calls stays local.
SHLIB_LINK += -lm
ifeq ($(PORTNAME),linux)
SHLIB_LINK += -Wl,--version-script=$(root)/tools/exports.map
$(MODULE_big)$(DLSUFFIX): $(root)/tools/exports.map
endif

ifndef V
.SILENT: $(MODULE_big)$(DLSUFFIX)
endif

-include $(OBJS:.o=.d)
