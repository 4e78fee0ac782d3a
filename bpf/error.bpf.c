// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * error.bpf.c - what the network says of a query that waits: nobody listens, there is no way. An
 * optional hook: without it a refusal is told when the resolver asks for it, which glibc does not.
 *
 * Who pays: a socket that the network reports an error to, one load and one compare.
 */
#include "leasewatch/event.h"
#include "kernel.h"
#include "maps.h"
#include "emit.h"
#include "data.h"

/* Runs in softirq, in whose thread it may be. */
SEC("tp_btf/inet_sk_error_report")
int BPF_PROG(sock_error, struct sock *sk)
{
	struct mark *mark;

	if (!sk->sk_bpf_storage)
		return 0;
	mark = bpf_sk_storage_get(&marks, sk, NULL, 0);
	if (mark && mark->follow == FOLLOW_DNS)
		on_dns_error(sk, mark);
	return 0;
}

char LICENSE[] SEC("license") __weak = "GPL";
