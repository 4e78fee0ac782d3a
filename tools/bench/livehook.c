// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * livehook.c - when does the next program's first hook go live?
 *
 * livehook    says `ready`; for each line `watch` it says `watching`, asks the kernel again and
 *             again for a new link of the tracing kind (an iterator's is not one: it runs only when
 *             it is read), and says `live TIME`, in CLOCK_REALTIME nanoseconds, or `live 0` after
 *             ten seconds without.
 */
#include <unistd.h>
#include <bpf/bpf.h>

#include "bench.h"

#define PATIENCE_NS (10 * NS_PER_S)

static uint32_t newest_link(void)
{
	uint32_t id = 0, next;

	while (!bpf_link_get_next_id(id, &next))
		id = next;
	return id;
}

/* -EAGAIN: it is listed, but not attached yet. */
static int is_hook(uint32_t id)
{
	struct bpf_link_info info = {0};
	uint32_t len = sizeof(info);
	int fd = bpf_link_get_fd_by_id(id), err;

	if (fd < 0)
		return fd;
	err = bpf_obj_get_info_by_fd(fd, &info, &len);
	close(fd);
	return !err &&
	       (info.type == BPF_LINK_TYPE_RAW_TRACEPOINT || info.type == BPF_LINK_TYPE_TRACING);
}

static uint64_t next_hook(uint32_t after)
{
	uint64_t give_up = now_ns(CLOCK_MONOTONIC) + PATIENCE_NS;
	uint32_t id;
	int hook;

	while (now_ns(CLOCK_MONOTONIC) < give_up) {
		if (bpf_link_get_next_id(after, &id))
			continue;
		hook = is_hook(id);
		if (hook > 0)
			return now_ns(CLOCK_REALTIME);
		if (hook != -EAGAIN)
			after = id;
	}
	return 0;
}

int main(void)
{
	char line[64];

	reply("ready");
	while (fgets(line, sizeof(line), stdin)) {
		uint32_t newest = newest_link();

		if (strcmp(line, "watch\n"))
			die("unknown command: %s", line);
		reply("watching");
		reply("live %llu", (unsigned long long)next_hook(newest));
	}
	return 0;
}
