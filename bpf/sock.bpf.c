// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sock.bpf.c - the data hooks of Linux 6.3 and newer ("sock: add tracepoint for send
 * recv length"): two tracepoints in the socket layer, for every family.
 *
 * Who pays: see data.h; AF_UNIX pays the load and the compare as well.
 */
#include "leasewatch/event.h"
#include "kernel.h"
#include "maps.h"
#include "emit.h"
#include "data.h"

SEC("tp_btf/sock_send_length")
int BPF_PROG(sock_send, struct sock *sk, int ret, int flags)
{
	return on_send(sk, ret);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(sock_recv, struct sock *sk, int ret, int flags)
{
	return on_receive(sk, ret, flags);
}

char LICENSE[] SEC("license") __weak = "GPL";
