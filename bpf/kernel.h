/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel.h - the kernel types that leasewatch uses: its whole dependency on the kernel, on one
 * page.
 *
 * Only the fields that are read. Offsets and sizes are relocated when the programs are loaded
 * (CO-RE, preserve_access_index), so these need not match the real layout. tools/kernel-types
 * lists what the programs really need, and compares.
 *
 * In the BTFs of 6.1, 6.12 and 6.18 all names are the same; these offsets differ: tcp_sock (6.8,
 * "tcp: reorganize tcp_sock fast path variables"), sk_err and sk_protocol of sock, icsk_ack of
 * inet_connection_sock and lrcvtime in it. Also: sk_protocol was a bit field before 5.6, the
 * tracepoint sched_process_exit has one more argument since 6.16 (which is not read), and
 * before 6.1 the iterator over files cannot be limited to one task ("bpf: Parameterize task
 * iterators", see probe.c). All of these names are older than 5.15, which was not run: the youngest
 * is sk_bpf_storage, 5.2. user/kernel/features.c dates what the programs need.
 */
#ifndef LEASEWATCH_KERNEL_H
#define LEASEWATCH_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_endian.h>

#define EINTR	     4
#define EAGAIN	     11
#define ECONNREFUSED 111
#define EINPROGRESS  115
#define ERESTARTSYS  512 /* kernel-internal: the call is restarted after a signal */
#define AF_INET	     2
#define AF_INET6     10
#define MSG_PEEK     2
#define IPPROTO_TCP  6
#define IPPROTO_UDP  17

/* TLS records (RFC 8446 5.1): types, and the versions 3.0 to 3.4. */
#define TLS_CHANGE_CIPHER_SPEC 0x14
#define TLS_ALERT	       0x15
#define TLS_HANDSHAKE	       0x16
#define TLS_APPLICATION_DATA   0x17
#define TLS_MAJOR	       3
#define TLS_MINOR_MAX	       4

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
};

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct bpf_local_storage;

struct sock {
	struct sock_common __sk_common;
	int sk_err;
	__u16 sk_protocol;
	struct bpf_local_storage *sk_bpf_storage;
};

struct inet_connection_sock {
	struct {
		__u32 lrcvtime; /* jiffies: when data was last received */
	} icsk_ack;
	__u8 icsk_retransmits;
	__u8 icsk_backoff;
};

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	__u32 copied_seq;
	__u32 rcv_nxt;
	__u32 write_seq;
	__u32 snd_nxt;
	__u32 snd_una;
	__u32 srtt_us; /* << 3 */
	__u32 total_retrans;
	__u64 tcp_mstamp; /* us, CLOCK_MONOTONIC: when the last segment was handled */
};

struct socket {
	struct sock *sk;
};

struct file;
struct msghdr;

typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	atomic_t live; /* threads that are not exiting */
};

struct task_struct {
	int pid;
	int tgid;
	char comm[LW_COMM_BYTES];
	__u64 start_boottime; /* ns */
	struct task_struct *group_leader;
	struct signal_struct *signal;
};

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long di, si, dx, cx, r8;
	unsigned long ax, orig_ax;
};
#define LW_SYSCALL_NR(r)	((long)(r)->orig_ax)
#define LW_SYSCALL_ARG2(r)	((r)->si)
#define LW_SYSCALL_ARG3(r)	((r)->dx)
#define LW_SYSCALL_ARG5(r)	((r)->r8)
#define LW_CALL_ARG1(r)		((r)->di)
#define LW_CALL_ARG2(r)		((r)->si)
#define LW_CALL_ARG3(r)		((r)->dx)
#define LW_CALL_ARG4(r)		((r)->cx)
#define LW_CALL_RESULT(r)	((int)(r)->ax)
#define LW_CALL_RESULT_ULONG(r) ((r)->ax)
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	__u64 regs[31];
	__s32 syscallno;
};
#define LW_SYSCALL_NR(r)	((long)(r)->syscallno)
#define LW_SYSCALL_ARG2(r)	((r)->regs[1])
#define LW_SYSCALL_ARG3(r)	((r)->regs[2])
#define LW_SYSCALL_ARG5(r)	((r)->regs[4])
#define LW_CALL_ARG1(r)		((r)->regs[0])
#define LW_CALL_ARG2(r)		((r)->regs[1])
#define LW_CALL_ARG3(r)		((r)->regs[2])
#define LW_CALL_ARG4(r)		((r)->regs[3])
#define LW_CALL_RESULT_ULONG(r) ((r)->regs[0])
#define LW_CALL_RESULT(r)	((int)(r)->regs[0])
#else
#error "leasewatch knows the system call registers of x86 and arm64 only"
#endif

#pragma clang attribute pop

/* Contexts of the iterators (the verifier relocates these accesses by itself). */
struct bpf_iter_meta;
struct bpf_iter__task_file {
	__bpf_md_ptr(struct bpf_iter_meta *, meta);
	__bpf_md_ptr(struct task_struct *, task);
	__u32 fd;
	__bpf_md_ptr(struct file *, file);
};

/* What user space passes to a system call: ABI, not CO-RE. */
struct user_iovec {
	__u64 iov_base;
	__u64 iov_len;
};
struct user_msghdr {
	__u64 msg_name;
	__u64 msg_namelen;
	__u64 msg_iov;
	__u64 msg_iovlen;
	__u64 msg_control;
	__u64 msg_controllen;
	__u64 msg_flags;
};
struct user_mmsghdr {
	struct user_msghdr msg_hdr;
	__u64 msg_len;
};
struct user_sockaddr_in {
	__u16 sin_family;
	__be16 sin_port;
	__be32 sin_addr;
};
struct user_sockaddr_in6 {
	__u16 sin6_family;
	__be16 sin6_port;
	__be32 sin6_flowinfo;
	__u8 sin6_addr[16];
};

#endif
