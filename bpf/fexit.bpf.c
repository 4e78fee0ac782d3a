// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fexit.bpf.c - the data hooks for kernels without the tracepoints of sock.bpf.c: the returns of
 * the four functions that every send and receive of an IP socket goes through. Their signatures are
 * the same from Linux 5.15 to 6.18. (arm64 can hook them since 6.4, when it already had the
 * tracepoints.)
 *
 * Who pays: see data.h, plus the trampoline around the function; AF_UNIX pays nothing.
 */
#include "leasewatch/event.h"
#include "kernel.h"
#include "maps.h"
#include "emit.h"
#include "data.h"

SEC("fexit/inet_sendmsg")
int BPF_PROG(inet_send, struct socket *sock, struct msghdr *msg, size_t size, int ret)
{
	struct sock *sk = sock->sk;

	return sk ? on_send(sk, ret) : 0;
}

SEC("fexit/inet6_sendmsg")
int BPF_PROG(inet6_send, struct socket *sock, struct msghdr *msg, size_t size, int ret)
{
	struct sock *sk = sock->sk;

	return sk ? on_send(sk, ret) : 0;
}

SEC("fexit/inet_recvmsg")
int BPF_PROG(inet_receive, struct socket *sock, struct msghdr *msg, size_t size, int flags, int ret)
{
	struct sock *sk = sock->sk;

	return sk ? on_receive(sk, ret, flags) : 0;
}

SEC("fexit/inet6_recvmsg")
int BPF_PROG(inet6_receive, struct socket *sock, struct msghdr *msg, size_t size, int flags,
	     int ret)
{
	struct sock *sk = sock->sk;

	return sk ? on_receive(sk, ret, flags) : 0;
}

char LICENSE[] SEC("license") __weak = "GPL";
