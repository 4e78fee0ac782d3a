// SPDX-License-Identifier: GPL-2.0-or-later
/* diagnosis.c - see diagnosis.h. */
#include "leasewatch/units.h"
#include "model/diagnosis.h"

bool diagnosis__is_half_healthy(const struct diagnosis *d)
{
	return d->answers_reads && d->rpc == ETCD_RPC_LEASE_KEEPALIVE;
}

bool diagnosis__is_stopped(const struct diagnosis *d)
{
	return d->thread.at_ns && (d->thread.state == 'T' || d->thread.state == 't');
}

bool diagnosis__is_held_up(const struct diagnosis *d)
{
	return d->cause == CAUSE_NOT_ATTEMPTED &&
	       (diagnosis__is_stopped(d) || d->thread.wait.kind == WAIT_POSTGRES);
}

bool thread_delay__matters(const struct thread_delay *d, int64_t part_ns)
{
	return d->window_ns > 0 && part_ns >= NS_PER_S / 2 && part_ns >= d->window_ns / 3;
}

uint64_t thread_sample__waited_ns(const struct thread_sample *t, uint64_t now_ns)
{
	return t->since_ns && now_ns > t->since_ns ? now_ns - t->since_ns : 0;
}
