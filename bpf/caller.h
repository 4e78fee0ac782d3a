/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * caller.h - what the current thread has passed to its system call: whose bytes, where they are,
 * and where they go. Used for a target's sockets only.
 */
#ifndef LEASEWATCH_CALLER_H
#define LEASEWATCH_CALLER_H

#if defined(__TARGET_ARCH_x86)
enum {
	NR_read = 0,
	NR_write = 1,
	NR_readv = 19,
	NR_writev = 20,
	NR_sendto = 44,
	NR_recvfrom = 45,
	NR_sendmsg = 46,
	NR_recvmsg = 47,
	NR_recvmmsg = 299,
	NR_sendmmsg = 307
};
#else
enum {
	NR_read = 63,
	NR_write = 64,
	NR_readv = 65,
	NR_writev = 66,
	NR_sendto = 206,
	NR_recvfrom = 207,
	NR_sendmsg = 211,
	NR_recvmsg = 212,
	NR_recvmmsg = 243,
	NR_sendmmsg = 269
};
#endif

/* One message of a system call. Addresses are the caller's: never trust what they point to. */
struct caller {
	__u64 name;		 /* the destination sockaddr, 0 = none given */
	struct user_iovec first; /* the first buffer */
	__u64 iov;		 /* all buffers, 0 = only the first */
	__u64 iovs;
};

/*
 * The hooks see sendmmsg and recvmmsg once per message, but not which message of the call it is. So
 * the mark counts them: the count restarts with another system call, and after the last message.
 * After an error the kernel ends the call: see caller_failed().
 */
static __always_inline __u64 message_index(struct mark *mark, __u32 nr, __u64 messages)
{
	__u32 index = mark->call == nr ? mark->next_message : 0;

	mark->call = nr;
	mark->next_message = (__u64)index + 1 < (__u32)messages ? index + 1 : 0;
	return index;
}

/* Would have blocked, was interrupted, has just begun: not the peer's doing. */
static __always_inline bool is_no_outcome(int ret)
{
	return ret == -EAGAIN || ret == -EINTR || ret == -ERESTARTSYS || ret == -EINPROGRESS;
}

static __always_inline void caller_failed(struct mark *mark)
{
	mark->next_message = 0;
}

/* `mark` may be NULL: the first message of a socket that is not marked yet. Returns false when the
 * message cannot be determined. */
static __always_inline bool read_caller(struct caller *c, struct mark *mark)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	long nr = LW_SYSCALL_NR(regs);
	__u64 arg2 = LW_SYSCALL_ARG2(regs), arg3 = LW_SYSCALL_ARG3(regs), index = 0;
	struct user_msghdr msg = {};

	__builtin_memset(c, 0, sizeof(*c));
	if (mark)
		index = message_index(mark, nr, arg3);
	switch (nr) {
	case NR_sendto:
		c->name = LW_SYSCALL_ARG5(regs);
		/* fallthrough */
	case NR_read:
	case NR_write:
	case NR_recvfrom:
		c->first.iov_base = arg2;
		c->first.iov_len = arg3;
		return arg2;
	case NR_sendmmsg:
	case NR_recvmmsg:
		arg2 += index * sizeof(struct user_mmsghdr);
		/* fallthrough */
	case NR_sendmsg:
	case NR_recvmsg:
		if (bpf_probe_read_user(&msg, sizeof(msg), (void *)arg2))
			return false;
		c->name = msg.msg_name;
		c->iov = msg.msg_iov;
		c->iovs = msg.msg_iovlen;
		break;
	case NR_readv:
	case NR_writev:
		c->iov = arg2;
		c->iovs = arg3;
		break;
	default:
		return false;
	}
	return !bpf_probe_read_user(&c->first, sizeof(c->first), (void *)c->iov);
}

#endif
