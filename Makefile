# SPDX-License-Identifier: GPL-2.0-or-later
#
# leasewatch: everything is built below $(BUILD); nothing is written into the tree.
#
#   make            build/leasewatch
#   make demo       install what is missing, build, watch the incident happen in a lab     (root)
#   make check      install what is missing, build, lint, run every test                   (root)
#   make install    PREFIX=/usr/local, DESTDIR=; make uninstall                            (root)
#   make deb        build/leasewatch_VERSION_ARCH.deb
#   make bench      what it costs, beside the alternatives; BENCH=quick for two minutes    (root)
#   make soak       the daemon under load for 20 minutes; SOAK=quick for two, SOAK=idle     (root)
#   make check-vm   of these, only those on other kernels; KERNEL=6.1 for one of them       (root)
#   make lint | test-unit | test-fuzz | test-e2e | clean       V=1 shows the commands

BUILD   ?= build
PREFIX  ?= /usr/local
VERSION := 0.1.0

CC        ?= gcc
CLANG     ?= clang
BPFTOOL   ?= $(firstword $(wildcard /usr/sbin/bpftool /sbin/bpftool) bpftool)
PKGCONFIG ?= pkg-config

ARCH      := $(shell $(CC) -dumpmachine | sed 's/x86_64.*/x86/; s/aarch64.*/arm64/')
MULTIARCH := $(shell $(CC) -print-multiarch)
# Where the architecture's own <asm/types.h> is; a cross compiler has it elsewhere.
UAPI      ?= /usr/include/$(MULTIARCH)

WARN     := -Wall -Wextra -Werror
CPPFLAGS += -Iinclude -Iuser -I$(BUILD) -D_GNU_SOURCE -DLW_VERSION='"$(VERSION)"'
CFLAGS   ?= -O2 -g
LW_CFLAGS := -std=gnu11 $(WARN) $(CFLAGS)
PKGS     := libbpf libelf zlib jansson yaml-0.1 ncursesw inih libmicrohttpd libcap-ng
CORE_PKGS := jansson yaml-0.1 ncursesw inih
RESOLV   := -lresolv

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n' '$(1)' '$(patsubst $(BUILD)/%,%,$(2))'
endif

# The core is everything that runs without root and without libbpf: unit and fuzz tests link only it.
CORE_SRC := $(wildcard user/protocol/*.c user/model/*.c user/sink/*.c user/sink/*/*.c user/kernel/patroni_*.c) \
	    user/kernel/library.c user/kernel/features.c user/kernel/ring.c $(wildcard user/kernel/vitals*.c) user/cmd/conf.c
APP_SRC  := $(filter-out $(CORE_SRC),$(wildcard user/kernel/*.c user/cmd/*.c)) user/main.c
BPF_SRC  := $(wildcard bpf/*.bpf.c)

CORE_OBJ := $(CORE_SRC:%.c=$(BUILD)/%.o)
APP_OBJ  := $(APP_SRC:%.c=$(BUILD)/%.o)
BPF_OBJ  := $(BPF_SRC:%.c=$(BUILD)/%.o)
# The probe without the rest: for programs of the tests and the benchmark.
PROBE_OBJ := $(addprefix $(BUILD)/user/kernel/,probe.o programs.o trial.o resolve.o tls.o uprobes.o uprobes_copy.o \
	hook.o hooks.o symbols.o library.o features.o ring.o)
SKEL     := $(BUILD)/leasewatch.skel.h
CORE_LIB := $(BUILD)/libleasewatch.a

UNIT := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))
FUZZ := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: all clean demo check check-vm lint test-unit test-fuzz test-e2e unit-programs fuzz-programs \
	bench bench-programs soak
.DELETE_ON_ERROR:

all: $(BUILD)/leasewatch

# ---- kernel side
$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) $(WARN) -Wno-unused-parameter \
		-Iinclude -Ibpf -I$(UAPI) -MMD -MP -c $< -o $@

$(BUILD)/leasewatch.bpf.o: $(BPF_OBJ)
	$(call say,LINK,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

$(SKEL): $(BUILD)/leasewatch.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name leasewatch_bpf > $@

# ---- user space
$(BUILD)/user/%.o: user/%.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(LW_CFLAGS) $(shell $(PKGCONFIG) --cflags $(PKGS)) -MMD -MP -c $< -o $@

$(APP_OBJ): | $(SKEL)

$(CORE_LIB): $(CORE_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/leasewatch: $(APP_OBJ) $(CORE_LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LW_CFLAGS) $(LDFLAGS) -o $@ $^ $(shell $(PKGCONFIG) --libs $(PKGS)) $(RESOLV)

# ---- tests
UNIT_HELPERS := $(filter-out $(wildcard tests/unit/test_*.c),$(wildcard tests/unit/*.c))

$(BUILD)/tests/unit/%: tests/unit/%.c $(UNIT_HELPERS) $(CORE_LIB)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Itests/unit $(LW_CFLAGS) $(shell $(PKGCONFIG) --cflags $(CORE_PKGS) cmocka) \
		-MMD -MP -MF $@.d -o $@ $< $(UNIT_HELPERS) $(CORE_LIB) \
		$(shell $(PKGCONFIG) --libs $(CORE_PKGS) cmocka) $(RESOLV)

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

FUZZ_OBJ := $(CORE_SRC:%.c=$(BUILD)/fuzz/%.o)
.SECONDARY: $(FUZZ_OBJ)

$(BUILD)/fuzz/%.o: %.c
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(CPPFLAGS) -std=gnu11 $(WARN) -O1 -g $(SANITIZE) -fsanitize=fuzzer-no-link \
		$(shell $(PKGCONFIG) --cflags $(CORE_PKGS)) -MMD -MP -c $< -o $@

$(BUILD)/tests/fuzz/%: tests/fuzz/%.c $(FUZZ_OBJ)
	$(call say,FUZZ,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(CPPFLAGS) -std=gnu11 $(WARN) -O1 -g $(SANITIZE) -fsanitize=fuzzer \
		$(shell $(PKGCONFIG) --cflags $(CORE_PKGS)) -MMD -MP -MF $@.d -o $@ $< $(FUZZ_OBJ) \
		$(shell $(PKGCONFIG) --libs $(CORE_PKGS)) $(RESOLV)

# Seeds out of real traffic: build/tests/fuzz/record PID DIR SECS (root)
$(BUILD)/tests/fuzz/record: tests/fuzz/record.c $(PROBE_OBJ)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(LW_CFLAGS) -o $@ $^ $(shell $(PKGCONFIG) --cflags --libs libbpf libelf) -lpthread

unit-programs: $(UNIT)
fuzz-programs: $(FUZZ) $(BUILD)/tests/fuzz/record

test-unit: unit-programs
	@tests/run --build $(BUILD) unit
test-fuzz: fuzz-programs
	@tests/run --build $(BUILD) fuzz
test-e2e: all deb
	@tests/run --build $(BUILD) e2e
lint:
	@tests/run --build $(BUILD) lint

# ---- the benchmark: small programs of its own, driven by tools/bench/bench
BENCH_PROGRAMS := $(addprefix $(BUILD)/tools/bench/,target server ops livehook attach empty.bpf.o agent.bpf.o)

BENCH_PKGS := libbpf libelf

$(BUILD)/tools/bench/attach: $(PROBE_OBJ)
$(BUILD)/tools/bench/target $(BUILD)/tools/bench/server: BENCH_PKGS := openssl
$(BUILD)/tools/bench/target $(BUILD)/tools/bench/server: $(BUILD)/tools/bench/stream.o
$(BUILD)/tools/bench/stream.o: tools/bench/stream.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(LW_CFLAGS) $(shell $(PKGCONFIG) --cflags openssl) -MMD -MP -c $< -o $@
$(BUILD)/tools/bench/%: tools/bench/%.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(LW_CFLAGS) -MMD -MP -MF $@.d -o $@ $(filter %.c %.o,$^) \
		$(shell $(PKGCONFIG) --cflags --libs $(BENCH_PKGS)) -lpthread

$(BUILD)/tools/bench/%.bpf.o: tools/bench/%.bpf.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) $(WARN) -Wno-unused-parameter \
		-I$(UAPI) -MMD -MP -MF $@.d -c $< -o $@

bench-programs: $(BENCH_PROGRAMS)

bench:
	@tools/setup build bench
	@$(MAKE) --no-print-directory -j$$(nproc) all bench-programs
	@tools/bench/bench --build $(BUILD) $(if $(filter quick,$(BENCH)),--quick)

# ---- the two commands
demo:
	@tools/setup build lab
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@tools/lab/demo $(BUILD)/leasewatch

check:
	@tools/setup build lab test deb vm
	@$(MAKE) --no-print-directory -j$$(nproc) all unit-programs fuzz-programs bench-programs
	@$(MAKE) --no-print-directory deb
	@tests/run --build $(BUILD) lint unit portable fuzz e2e vm

check-vm:
	@tools/setup build lab test vm
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@tests/run --build $(BUILD) --kernel '$(KERNEL)' vm

soak:
	@tools/setup build lab test
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@LEASEWATCH=$(abspath $(BUILD)/leasewatch) tests/soak $(SOAK)

include tools/packaging/install.mk

clean:
	$(Q)rm -rf $(BUILD)

-include $(wildcard $(BUILD)/bpf/*.d $(BUILD)/user/*.d $(BUILD)/user/*/*.d $(BUILD)/user/*/*/*.d $(BUILD)/fuzz/user/*/*.d \
	$(BUILD)/tests/*/*.d $(BUILD)/tools/bench/*.d)
