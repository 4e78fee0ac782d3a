/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * data.h - what the Patroni processes send to etcd, to their nameservers and to each other's REST
 * API, and what they receive: the one handler behind every tier of data hooks (sock.bpf.c,
 * fexit.bpf.c).
 *
 * A hook calls on_send(sk, ret) or on_receive(sk, ret, flags) in the context of the thread that
 * made the system call. Who pays: every process, one load and one compare for every socket send and
 * receive that the hook sees; a send pays one more of each, a UDP send another for the port, and a
 * UDP send to port 53 a map lookup.
 */
#ifndef LEASEWATCH_DATA_H
#define LEASEWATCH_DATA_H

#include "socket.h"
#include "caller.h"
#include "dns.h"
#include "tls.h"

static __always_inline bool is_receive(__u32 type)
{
	return type == LW_EVENT_RECV || type == LW_EVENT_TLS_RECV;
}

/* The first bytes decide whether the socket is followed. Returns false when it is not. */
static __always_inline bool decide(struct sock *sk, struct mark *mark, __u64 buffer, __s32 len)
{
	char begin[8] __attribute__((aligned(8))) = {};

	if (len >= (__s32)sizeof(begin) && buffer)
		bpf_probe_read_user(begin, sizeof(begin), (void *)buffer);
	if (looks_like_ours(begin)) {
		mark->follow = FOLLOW_YES;
		return true;
	}
	if (looks_like_tls(begin)) {
		mark->follow = FOLLOW_TLS;
		return true;
	}
	bpf_sk_storage_delete(&marks, sk);
	return false;
}

static __always_inline void emit_data(struct sock *sk, struct mark *mark, __u32 type, __s32 len,
				      __u64 buffer, __u32 want, const __u64 room)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;
	struct lw_event_data *event;

	event = emit_reserve(sizeof(*event) + room, type, mark);
	if (!event)
		return;
	event->event.tid = (__u32)bpf_get_current_pid_tgid();
	event->len = len;
	event->since_rx_us = is_receive(type) ? since_data_us(sk) : 0;
	event->srtt_us = BPF_CORE_READ(tp, srtt_us) >> 3;
	event->total_retrans = BPF_CORE_READ(tp, total_retrans);
	event->since_sent_us = 0;
	event->captured = 0;
	if (want > room)
		want = room;
	if (want) {
		if (bpf_probe_read_user(event->payload, want, (void *)buffer))
			count_lost(LW_LOST_PAYLOAD);
		else
			event->captured = want;
	}
	event->event.size = sizeof(*event) + event->captured;
	emit_submit(event, len <= 0 ? URGENT : CAN_WAIT);
}

/* The caller's bytes in its own memory: the first buffer only. 0 = unknown. */
static __always_inline __u64 user_buffer(struct mark *mark, __u64 *len)
{
	struct caller caller;

	if (!read_caller(&caller, mark)) {
		count_lost(LW_LOST_PAYLOAD);
		*len = 0;
		return 0;
	}
	if (*len > caller.first.iov_len)
		*len = caller.first.iov_len;
	return caller.first.iov_base;
}

/* A target's socket: nobody else pays for what follows. */
static __noinline int on_data(struct sock *sk, struct mark *mark, int ret, __u32 type)
{
	__u64 want = ret > 0 ? ret : 0, buffer = 0;

	if (!mark)
		return 0;
	if (mark->follow == FOLLOW_DNS)
		return on_dns(sk, mark, ret, type == LW_EVENT_RECV);
	if (is_no_outcome(ret))
		return 0;
	if (want)
		buffer = user_buffer(mark, &want);
	if (mark->follow == FOLLOW_UNDECIDED) {
		if (type != LW_EVENT_SEND || ret <= 0)
			return 0;
		if (!decide(sk, mark, buffer, ret))
			return 0;
	}
	if (is_tls(mark) && ret > 0) {
		if (!on_tls(sk, mark, type == LW_EVENT_RECV))
			return 0;
		type = type == LW_EVENT_RECV ? LW_EVENT_TLS_RECV : LW_EVENT_TLS_SEND;
		want = tls_clear_bytes(buffer, want);
	}
	if (want > LW_CAPTURE_BYTES)
		want = LW_CAPTURE_BYTES;
	/*
	 * A record's size is fixed before its bytes are read: the closer it fits, the longer the
	 * ring buffer lasts while we get no CPU. A renewal's body, its headers, its answer:
	 */
	if (want <= 64)
		emit_data(sk, mark, type, ret, buffer, want, 64);
	else if (want <= 256)
		emit_data(sk, mark, type, ret, buffer, want, 256);
	else if (want <= 512)
		emit_data(sk, mark, type, ret, buffer, want, 512);
	else if (want <= 1024)
		emit_data(sk, mark, type, ret, buffer, want, 1024);
	else
		emit_data(sk, mark, type, ret, buffer, want, LW_CAPTURE_BYTES);
	return 0;
}

static __always_inline int on_send(struct sock *sk, int ret)
{
	struct mark *mark = NULL;

	if (sk->sk_bpf_storage)
		mark = bpf_sk_storage_get(&marks, sk, NULL, 0);
	if (!mark) {
		if (!may_ask(sk))
			return 0;
		mark = mark_resolver(sk);
	}
	return on_data(sk, mark, ret, LW_EVENT_SEND);
}

static __always_inline int on_receive(struct sock *sk, int ret, int flags)
{
	if (!sk->sk_bpf_storage || flags & MSG_PEEK)
		return 0;
	return on_data(sk, bpf_sk_storage_get(&marks, sk, NULL, 0), ret, LW_EVENT_RECV);
}

#endif
