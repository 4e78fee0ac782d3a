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

static __always_inline void emit_process(struct task_struct *task, __u32 type, enum urgency urgency)
{
	struct lw_event_process *event = emit_reserve(sizeof(*event), type, NULL);

	if (!event)
		return;
	event->event.tgid = task->tgid;
	event->event.tid = task->pid;
	BPF_CORE_READ_STR_INTO(&event->comm, task, comm);
	emit_submit(event, urgency);
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

	if (!bpf_map_lookup_elem(&targets, &tgid))
		return 0;
	if (BPF_CORE_READ(task, signal, live.counter) > 0)
		return 0; /* other threads still run */
	bpf_map_delete_elem(&targets, &tgid);
	emit_process(task, LW_EVENT_EXIT, URGENT);
	return 0;
}

char LICENSE[] SEC("license") __weak = "GPL";
