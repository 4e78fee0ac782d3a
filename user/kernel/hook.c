// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hook.c - see hook.h. libbpf 1.1 does not know BPF_TRACE_UPROBE_MULTI, which came with Linux 6.6:
 * what we need of it is defined here, after the kernel's include/uapi/linux/bpf.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "kernel/hook.h"

#define TRACE_UPROBE_MULTI  48
#define UPROBE_MULTI_RETURN 1

/* The part of union bpf_attr that BPF_LINK_CREATE takes for it. */
struct link_create {
	uint32_t program, target, attach_type, flags;
	uint64_t path, offsets, counters, cookies; /* addresses */
	uint32_t n, how, pid, pad;
};

struct hook {
	struct bpf_link *link; /* NULL: it is the descriptor */
	int fd;
};

static int create_link(const struct link_create *attr)
{
	long fd = syscall(SYS_bpf, BPF_LINK_CREATE, attr, sizeof(*attr));

	return fd < 0 ? -errno : (int)fd;
}

/*
 * With no file to hook, EBADF means that the kernel knows this link type. Linux 6.6 to 6.9 limited
 * it to the first thread of a process; they can be recognised because they accept an impossible
 * pid.
 */
bool hook__together_works(void)
{
	static const uint64_t offset;
	const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	DECLARE_LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = TRACE_UPROBE_MULTI);
	int program = bpf_prog_load(BPF_PROG_TYPE_KPROBE, NULL, "GPL", nothing, 2, &opts);
	struct link_create attr = {
		.attach_type = TRACE_UPROBE_MULTI,
		.path = (uintptr_t) "/",
		.offsets = (uintptr_t)&offset,
		.n = 1,
	};
	bool works;

	if (program < 0)
		return false;
	attr.program = (uint32_t)program;
	works = create_link(&attr) == -EBADF;
	attr.pid = (uint32_t)-1;
	works = works && create_link(&attr) == -EINVAL;
	close(program);
	return works;
}

void hook__prepare_together(struct bpf_program *program)
{
	bpf_program__set_expected_attach_type(program, TRACE_UPROBE_MULTI);
}

/* By offset: to find the symbol, libbpf would map the library, which may be truncated meanwhile. */
struct hook *hook__new(const struct hook_place *place, uint64_t offset, uint64_t cookie)
{
	DECLARE_LIBBPF_OPTS(bpf_uprobe_opts, opts, .retprobe = place->at_return,
			    .bpf_cookie = cookie);
	struct hook *h = malloc(sizeof(*h));
	int err;

	if (!h)
		return NULL;
	h->fd = -1;
	h->link = bpf_program__attach_uprobe_opts(place->program, place->tgid, place->path,
						  (size_t)offset, &opts);
	if (h->link)
		return h;
	err = errno;
	free(h);
	errno = err;
	return NULL;
}

struct hook *hook__new_together(const struct hook_place *place, const uint64_t *offsets,
				const uint64_t *cookies, size_t n)
{
	const struct link_create attr = {
		.program = (uint32_t)bpf_program__fd(place->program),
		.attach_type = TRACE_UPROBE_MULTI,
		.path = (uintptr_t)place->path,
		.offsets = (uintptr_t)offsets,
		.cookies = (uintptr_t)cookies,
		.n = (uint32_t)n,
		.how = place->at_return ? UPROBE_MULTI_RETURN : 0,
		.pid = (uint32_t)place->tgid,
	};
	struct hook *h = malloc(sizeof(*h));

	if (!h)
		return NULL;
	h->link = NULL;
	h->fd = create_link(&attr);
	if (h->fd >= 0)
		return h;
	errno = -h->fd;
	free(h);
	return NULL;
}

void hook__free(struct hook *h)
{
	if (!h)
		return;
	if (h->link)
		bpf_link__destroy(h->link);
	else
		close(h->fd);
	free(h);
}
