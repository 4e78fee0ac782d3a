/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * socket.h - marks a target's sockets, and describes a socket to user space.
 */
#ifndef LEASEWATCH_SOCKET_H
#define LEASEWATCH_SOCKET_H

#include "target.h"

#define DNS_PORT 53

/* Mark a socket as the target's. NULL: out of memory (counted). */
static __always_inline struct mark *mark_socket(struct sock *sk, __u32 tgid)
{
	struct mark *mark = bpf_sk_storage_get(&marks, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);

	if (!mark) {
		count_lost(LW_LOST_NO_MEMORY);
		return NULL;
	}
	mark->cookie = bpf_get_socket_cookie(sk);
	mark->tgid = tgid;
	if (sk->__sk_common.skc_dport == bpf_htons(DNS_PORT))
		mark->follow = FOLLOW_DNS;
	return mark;
}

/* In a walk through files: the IP socket behind this file, if it is a target's; else NULL. */
static __always_inline struct sock *target_socket(struct bpf_iter__task_file *ctx, __u32 *tgid)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket *socket;
	struct sock *sk;

	if (!task || !file || task->pid != task->tgid)
		return NULL;
	*tgid = task->tgid;
	if (!is_target(*tgid, task))
		return NULL;
	socket = bpf_sock_from_file(file);
	if (!socket)
		return NULL;
	sk = socket->sk;
	if (!sk ||
	    (sk->__sk_common.skc_family != AF_INET && sk->__sk_common.skc_family != AF_INET6))
		return NULL;
	return sk;
}

static __always_inline void map_ipv4(__u8 *to, __be32 from)
{
	__builtin_memset(to, 0, 10);
	to[10] = to[11] = 0xff;
	__builtin_memcpy(to + 12, &from, 4);
}

static __always_inline void read_daddr(__u8 *to, struct sock *sk)
{
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET6)
		bpf_core_read(to, 16, &sk->__sk_common.skc_v6_daddr.in6_u.u6_addr8);
	else
		map_ipv4(to, BPF_CORE_READ(sk, __sk_common.skc_daddr));
}

static __always_inline void read_saddr(__u8 *to, struct sock *sk)
{
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET6)
		bpf_core_read(to, 16, &sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
	else
		map_ipv4(to, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
}

static __always_inline void read_addresses(struct lw_event_sock *event, struct sock *sk)
{
	read_saddr(event->saddr, sk);
	read_daddr(event->daddr, sk);
	event->sport = BPF_CORE_READ(sk, __sk_common.skc_num);
	event->dport = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
}

/* Microseconds since TCP last handled a segment of this socket. */
static __always_inline __u32 since_segment_us(struct sock *sk)
{
	__u64 last = BPF_CORE_READ((struct tcp_sock *)sk, tcp_mstamp);
	__u64 now = bpf_ktime_get_ns() / 1000;

	return last && now > last ? now - last : 0;
}

/* A jiffy in microseconds; set before the programs are loaded. */
extern const volatile __u32 tick_us;

/*
 * Microseconds since data last came in, with the resolution of the kernel's tick (1 to 10 ms); less
 * than two ticks count as none. tcp_mstamp will not do: reading the data may send an ACK, which
 * updates it.
 */
static __always_inline __u32 since_data_us(struct sock *sk)
{
	__u32 last = BPF_CORE_READ((struct tcp_sock *)sk, inet_conn.icsk_ack.lrcvtime);
	__u32 ticks = (__u32)bpf_jiffies64() - last;

	return last && ticks > 1 ? ticks * tick_us : 0;
}

#endif
