// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sample_call.c - the system calls that a Patroni can wait in, by number. Newer architectures have
 * only the newer of each pair, hence the #ifdefs.
 */
#include <stddef.h>
#include <sys/syscall.h>

#include "host/sample_private.h"
#include "leasewatch/units.h"

static const struct sample_call calls[] = {
	{SYS_read, "read", CALL_FD, "read from"},
	{SYS_readv, "readv", CALL_FD, "read from"},
	{SYS_pread64, "pread64", CALL_FD, "read from"},
	{SYS_write, "write", CALL_FD, "write to"},
	{SYS_writev, "writev", CALL_FD, "write to"},
	{SYS_pwrite64, "pwrite64", CALL_FD, "write to"},
	{SYS_recvfrom, "recvfrom", CALL_FD, "recv from"},
	{SYS_recvmsg, "recvmsg", CALL_FD, "recv from"},
	{SYS_recvmmsg, "recvmmsg", CALL_FD, "recv from"},
	{SYS_sendto, "sendto", CALL_FD, "send to"},
	{SYS_sendmsg, "sendmsg", CALL_FD, "send to"},
	{SYS_sendmmsg, "sendmmsg", CALL_FD, "send to"},
	{SYS_connect, "connect", CALL_FD, "connect to"},
	{SYS_accept, "accept", CALL_FD, "accept on"},
	{SYS_accept4, "accept4", CALL_FD, "accept on"},
	{SYS_close, "close", CALL_FD, "close of"},
	{SYS_fsync, "fsync", CALL_FD, "fsync of"},
	{SYS_fdatasync, "fdatasync", CALL_FD, "fsync of"},
	{SYS_ftruncate, "ftruncate", CALL_FD, "ftruncate of"},
	{SYS_fallocate, "fallocate", CALL_FD, "fallocate of"},
	{SYS_fstat, "fstat", CALL_FD, "stat of"},
	{SYS_flock, "flock", CALL_FD, "flock of"},
	{SYS_fcntl, "fcntl", CALL_FD, "lock of"},
	{SYS_ioctl, "ioctl", CALL_FD, "ioctl of"},
	{SYS_getdents64, "getdents64", CALL_FD, "readdir of"},
	{SYS_openat, "openat", CALL_PATH_AT, "open of"},
	{SYS_newfstatat, "newfstatat", CALL_PATH_AT, "stat of"},
	{SYS_statx, "statx", CALL_PATH_AT, "stat of"},
	{SYS_faccessat, "faccessat", CALL_PATH_AT, "access of"},
	{SYS_readlinkat, "readlinkat", CALL_PATH_AT, "readlink of"},
	{SYS_unlinkat, "unlinkat", CALL_PATH_AT, "unlink of"},
	{SYS_mkdirat, "mkdirat", CALL_PATH_AT, "mkdir of"},
	{SYS_renameat2, "renameat2", CALL_PATH_AT, "rename of"},
	{SYS_statfs, "statfs", CALL_PATH, "statfs of"},
	{SYS_execve, "execve", CALL_PATH, "exec of"},
	{SYS_ppoll, "ppoll", CALL_POLL, "poll on"},
	{SYS_pselect6, "pselect6", CALL_SELECT, "select on"},
	{SYS_epoll_pwait, "epoll_pwait", CALL_EPOLL, "epoll on"},
#ifdef SYS_epoll_pwait2
	{SYS_epoll_pwait2, "epoll_pwait2", CALL_EPOLL, "epoll on"},
#endif
	{SYS_futex, "futex", CALL_FUTEX, NULL},
	{SYS_nanosleep, "nanosleep", CALL_SLEEP, NULL},
	{SYS_clock_nanosleep, "clock_nanosleep", CALL_SLEEP, NULL},
	{SYS_wait4, "wait4", CALL_CHILD, NULL},
	{SYS_waitid, "waitid", CALL_CHILD, NULL},
	{SYS_rt_sigsuspend, "rt_sigsuspend", CALL_SIGNAL, NULL},
	{SYS_rt_sigtimedwait, "rt_sigtimedwait", CALL_SIGNAL, NULL},
#ifdef SYS_open
	{SYS_open, "open", CALL_PATH, "open of"},
	{SYS_stat, "stat", CALL_PATH, "stat of"},
	{SYS_lstat, "lstat", CALL_PATH, "stat of"},
	{SYS_access, "access", CALL_PATH, "access of"},
	{SYS_readlink, "readlink", CALL_PATH, "readlink of"},
	{SYS_unlink, "unlink", CALL_PATH, "unlink of"},
	{SYS_mkdir, "mkdir", CALL_PATH, "mkdir of"},
	{SYS_rmdir, "rmdir", CALL_PATH, "rmdir of"},
	{SYS_rename, "rename", CALL_PATH, "rename of"},
#endif
#ifdef SYS_poll
	{SYS_poll, "poll", CALL_POLL, "poll on"},
	{SYS_select, "select", CALL_SELECT, "select on"},
	{SYS_epoll_wait, "epoll_wait", CALL_EPOLL, "epoll on"},
	{SYS_pause, "pause", CALL_SIGNAL, NULL},
#endif
};

const struct sample_call *sample_call__find(int64_t nr)
{
	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		if (calls[i].nr == nr)
			return &calls[i];
	return NULL;
}

/*
 * After SIGSTOP and SIGCONT a sleep, a poll or a futex goes on as restart_syscall(2). A sleep
 * begins with the number of a clock; a futex has one of its few operations second; a poll has a
 * small count there. Anything else is not known.
 */
const struct sample_call *sample_call__restarted(const struct sample_syscall *call)
{
	enum { FUTEX_WAIT_PRIVATE = 128, FUTEX_WAIT_BITSET_PRIVATE = 137, FUTEX_REALTIME = 256 };

	if (call->args[0] < 4096)
		return sample_call__find(SYS_clock_nanosleep);
	switch (call->args[1] & ~(uint64_t)FUTEX_REALTIME) {
	case FUTEX_WAIT_PRIVATE:
	case FUTEX_WAIT_BITSET_PRIVATE:
		return sample_call__find(SYS_futex);
	}
#ifdef SYS_poll
	if (call->args[1] < 128)
		return sample_call__find(SYS_poll);
#endif
	return NULL;
}
