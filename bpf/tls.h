/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tls.h - the raw bytes of a target's TLS connections: which SSL object is this socket?
 *
 * libssl calls send and receive itself: if a hook on a socket finds its thread inside SSL_write()
 * or SSL_read(), that call's SSL object belongs to this socket. The hooks on libssl (tls.bpf.c)
 * report the call's data, decrypted; it is not reported again here.
 */
#ifndef LEASEWATCH_TLS_H
#define LEASEWATCH_TLS_H

#include "speaks.h"

/*
 * A connection adopted between the headers and the body of a request shows the body first. So one
 * write that is not etcd's API does not settle it.
 */
#define TLS_FOREIGN_WRITES 4

static __always_inline bool is_tls(const struct mark *mark)
{
	return mark->follow == FOLLOW_TLS || mark->follow == FOLLOW_TLS_PLAIN;
}

static __always_inline bool is_writing(const struct tls_call *call)
{
	return call->function == LW_TLS_WRITE || call->function == LW_TLS_WRITE_EX;
}

/* The call that the thread is in, or was in last; NULL = none. */
static __always_inline struct tls_call *thread_call(void)
{
	return bpf_task_storage_get(&tls_calls, bpf_get_current_task_btf(), NULL, 0);
}

/* What is written decides whether it is read. False: never, and the mark is gone. */
static __always_inline bool judge_plaintext(struct sock *sk, struct mark *mark,
					    const struct tls_call *call)
{
	char begin[8] __attribute__((aligned(8))) = {};

	if (call->len >= sizeof(begin))
		bpf_probe_read_user(begin, sizeof(begin), (void *)call->buf);
	if (looks_like_ours(begin)) {
		mark->follow = FOLLOW_TLS_PLAIN;
		return true;
	}
	if (++mark->foreign < TLS_FOREIGN_WRITES)
		return true;
	bpf_sk_storage_delete(&marks, sk);
	return false;
}

/* One more or one less of the target's in the map. */
static __always_inline void count_tie(__u32 tgid, __s64 by)
{
	struct lw_target *target = bpf_map_lookup_elem(&targets, &tgid);

	if (target)
		__sync_fetch_and_add(&target->tls_sockets, by);
}

/* One target must not take the places of all. */
static __always_inline bool may_tie(__u32 tgid)
{
	const struct lw_target *target = bpf_map_lookup_elem(&targets, &tgid);

	return target && target->tls_sockets < LW_TLS_TARGET_SOCKETS_MAX;
}

static __always_inline struct tls_tie *tie(struct mark *mark, __u64 ssl)
{
	struct tls_key key = {.ssl = ssl, .tgid = mark->tgid};
	struct tls_tie fresh = {.cookie = mark->cookie};
	struct tls_tie *tie = bpf_map_lookup_elem(&tls_ties, &key);

	if (tie && tie->cookie == mark->cookie)
		return tie;
	if (!tie && !may_tie(mark->tgid))
		return NULL;
	if (bpf_map_update_elem(&tls_ties, &key, &fresh, BPF_ANY))
		return NULL;
	if (!tie)
		count_tie(mark->tgid, 1);
	mark->ssl = ssl;
	return bpf_map_lookup_elem(&tls_ties, &key);
}

/* The socket closes: its SSL object belongs to no socket now. */
static __always_inline void untie(const struct mark *mark)
{
	struct tls_key key = {.ssl = mark->ssl, .tgid = mark->tgid};
	struct tls_tie *tie;

	if (!mark->ssl)
		return;
	tie = bpf_map_lookup_elem(&tls_ties, &key);
	if (tie && tie->cookie == mark->cookie && !bpf_map_delete_elem(&tls_ties, &key))
		count_tie(mark->tgid, -1);
}

/* What is inside is not read for now, and user space is told once; each write tries again. */
static __always_inline void leave_untied(struct mark *mark)
{
	struct lw_event_tls *event;

	mark->follow = FOLLOW_TLS;
	mark->foreign = 0;
	if (mark->untied)
		return;
	count_lost(LW_LOST_TLS_TIE);
	event = emit_reserve(sizeof(*event), LW_EVENT_TLS, mark);
	if (!event)
		return;
	mark->untied = 1;
	event->event.tid = (__u32)bpf_get_current_pid_tgid();
	event->what = LW_TLS_UNTIED;
	event->pad = 0;
	event->code = 0;
	emit_submit(event, CAN_WAIT);
}

/* What the socket knows about the call's data. False: there is no place for it. */
static __always_inline bool note_socket(struct sock *sk, struct mark *mark, struct tls_call *call,
					bool received)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;
	struct tls_tie *t = tie(mark, call->ssl);

	if (!t)
		return false;
	t->srtt_us = BPF_CORE_READ(tp, srtt_us) >> 3;
	t->total_retrans = BPF_CORE_READ(tp, total_retrans);
	if (received && !call->since_rx_us)
		call->since_rx_us = since_data_us(sk);
	else if (!received && is_writing(call) && !t->sending_ns)
		t->sending_ns = bpf_ktime_get_boot_ns();
	return true;
}

/*
 * `ret` bytes have passed. Returns true when they must be reported as they are: because nobody
 * reads what is inside, or in the handshake. Also for the answer to a request that was written
 * before libssl was hooked: user space saw the request and waits for its answer.
 */
static __always_inline bool on_tls(struct sock *sk, struct mark *mark, bool received)
{
	struct tls_call *call = thread_call();

	if (!call || !call->ssl)
		return mark->follow == FOLLOW_TLS;
	call->cookie = mark->cookie;
	if (mark->follow == FOLLOW_TLS && is_writing(call) && !received &&
	    !judge_plaintext(sk, mark, call))
		return false;
	if (mark->follow == FOLLOW_TLS)
		return true;
	if (call->function == LW_TLS_DO_HANDSHAKE || note_socket(sk, mark, call, received))
		return false;
	leave_untied(mark);
	return true;
}

/* How much of a raw piece is worth copying; all of it is `want` bytes at `buffer`. */
static __always_inline __u64 tls_clear_bytes(__u64 buffer, __u64 want)
{
	__u8 begin[2] = {};
	__u64 most = LW_TLS_PIECE_BYTES;

	if (want >= sizeof(begin))
		bpf_probe_read_user(begin, sizeof(begin), (void *)buffer);
	if (begin[0] == TLS_HANDSHAKE && begin[1] == TLS_MAJOR)
		most = LW_TLS_BYTES;
	return want < most ? want : most;
}

#endif
