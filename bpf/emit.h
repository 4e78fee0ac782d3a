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

/*
 * May the target put that many bytes into the ring buffer? Several CPUs may ask at the same time:
 * it need not be exact. A function of its own, because a uprobe's frame must stay small.
 */
static __noinline bool within_budget(__u32 tgid, __u64 now_ns, __u32 bytes, __u32 type)
{
	struct lw_target *target = bpf_map_lookup_elem(&targets, &tgid);
	__u64 most = LW_BUDGET_BYTES;

	if (!target)
		return true; /* it has exited, and its sockets close */
	if (type == LW_EVENT_STATE || type == LW_EVENT_SEED || type == LW_EVENT_SNAPSHOT)
		most = LW_BUDGET_LIFE_BYTES;
	if ((__s64)(now_ns - target->window_ns) >= (__s64)LW_BUDGET_WINDOW_NS) {
		target->window_ns = now_ns;
		target->window_bytes = 0;
	}
	if (target->window_bytes + bytes > most)
		return false;
	__sync_fetch_and_add(&target->window_bytes, bytes);
	return true;
}

static __always_inline void emit_begin(struct lw_event *event, __u64 ts_ns, __u32 type, __u32 size)
{
	event->ts_ns = ts_ns;
	event->cookie = 0;
	event->tid = 0;
	event->type = type;
	event->size = size;
}

/*
 * A record of `size` bytes (a constant), its header filled in; NULL and counted when there is no
 * room.
 *
 * The time is taken before the place in the buffer: so whatever lies before a record in its buffer
 * was begun before anything that came after it. User space merges the two buffers by that.
 */
static __always_inline void *emit_reserve_for(__u64 size, __u32 type, __u32 tgid, __u64 cookie)
{
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct lw_event *event;

	if (!within_budget(tgid, now_ns, size, type)) {
		count_lost(LW_LOST_BUDGET);
		return NULL;
	}
	event = bpf_ringbuf_reserve(&events, size, 0);
	if (!event) {
		count_lost(LW_LOST_RING_FULL);
		return NULL;
	}
	emit_begin(event, now_ns, type, size);
	event->tgid = tgid;
	event->cookie = cookie;
	return event;
}

static __always_inline void *emit_reserve(__u64 size, __u32 type, const struct mark *mark)
{
	return emit_reserve_for(size, type, mark->tgid, mark->cookie);
}

/* Of the thread that we run in. */
static __always_inline void *emit_reserve_own(__u64 size, __u32 type, __u64 cookie)
{
	struct lw_event *event =
		emit_reserve_for(size, type, bpf_get_current_pid_tgid() >> 32, cookie);

	if (event)
		event->tid = (__u32)bpf_get_current_pid_tgid();
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
