// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * process.bpf.c - Patroni processes that start and exit.
 *
 * Who pays: every exec, one small record (an exec costs thousands of times as much); every thread
 * that exits, one map lookup.
 */
#include "leasewatch/event.h"
#include "kernel.h"
#include "maps.h"
#include "emit.h"
#include "target.h"

static __always_inline void emit_process(struct task_struct *task, __u32 type, enum urgency urgency)
{
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct lw_event_process *event = bpf_ringbuf_reserve(&process_events, sizeof(*event), 0);
	bool wake = urgency == URGENT;

	if (!event) {
		count_lost(LW_LOST_RING_FULL);
		return;
	}
	emit_begin(&event->event, now_ns, type, sizeof(*event));
	event->event.tgid = task->tgid;
	event->event.tid = task->pid;
	BPF_CORE_READ_STR_INTO(&event->comm, task, comm);
	wake = wake ||
	       bpf_ringbuf_query(&process_events, BPF_RB_AVAIL_DATA) > LW_PROCESS_RING_BYTES / 4;
	bpf_ringbuf_submit(event, wake ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

/* User space decides whether it is Patroni: names are hints, not proof. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task)
{
	emit_process(task, LW_EVENT_EXEC, CAN_WAIT);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	__u32 tgid = task->tgid;

	if (!is_target(tgid, task))
		return 0;
	if (BPF_CORE_READ(task, signal, live.counter) > 0)
		return 0; /* other threads still run */
	bpf_map_delete_elem(&targets, &tgid);
	emit_process(task, LW_EVENT_EXIT, URGENT);
	return 0;
}

char LICENSE[] SEC("license") __weak = "GPL";
