// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * resolve.bpf.c - how long the Patroni processes wait in getaddrinfo(), and its result: also when
 * nscd, systemd-resolved or /etc/hosts answers and no query is seen on port 53.
 *
 * Who pays: only the targets. The programs are attached to each target's own C library, for
 * that process only.
 */
#include "leasewatch/event.h"
#include "kernel.h"
#include "maps.h"
#include "emit.h"
#include "target.h"

/*
 * Two targets may share the library, and some kernels run a return probe for every process that any
 * return probe is attached for. So each attachment carries its own tgid as its cookie.
 */
static __always_inline bool is_our_target(struct pt_regs *ctx)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	return bpf_get_attach_cookie(ctx) == tgid && is_target_current(tgid);
}

static __always_inline struct lw_event_resolve *reserve(void)
{
	struct lw_event_resolve *event = emit_reserve_own(sizeof(*event), LW_EVENT_RESOLVE, 0);

	if (!event)
		return NULL;
	event->pad[0] = event->pad[1] = event->pad[2] = 0;
	event->result = 0;
	__builtin_memset(event->name, 0, sizeof(event->name));
	return event;
}

SEC("uprobe")
int resolve_enter(struct pt_regs *ctx)
{
	const char *node = (const char *)LW_CALL_ARG1(ctx);
	struct lw_event_resolve *event;

	if (!is_our_target(ctx))
		return 0;
	event = reserve();
	if (!event)
		return 0;
	event->done = 0;
	if (node && bpf_probe_read_user_str(event->name, sizeof(event->name), node) < 0)
		event->name[0] = '\0';
	emit_submit(event, CAN_WAIT);
	return 0;
}

SEC("uretprobe")
int resolve_return(struct pt_regs *ctx)
{
	struct lw_event_resolve *event;

	if (!is_our_target(ctx))
		return 0;
	event = reserve();
	if (!event)
		return 0;
	event->done = 1;
	event->result = LW_CALL_RESULT(ctx);
	emit_submit(event, CAN_WAIT);
	return 0;
}

char LICENSE[] SEC("license") __weak = "GPL";
