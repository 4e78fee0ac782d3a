// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * features.c - see features.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/append.h"
#include "kernel/features.h"
#include "leasewatch/units.h"

/* Kernel-internal, include/linux/errno.h: "operation is not supported". */
#define KERNEL_ENOTSUPP 524

/*
 * `since` is the Linux version that brought the last thing a feature's programs need: the ring
 * buffer and bpf_ktime_get_boot_ns() 5.8, the iterator over an sk_storage map 5.9, sk_storage and
 * bpf_sock_from_file() in tracing programs 5.11, bpf_get_socket_cookie() there 5.12, task storage
 * in programs on uprobes 5.13, the tracepoint inet_sk_error_report 5.14, bpf_task_pt_regs() and
 * bpf_get_attach_cookie() 5.15, the tracepoints of the tier sock 6.3. So the main job needs 5.15.
 * Distributions backport many of these to older kernels. On arm64 it is 6.3, because function
 * returns cannot be hooked before 6.4 ("arm64: ftrace: Add direct call support").
 */
const struct feature features[FEATURES] = {
	[FEATURE_SOCK] = {"tier sock",
			  {"sock_send", "sock_recv"},
			  FEATURE_TIER,
			  "Linux 6.3",
			  "Patroni's traffic is read by tier fexit, or not at all"},
	[FEATURE_FEXIT] = {"tier fexit",
			   {"inet_send", "inet_receive"},
			   FEATURE_TIER,
			   "Linux 5.15",
			   "Patroni's traffic is read by tier sock, or not at all"},
	[FEATURE_FEXIT6] = {"tier fexit, IPv6",
			    {"inet6_send", "inet6_receive"},
			    FEATURE_OPTIONAL,
			    "Linux 5.15",
			    "with tier fexit, connections over IPv6 are not followed"},
	[FEATURE_STATE] = {"connection state",
			   {"tcp_state"},
			   FEATURE_REQUIRED,
			   "Linux 5.12",
			   "nothing can be watched: connections are not seen to open or close"},
	[FEATURE_PROCESS] = {"process start, end",
			     {"process_exec", "process_exit"},
			     FEATURE_REQUIRED,
			     "Linux 5.8",
			     "nothing can be watched: a restart of Patroni would not be seen"},
	[FEATURE_ADOPT] = {"adopting sockets",
			   {"seed_sockets"},
			   FEATURE_OPTIONAL,
			   "Linux 5.12",
			   "connections opened before leasewatch started are not followed; restart "
			   "Patroni to open new ones"},
	[FEATURE_SNAPSHOT] = {"socket evidence",
			      {"tcp_snapshot"},
			      FEATURE_OPTIONAL,
			      "Linux 5.12",
			      "network_loss is distinguished from endpoint_silent only after a "
			      "retransmission; local_delay is detected only when it is over"},
	[FEATURE_RETRANSMIT] = {"retransmissions",
				{"tcp_retransmit"},
				FEATURE_OPTIONAL,
				"Linux 5.11",
				"retransmissions are seen only once a stall is suspected"},
	[FEATURE_ERROR] = {"network errors",
			   {"sock_error"},
			   FEATURE_OPTIONAL,
			   "Linux 5.14",
			   "a refused DNS query looks unanswered"},
	[FEATURE_RESOLVE] =
		{"getaddrinfo",
		 {"resolve_enter", "resolve_return"},
		 FEATURE_OPTIONAL,
		 "Linux 5.15",
		 "names that nscd, systemd-resolved or /etc/hosts answer are not timed; "
		 "queries on port 53 are still seen"},
	[FEATURE_TLS] = {"TLS plaintext",
			 {"tls_enter", "tls_return", "tls_verify", "tls_error", "tls_shutdown"},
			 FEATURE_OPTIONAL,
			 "Linux 5.15",
			 "requests inside TLS are seen by their timing alone: renewals cannot be "
			 "distinguished from other requests"},
};

static const struct {
	unsigned int bit;
	const char *name;
} needed[] = {
	{CAP_BPF, "CAP_BPF"},
	{CAP_PERFMON, "CAP_PERFMON"},
	{CAP_SYS_PTRACE, "CAP_SYS_PTRACE"},
};

int hooks__parse(const char *word, enum hooks *out)
{
	static const char *const words[] = {
		[HOOKS_AUTO] = "auto", [HOOKS_SOCK] = "sock", [HOOKS_FEXIT] = "fexit"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(word, words[i]) == 0) {
			*out = (enum hooks)i;
			return 0;
		}
	return -EINVAL;
}

static void add_plan(bool plan[FEATURES], bool sock, bool fexit, bool fexit6)
{
	for (int id = 0; id < FEATURES; id++)
		plan[id] = true;
	plan[FEATURE_SOCK] = sock;
	plan[FEATURE_FEXIT] = fexit;
	plan[FEATURE_FEXIT6] = fexit6;
}

size_t features__plans(enum hooks hooks, bool plans[FEATURES_PLANS_MAX][FEATURES])
{
	size_t n = 0;

	if (hooks != HOOKS_FEXIT)
		add_plan(plans[n++], true, false, false);
	if (hooks != HOOKS_SOCK) {
		add_plan(plans[n++], false, true, true);
		add_plan(plans[n++], false, true, false);
	}
	return n;
}

static size_t read_host_file(const char *root, const char *path, char *buf, size_t size)
{
	char full[512];
	FILE *f;
	size_t n;

	snprintf(full, sizeof(full), "%s%s", root, path);
	f = fopen(full, "re");
	if (!f) {
		buf[0] = '\0';
		return 0;
	}
	n = fread(buf, 1, size - 1, f);
	fclose(f);
	buf[n] = '\0';
	return n;
}

static uint64_t missing_capabilities(const char *root)
{
	char status[4096];
	const char *line;
	uint64_t effective, missing = 0;

	read_host_file(root, "/proc/self/status", status, sizeof(status));
	line = strstr(status, "\nCapEff:");
	if (!line)
		return 0; /* unknown: the kernel will report it */
	effective = strtoull(line + strlen("\nCapEff:"), NULL, 16);
	for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
		uint64_t enough = 1ULL << needed[i].bit;

		/* CAP_BPF and CAP_PERFMON are parts of it (Linux 5.8). */
		if (needed[i].bit != CAP_SYS_PTRACE)
			enough |= 1ULL << CAP_SYS_ADMIN;
		if (!(effective & enough))
			missing |= 1ULL << needed[i].bit;
	}
	return missing;
}

static enum lockdown read_lockdown(const char *root)
{
	char text[4096];

	/* "none [integrity] confidentiality"; securityfs need not be mounted. */
	if (read_host_file(root, "/sys/kernel/security/lockdown", text, sizeof(text))) {
		if (strstr(text, "[confidentiality]"))
			return LOCKDOWN_CONFIDENTIALITY;
		return strstr(text, "[integrity]") ? LOCKDOWN_INTEGRITY : LOCKDOWN_NONE;
	}
	read_host_file(root, "/proc/cmdline", text, sizeof(text));
	if (strstr(text, "lockdown=confidentiality"))
		return LOCKDOWN_CONFIDENTIALITY;
	return strstr(text, "lockdown=integrity") ? LOCKDOWN_INTEGRITY : LOCKDOWN_UNKNOWN;
}

/* Distributions install the kernel's configuration next to it. */
static bool built_with_btf(const char *root, const char *release)
{
	char path[128], line[256], full[512];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/boot/config-%s", release);
	snprintf(full, sizeof(full), "%s%s", root, path);
	f = fopen(full, "re");
	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		found = strcmp(line, "CONFIG_DEBUG_INFO_BTF=y\n") == 0;
	fclose(f);
	return found;
}

void host__read(struct host *h, const char *root)
{
	struct utsname uts;
	char path[512];

	memset(h, 0, sizeof(*h));
	uname(&uts);
	snprintf(h->release, sizeof(h->release), "%s", uts.release);
	h->root = geteuid() == 0;
	h->missing = missing_capabilities(root);
	h->lockdown = read_lockdown(root);
	snprintf(path, sizeof(path), "%s/sys/kernel/btf/vmlinux", root);
	h->btf = access(path, R_OK) == 0;
	read_host_file(root, "/proc/sys/kernel/ftrace_enabled", path, sizeof(path));
	h->ftrace_off = path[0] == '0';
	h->btf_hidden = !h->btf && built_with_btf(root, h->release);
}

/* Seen on 6.1 and 6.12: the trampolines attach without an error but are never called. */
void host__never_run(const struct host *h, bool absent[FEATURES])
{
	if (h->ftrace_off)
		absent[FEATURE_FEXIT] = absent[FEATURE_FEXIT6] = true;
}

void host__missing(const struct host *h, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		if (h->missing & (1ULL << needed[i].bit))
			text_append(out, size, "%s%s", *out ? ", " : "", needed[i].name);
}

ENUM_NAMES(lockdown_names,
	   LOCKDOWN_CONFIDENTIALITY + 1, [LOCKDOWN_UNKNOWN] = "unknown", [LOCKDOWN_NONE] = "none",
	   [LOCKDOWN_INTEGRITY] = "integrity", [LOCKDOWN_CONFIDENTIALITY] = "confidentiality");

int host__obstacle(const struct host *h, char *why, size_t size)
{
	char missing[128];

	host__missing(h, missing, sizeof(missing));
	if (!h->btf && h->btf_hidden) {
		snprintf(why, size,
			 "the kernel's BTF is hidden: /sys/kernel/btf/vmlinux cannot be read, "
			 "though this kernel was built with it; mount sysfs at /sys (a container "
			 "needs the host's)");
		return -ENOENT;
	}
	if (!h->btf) {
		snprintf(
			why, size,
			"this kernel offers no BTF (/sys/kernel/btf/vmlinux cannot be read): mount "
			"sysfs at /sys, or boot a kernel built with CONFIG_DEBUG_INFO_BTF");
		return -ENOENT;
	}
	if (h->missing && !h->root) {
		snprintf(why, size, "root is needed (try sudo); missing: %s", missing);
		return -EPERM;
	}
	if (h->missing & (1ULL << CAP_BPF | 1ULL << CAP_PERFMON)) {
		snprintf(why, size,
			 "root lacks %s here: give the container or service these capabilities "
			 "(CAP_SYS_ADMIN holds the first two)",
			 missing);
		return -EPERM;
	}
	if (h->lockdown == LOCKDOWN_CONFIDENTIALITY) {
		snprintf(why, size,
			 "the kernel is locked down (confidentiality): no program may read its "
			 "memory; boot it with lockdown=integrity or without lockdown");
		return -EPERM;
	}
	return 0;
}

void features__failure(const struct feature *f, int err, char *why, size_t size)
{
	switch (-err) {
	case ESRCH:
	case ENOENT:
		snprintf(why, size, "this kernel has no such hook (%s has)", f->since);
		return;
	case ENODATA:
		snprintf(why, size,
			 "it would never run: kernel.ftrace_enabled is 0 (sysctl "
			 "kernel.ftrace_enabled=1)");
		return;
	case EPERM:
		snprintf(why, size, "the kernel refuses it: a security module or a filter");
		return;
	case EACCES:
	case EINVAL:
		snprintf(why, size, "this kernel's verifier rejects it (%s accepts it)", f->since);
		return;
	case KERNEL_ENOTSUPP:
	case EOPNOTSUPP:
		snprintf(why, size, "this kernel cannot run such programs on this machine");
		return;
	default:
		snprintf(why, size, "%s", strerror(-err));
	}
}
