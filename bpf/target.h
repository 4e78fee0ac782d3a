/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * target.h - is this process a target? A pid alone does not say: the one that was followed may be
 * gone, and its pid another's.
 */
#ifndef LEASEWATCH_TARGET_H
#define LEASEWATCH_TARGET_H

/* `task`: any thread of the process. */
static __always_inline bool is_target(__u32 tgid, struct task_struct *task)
{
	const struct lw_target *target = bpf_map_lookup_elem(&targets, &tgid);

	if (!target)
		return false;
	return !target->start_ticks ||
	       target->start_ticks == task->group_leader->start_boottime / LW_START_TICK_NS;
}

/* The process that we run in. Others pay for the lookup alone. */
static __always_inline bool is_target_current(__u32 tgid)
{
	return is_target(tgid, bpf_get_current_task_btf());
}

#endif
