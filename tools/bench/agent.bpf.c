// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * agent.bpf.c - the hooks of a generic tracing agent: entry and exit of the system calls that may
 * touch a socket, filtered by process. Of what such an agent does with a process that it traces,
 * only the duration is kept; a process that it does not trace pays what it would pay anyway.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct sys_enter {
	__u64 common;
	long id;
	unsigned long args[6];
};

struct sys_exit {
	__u64 common;
	long id;
	long ret;
};

struct call {
	__u64 began_ns;
	__u64 fd;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u32);
} targets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __u64);
	__type(value, struct call);
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} spent_ns SEC(".maps");

static __always_inline int enter(const struct sys_enter *ctx)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	__u32 tgid = pid_tgid >> 32;
	struct call call = {};

	if (!bpf_map_lookup_elem(&targets, &tgid))
		return 0;
	call.began_ns = bpf_ktime_get_ns();
	call.fd = ctx->args[0];
	bpf_map_update_elem(&calls, &pid_tgid, &call, BPF_ANY);
	return 0;
}

static __always_inline int leave(void)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid(), *spent;
	struct call *call = bpf_map_lookup_elem(&calls, &pid_tgid);
	__u32 zero = 0;

	if (!call)
		return 0;
	spent = bpf_map_lookup_elem(&spent_ns, &zero);
	if (spent)
		*spent += bpf_ktime_get_ns() - call->began_ns;
	bpf_map_delete_elem(&calls, &pid_tgid);
	return 0;
}

#define CALL(name)                                                                                 \
	SEC("tracepoint/syscalls/sys_enter_" #name)                                                \
	int enter_##name(struct sys_enter *ctx)                                                    \
	{                                                                                          \
		return enter(ctx);                                                                 \
	}                                                                                          \
	SEC("tracepoint/syscalls/sys_exit_" #name)                                                 \
	int exit_##name(struct sys_exit *ctx)                                                      \
	{                                                                                          \
		return leave();                                                                    \
	}

CALL(connect)
CALL(accept)
CALL(accept4)
CALL(sendto)
CALL(recvfrom)
CALL(sendmsg)
CALL(recvmsg)
CALL(sendmmsg)
CALL(recvmmsg)
CALL(read)
CALL(write)
CALL(readv)
CALL(writev)
CALL(close)

char LICENSE[] SEC("license") = "GPL";
