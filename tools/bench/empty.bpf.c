// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * empty.bpf.c - what hooking costs at all: nothing, on the two hooks that see every send and
 * receive.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tp_btf/sock_send_length")
int bench_send(void *ctx)
{
	return 0;
}

SEC("tp_btf/sock_recv_length")
int bench_recv(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
