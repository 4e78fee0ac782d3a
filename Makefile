# SPDX-License-Identifier: GPL-2.0-or-later
#
# leasewatch: everything is built below $(BUILD); the source tree stays clean.
#
#   make            build/leasewatch, linked statically
#   make demo       install what is missing, build, watch the incident happen in a lab     (root)
#   make check      install what is missing, build, lint, run every test                   (root)
#   make install    PREFIX=/usr/local, DESTDIR=; make uninstall                            (root)
#   make deb        build/leasewatch_VERSION_ARCH.deb
#   make bench      what it costs, compared with alternatives; BENCH=quick: two minutes    (root)
#   make soak       the daemon under load for 20 minutes; SOAK=quick for two, SOAK=idle     (root)
#   make check-vm   only the tests on other kernels; KERNEL=6.1 for one of them             (root)
#   make fuzz       the fuzz targets for longer: FUZZ=600 seconds, for all of them together
#   make mutate     wrong operators that the unit tests do not notice; N=100 SEED=1 FILES='user/host/*.c'
#   make man-fields rewrite the manual's section JSON from the tables in user/sink/
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

# The core needs CORE_PKGS; user/kernel and user/cmd need all of PKGS.
CORE_PKGS := jansson yaml-0.1 ncursesw inih libcap-ng libseccomp
PKGS      := libbpf libelf zlib libevent_extra libevent_core $(CORE_PKGS)
CORE_LIBS := $(shell $(PKGCONFIG) --libs $(CORE_PKGS)) -lresolv
LIBS      := $(shell $(PKGCONFIG) --static --libs $(PKGS)) -lresolv
CPPFLAGS  += $(shell $(PKGCONFIG) --cflags $(PKGS))
# One file that runs beside every glibc. In a static program, glibc needs the host's NSS modules to look up a name, and
# the linker warns of each function that does. Ours never calls them; libevent (host names) and libcap-ng (a change of
# user) could: there they end the program.
NSS       := getaddrinfo freeaddrinfo getservbyname getprotobynumber getpwuid initgroups
STATIC    := -static $(NSS:%=-Wl,--defsym=%=abort)

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n' '$(1)' '$(patsubst $(BUILD)/%,%,$(2))'
endif

# The core runs without root and without libbpf.
CORE_SRC := $(wildcard $(addprefix user/,base/*.c protocol/*.c model/*.c host/*.c sink/*.c sink/*/*.c))
USER_SRC := $(wildcard user/*/*.c user/*/*/*.c)
BPF_SRC  := $(wildcard bpf/*.bpf.c)

USER_OBJ := $(USER_SRC:%.c=$(BUILD)/%.o)
BPF_OBJ  := $(BPF_SRC:%.c=$(BUILD)/%.o)
SKEL     := $(BUILD)/leasewatch.skel.h
# All of user/ but main.c. Unit tests link it without libbpf, so what they pull in must not need libbpf.
USER_LIB := $(BUILD)/libleasewatch.a

UNIT := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))
FUZZ := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: all clean demo check check-vm lint test-unit test-fuzz test-e2e unit-programs fuzz-programs \
	man-fields bench bench-programs soak mutate fuzz
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
	$(Q)$(CC) $(CPPFLAGS) $(LW_CFLAGS) -MMD -MP -c $< -o $@

$(patsubst %.c,$(BUILD)/%.o,$(wildcard user/kernel/*.c user/cmd/*.c)): | $(SKEL)

$(USER_LIB): $(USER_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/leasewatch: $(BUILD)/user/main.o $(USER_LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LW_CFLAGS) $(LDFLAGS) $(STATIC) -o $@ $^ $(LIBS)

# ---- tests
UNIT_LIB := $(BUILD)/tests/unit/helpers.a
UNIT_CPPFLAGS := $(CPPFLAGS) -Itests/unit $(shell $(PKGCONFIG) --cflags cmocka)

$(UNIT_LIB): $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(wildcard tests/unit/test_*.c),$(wildcard tests/unit/*.c)))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/tests/unit/%.o: tests/unit/%.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(UNIT_CPPFLAGS) $(LW_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/tests/unit/test_%: $(BUILD)/tests/unit/test_%.o $(UNIT_LIB) $(USER_LIB)
	$(call say,TEST,$@)
	$(Q)$(CC) $(LW_CFLAGS) -o $@ $^ $(shell $(PKGCONFIG) --libs cmocka) $(CORE_LIBS) -lelf
.SECONDARY: $(UNIT:%=%.o)

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

FUZZ_OBJ := $(CORE_SRC:%.c=$(BUILD)/fuzz/%.o)
.SECONDARY: $(FUZZ_OBJ)

$(BUILD)/fuzz/%.o: %.c
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(CPPFLAGS) -std=gnu11 $(WARN) -O1 -g $(SANITIZE) -fsanitize=fuzzer-no-link \
		-MMD -MP -c $< -o $@

$(BUILD)/tests/fuzz/%: tests/fuzz/%.c $(FUZZ_OBJ)
	$(call say,FUZZ,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(CPPFLAGS) -std=gnu11 $(WARN) -O1 -g $(SANITIZE) -fsanitize=fuzzer \
		-MMD -MP -MF $@.d -o $@ $< $(FUZZ_OBJ) $(CORE_LIBS) -lelf

# Records seeds from real traffic: build/tests/fuzz/record PID DIR SECS (root)
$(BUILD)/tests/fuzz/record: tests/fuzz/record.c $(USER_LIB)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(LW_CFLAGS) -o $@ $^ $(LIBS)

unit-programs: $(UNIT)
fuzz-programs: $(FUZZ) $(BUILD)/tests/fuzz/record

man-fields: $(BUILD)/tests/unit/test_manual
	$< --write

test-unit: unit-programs
	@tests/run --build $(BUILD) unit
test-fuzz: fuzz-programs
	@tests/run --build $(BUILD) fuzz
fuzz: fuzz-programs
	@tests/run --build $(BUILD) --fuzz-seconds $(or $(FUZZ),600) fuzz
test-e2e: all
	@tests/run --build $(BUILD) e2e
lint:
	@tests/run --build $(BUILD) lint

# ---- the benchmark: small helper programs, driven by tools/bench/bench
BENCH_PROGRAMS := $(addprefix $(BUILD)/tools/bench/,target server ops livehook attach empty.bpf.o agent.bpf.o)

BENCH_PKGS := libbpf libelf

$(BUILD)/tools/bench/attach: $(USER_LIB)
$(BUILD)/tools/bench/target $(BUILD)/tools/bench/server: BENCH_PKGS := openssl
$(BUILD)/tools/bench/target $(BUILD)/tools/bench/server: $(BUILD)/tools/bench/stream.o
$(BUILD)/tools/bench/stream.o: tools/bench/stream.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(LW_CFLAGS) $(shell $(PKGCONFIG) --cflags openssl) -MMD -MP -c $< -o $@
$(BUILD)/tools/bench/%: tools/bench/%.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(LW_CFLAGS) -MMD -MP -MF $@.d -o $@ $(filter %.c %.o %.a,$^) \
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
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@tests/run --build $(BUILD) programs lint unit portable fuzz e2e vm

check-vm:
	@tools/setup build lab test vm
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@tests/run --build $(BUILD) --kernel '$(KERNEL)' vm

mutate: export MUTATE_CC := $(CC) $(CPPFLAGS) -std=gnu11 -w
mutate: export MUTATE_LIBS := $(shell $(PKGCONFIG) --libs cmocka) $(CORE_LIBS) -lelf
mutate: export MUTATE_SRC := $(CORE_SRC)
mutate: unit-programs
	@tests/mutate --build $(BUILD) -n $(or $(N),100) --seed $(or $(SEED),1) $(if $(FILES),--files '$(FILES)')

soak:
	@tools/setup build lab test
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@LEASEWATCH=$(abspath $(BUILD)/leasewatch) tests/soak $(SOAK)

include tools/packaging/install.mk

clean:
	$(Q)rm -rf $(BUILD)

-include $(wildcard $(BUILD)/bpf/*.d $(BUILD)/user/*.d $(BUILD)/user/*/*.d $(BUILD)/user/*/*/*.d $(BUILD)/fuzz/user/*/*.d \
	$(BUILD)/tests/*/*.d $(BUILD)/tools/bench/*.d)
