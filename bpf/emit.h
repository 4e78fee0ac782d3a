/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * emit.h - puts every record into the ring buffer, and counts every one that is lost.
 */
#ifndef LEASEWATCH_EMIT_H
#define LEASEWATCH_EMIT_H

/*
 * Waking the reader costs the target tens of microseconds, so most records do not: the reader
 * polls. Only what cannot wait wakes it (a close, a failed connect, an exit), and a buffer that
 * fills up.
 */
enum urgency { CAN_WAIT, URGENT };

static __always_inline void count_lost(__u32 reason)
{
	__u64 *count = bpf_map_lookup_elem(&lost, &reason);

	if (count)
		(*count)++;
}

/* A record of `size` bytes (a constant), its header filled in; NULL and counted when there is no
 * room. */
static __always_inline void *emit_reserve(__u64 size, __u32 type, const struct mark *mark)
{
	struct lw_event *event = bpf_ringbuf_reserve(&events, size, 0);

	if (!event) {
		count_lost(LW_LOST_RING_FULL);
		return NULL;
	}
	event->ts_ns = bpf_ktime_get_boot_ns();
	event->cookie = mark ? mark->cookie : 0;
	event->tgid = mark ? mark->tgid : 0;
	event->tid = 0;
	event->type = type;
	event->size = size;
	return event;
}

static __always_inline void emit_submit(void *event, enum urgency urgency)
{
	bool wake = urgency == URGENT ||
		    bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) > LW_RING_BYTES / 4;

	bpf_ringbuf_submit(event, wake ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

/* The thread in whose context we run, if it is one of the socket's owner; else 0 (softirq). */
static __always_inline __u32 owner_tid(const struct mark *mark)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();

	return pid_tgid >> 32 == mark->tgid ? (__u32)pid_tgid : 0;
}

#endif
