// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tcp.bpf.c - the life of a target's TCP connections: connect, established, closed,
 * retransmissions, and the state of a socket when user space suspects a stall.
 *
 * Who pays: every TCP connection, a map lookup when it connects and one load and compare at each
 * later change of state; every retransmission, one load and compare.
 */
#include "leasewatch/event.h"
#include "kernel.h"
#include "maps.h"
#include "emit.h"
#include "socket.h"
#include "tls.h"

const volatile __u32 tick_us = 4000;

/* The mark of the socket; at connect, a new one if a target is connecting. */
static __always_inline struct mark *find_mark(struct sock *sk, int newstate)
{
	__u32 tgid;

	if (newstate == LW_TCP_SYN_SENT) {
		tgid = bpf_get_current_pid_tgid() >> 32;
		if (!is_target_current(tgid))
			return NULL;
		return mark_socket(sk, tgid);
	}
	if (!sk->sk_bpf_storage)
		return NULL;
	return bpf_sk_storage_get(&marks, sk, NULL, 0);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcp_state, struct sock *sk, int oldstate, int newstate)
{
	struct lw_event_sock *event;
	struct mark *mark;
	bool urgent;

	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	mark = find_mark(sk, newstate);
	if (!mark)
		return 0;
	if (newstate == LW_TCP_CLOSE)
		untie(mark);
	event = emit_reserve(sizeof(*event), LW_EVENT_STATE, mark);
	if (!event)
		return 0;
	event->event.tid = owner_tid(mark);
	read_addresses(event, sk);
	event->oldstate = oldstate;
	event->newstate = newstate;
	event->pad[0] = event->pad[1] = 0;
	event->err = sk->sk_err;
	event->since_rx_us = 0;
	urgent = newstate != LW_TCP_SYN_SENT && newstate != LW_TCP_ESTABLISHED;
	emit_submit(event, urgent ? URGENT : CAN_WAIT);
	return 0;
}

static __always_inline void emit_tcp(struct sock *sk, struct mark *mark, __u32 type)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;
	struct lw_event_tcp *event;
	__u32 snd_nxt;

	event = emit_reserve(sizeof(*event), type, mark);
	if (!event)
		return;
	snd_nxt = BPF_CORE_READ(tp, snd_nxt);
	event->state = BPF_CORE_READ(sk, __sk_common.skc_state);
	event->unacked_bytes = snd_nxt - BPF_CORE_READ(tp, snd_una);
	event->unsent_bytes = BPF_CORE_READ(tp, write_seq) - snd_nxt;
	event->unread_bytes = BPF_CORE_READ(tp, rcv_nxt) - BPF_CORE_READ(tp, copied_seq);
	event->total_retrans = BPF_CORE_READ(tp, total_retrans);
	event->retransmits = BPF_CORE_READ(tp, inet_conn.icsk_retransmits);
	event->backoff = BPF_CORE_READ(tp, inet_conn.icsk_backoff);
	event->srtt_us = BPF_CORE_READ(tp, srtt_us) >> 3;
	event->since_rx_us = since_data_us(sk);
	event->pad = 0;
	emit_submit(event, CAN_WAIT);
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(tcp_retransmit, struct sock *sk)
{
	struct mark *mark;

	if (!sk->sk_bpf_storage)
		return 0;
	mark = bpf_sk_storage_get(&marks, sk, NULL, 0);
	if (mark)
		emit_tcp(sk, mark, LW_EVENT_RETRANSMIT);
	return 0;
}

/* Run by user space on suspicion: no hook, no cost. */
SEC("iter/task_file")
int tcp_snapshot(struct bpf_iter__task_file *ctx)
{
	__u32 tgid;
	struct sock *sk = target_socket(ctx, &tgid);
	struct mark *mark;

	if (!sk || sk->sk_protocol != IPPROTO_TCP)
		return 0; /* a resolver's UDP socket is marked as well */
	mark = bpf_sk_storage_get(&marks, sk, NULL, 0);
	if (mark)
		emit_tcp(sk, mark, LW_EVENT_SNAPSHOT);
	return 0;
}

char LICENSE[] SEC("license") __weak = "GPL";
