// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * error.bpf.c - network errors for a query in flight: nothing listens, no route. An optional hook:
 * without it a refusal is seen only when the resolver asks for the error, which glibc does not.
 *
 * Who pays: a socket for which the network reports an error, one load and one compare.
 */
#include "leasewatch/event.h"
#include "kernel.h"
#include "maps.h"
#include "emit.h"
#include "data.h"

/* Runs in softirq, in the context of any thread. */
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
