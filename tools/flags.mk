# Compiler flags that the extension, the unit tests and the benchmarks share. REQUIRES: root.

# base simd page codec graph know no PostgreSQL header and are compiled without its include path.
plain_rooms := base simd page codec graph
server_rooms := pg type am

# -ffp-contract=off: x - x is 0 and a sum of squares has its square root on every CPU; GCC fuses by default
# where FMA is part of the base instructions, as on ARM64.
library_flags := -std=c++17 -fno-exceptions -fno-rtti -fvisibility=hidden -fvisibility-inlines-hidden \
	-fno-strict-aliasing -fwrapv -ffp-contract=off -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers \
	-I$(root)/include $(if $(WERROR),-Werror)
debug_defines := -DOMENDB_DEBUG=1 -DUSE_ASSERT_CHECKING

# One file of kernels a CPU tier, each with the instructions of its tier and no other file with them.
# Kernels are never built below -O2: at -O0 templates compiled with AVX-512 flags become weak symbols
# that other files may pick up. Contracting a*b+c is what gives FMA to xsimd's AVX-512; the NEON one asks
# for it by name. From version 12 on xsimd wants avx512cd too, which every CPU with VNNI has.
machine := $(shell uname -m)
kernel_flags := -O3
ifeq ($(machine),x86_64)
kernel_flags += -ffp-contract=fast
tier_flags_avx2 := -mavx2 -mfma -mf16c
tier_flags_avx512 := -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512cd -mavx512vnni -mavx512vpopcntdq \
	-mavx2 -mfma -mf16c
else
absent_tiers := %/kernels_avx2.cc %/kernels_avx512.cc
endif
tier_of = $(patsubst kernels_%,%,$(filter kernels_%,$(basename $(notdir $(1)))))
file_flags = $(if $(call tier_of,$(1)),$(kernel_flags) $(tier_flags_$(call tier_of,$(1))))

# The sources of the rooms $(1), relative to the root.
sources_of = $(patsubst $(root)/%,%,$(filter-out $(absent_tiers),\
	$(sort $(foreach room,$(1),$(wildcard $(root)/src/$(room)/*.cc)))))

# A file that changes when the flags $(2) do: objects depend on it, so that one folder never mixes two
# sets of flags. -Werror is not part of it, it changes no code.
flags_stamp = $(1)$(shell mkdir -p $(dir $(1)); echo '$(filter-out -Werror,$(2))' | cmp -s - $(1) \
	|| echo '$(filter-out -Werror,$(2))' >$(1))

# make V=1 shows the commands.
quiet = $(if $(V),,@echo 'c++ $(patsubst $(root)/%,%,$<)' && )
