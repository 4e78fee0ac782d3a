// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * seed.bpf.c - adopts the sockets that a target had open before leasewatch started: in an incident
 * nobody restarts Patroni for us. An iterator over the target's files; nobody pays.
 */
#include "leasewatch/event.h"
#include "kernel.h"
#include "maps.h"
#include "emit.h"
#include "socket.h"

static __always_inline void emit_seed(struct sock *sk, struct mark *mark, __u8 state)
{
	struct lw_event_sock *event = emit_reserve(sizeof(*event), LW_EVENT_SEED, mark);

	if (!event)
		return;
	read_addresses(event, sk);
	event->oldstate = event->newstate = state;
	event->pad[0] = event->pad[1] = 0;
	event->err = 0;
	event->since_rx_us = since_segment_us(sk);
	emit_submit(event, CAN_WAIT);
}

/* A query may be in flight: its answer or failure is worth seeing. */
static __always_inline int adopt_resolver(struct sock *sk, __u32 tgid)
{
	if (sk->__sk_common.skc_dport == bpf_htons(DNS_PORT))
		mark_socket(sk, tgid);
	return 0;
}

SEC("iter/task_file")
int seed_sockets(struct bpf_iter__task_file *ctx)
{
	__u32 tgid;
	struct sock *sk = target_socket(ctx, &tgid);
	struct mark *mark;
	__u8 state;

	if (!sk)
		return 0;
	if (sk->sk_protocol == IPPROTO_UDP)
		return adopt_resolver(sk, tgid);
	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	state = sk->__sk_common.skc_state;
	if (state != LW_TCP_ESTABLISHED && state != LW_TCP_SYN_SENT)
		return 0;
	/* Already followed: what was said of it may be lost. */
	mark = bpf_sk_storage_get(&marks, sk, NULL, 0);
	if (!mark)
		mark = mark_socket(sk, tgid);
	if (mark)
		emit_seed(sk, mark, state);
	return 0;
}

char LICENSE[] SEC("license") __weak = "GPL";
