/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dns.h - what the Patroni processes ask their nameservers, and the answers.
 *
 * A socket is a resolver's if its remote port is 53. For a connected socket that is in the socket;
 * for an unconnected one only in the sockaddr of each send, and who answered is not known yet when
 * the hook runs. User space parses the messages.
 */
#ifndef LEASEWATCH_DNS_H
#define LEASEWATCH_DNS_H

/* glibc passes a TCP query as its length and its body, and the two questions of one lookup as two
 * such pairs in one writev. */
#define DNS_PIECES 4

struct nameserver {
	__u8 addr[16]; /* all zero = not known */
	__u16 port;    /* 0 = not known */
};

/* The destination of a send on an unconnected socket. False when there is none. */
static __always_inline bool read_sockaddr(struct nameserver *ns, __u64 name)
{
	struct user_sockaddr_in in = {};
	struct user_sockaddr_in6 *in6 = (struct user_sockaddr_in6 *)name;

	if (!name || bpf_probe_read_user(&in, sizeof(in), (void *)name))
		return false;
	if (in.sin_family == AF_INET)
		map_ipv4(ns->addr, in.sin_addr);
	else if (in.sin_family != AF_INET6 ||
		 bpf_probe_read_user(ns->addr, sizeof(ns->addr), &in6->sin6_addr))
		return false;
	ns->port = bpf_ntohs(in.sin_port);
	return true;
}

static __always_inline void read_peer(struct nameserver *ns, struct sock *sk)
{
	read_daddr(ns->addr, sk);
	ns->port = bpf_ntohs(sk->__sk_common.skc_dport);
}

/*
 * A socket without a mark sends: could it be a target's, to a nameserver? The tests are in the
 * order of what they cost a bystander.
 */
static __always_inline bool may_ask(struct sock *sk)
{
	__be16 port;
	__u32 tgid;

	if (sk->sk_protocol != IPPROTO_UDP)
		return false;
	port = sk->__sk_common.skc_dport;
	if (port && port != bpf_htons(DNS_PORT))
		return false;
	tgid = bpf_get_current_pid_tgid() >> 32;
	return is_target_current(tgid);
}

/* If so, mark it, so that its answers are seen too. */
static __noinline struct mark *mark_resolver(struct sock *sk)
{
	struct nameserver ns = {};
	struct caller caller;
	struct mark *mark;

	if (!sk->__sk_common.skc_dport) {
		read_caller(&caller, NULL);
		if (!read_sockaddr(&ns, caller.name) || ns.port != DNS_PORT)
			return NULL;
	}
	mark = mark_socket(sk, bpf_get_current_pid_tgid() >> 32);
	if (mark)
		mark->follow = FOLLOW_DNS;
	return mark;
}

/*
 * A separate function, with bounds that the compiler must not drop: if it were inlined, the checked
 * lengths would be spilled, and the verifier of Linux 6.1 would forget the check.
 */
static __noinline long copy_piece(struct lw_event_dns *event, __u32 at, __u32 n, __u64 from)
{
	barrier_var(at);
	barrier_var(n);
	if (!event || at >= LW_DNS_BYTES || n > LW_DNS_BYTES)
		return -1;
	return bpf_probe_read_user(event->payload + at, n, (void *)from);
}

/* Copy the message, which may lie in several pieces, and set ->captured. */
static __always_inline void gather(struct lw_event_dns *event, const struct caller *c, __u32 want)
{
	struct user_iovec *iov = (struct user_iovec *)c->iov, piece = c->first;
	__u32 at = 0, n;

#pragma unroll
	for (__u32 i = 0; i < DNS_PIECES; i++) {
		if (i > 0 && (!iov || i >= c->iovs))
			break;
		if (i > 0 && bpf_probe_read_user(&piece, sizeof(piece), &iov[i]))
			break;
		n = want - at < piece.iov_len ? want - at : piece.iov_len;
		if (n && copy_piece(event, at, n, piece.iov_base)) {
			count_lost(LW_LOST_PAYLOAD);
			break;
		}
		at += n;
		if (at >= want)
			break;
	}
	event->captured = at;
}

static __always_inline void emit_dns(struct mark *mark, const struct nameserver *ns,
				     const struct caller *c, __s32 len, bool tcp, bool received)
{
	struct lw_event_dns *event;

	/* Twice the room: the verifier does not relate a piece's offset to its length. */
	event = emit_reserve(sizeof(*event) + 2 * LW_DNS_BYTES, LW_EVENT_DNS, mark);
	if (!event)
		return;
	event->event.tid = owner_tid(mark);
	__builtin_memcpy(event->server, ns->addr, sizeof(event->server));
	event->port = ns->port;
	event->received = received;
	event->tcp = tcp;
	event->len = len;
	event->captured = 0;
	event->pad = 0;
	if (len > 0)
		gather(event, c, len < LW_DNS_BYTES ? len : LW_DNS_BYTES);
	event->event.size = sizeof(*event) + event->captured;
	emit_submit(event, CAN_WAIT);
}

/*
 * A nameserver's host reports that nothing listens there, or a router that there is no route. glibc
 * sees an error in poll() and never asks which: so it is reported when it comes in.
 */
static __always_inline void on_dns_error(struct sock *sk, struct mark *mark)
{
	struct nameserver ns = {};
	struct caller none = {};
	int err = sk->sk_err;

	if (!err || sk->sk_protocol != IPPROTO_UDP ||
	    sk->__sk_common.skc_dport != bpf_htons(DNS_PORT))
		return;
	read_peer(&ns, sk);
	emit_dns(mark, &ns, &none, -err, false, true);
}

/* A send, a receive or its failure on a socket that talks to nameservers. */
static __noinline int on_dns(struct sock *sk, struct mark *mark, int ret, bool received)
{
	bool tcp = sk->sk_protocol == IPPROTO_TCP;
	struct nameserver ns = {};
	struct caller caller;
	bool known;

	if (!mark)
		return 0;
	known = read_caller(&caller, mark);
	if (ret < 0)
		caller_failed(mark);
	if (is_no_outcome(ret) || (ret == -ECONNREFUSED && !tcp))
		return 0; /* the latter was reported by on_dns_error() */
	if (sk->__sk_common.skc_dport)
		read_peer(&ns, sk);
	else if (!received && !read_sockaddr(&ns, caller.name))
		return 0;
	if (ns.port && ns.port != DNS_PORT)
		return 0; /* the socket is used for something else now */
	if (ret > 0 && !known)
		count_lost(LW_LOST_PAYLOAD);
	emit_dns(mark, &ns, &caller, ret, tcp, received);
	/* A refusal by this host arrives during the send, before the query was reported. */
	if (!received)
		on_dns_error(sk, mark);
	return 0;
}

#endif
