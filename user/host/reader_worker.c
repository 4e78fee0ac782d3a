// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * reader_worker.c - what one worker does: give up its rights, read, answer.
 *
 * It keeps the rights to open what belongs to another user, and no system call with which it could
 * write to anything, reach the network or start anything. The only descriptor that it may send to
 * is its answer's.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <cap-ng.h>
#include <seccomp.h>

#include "host/reader_message.h"
#include "host/sample.h"
#include "leasewatch/units.h"

static int drop_capabilities(void)
{
	static const unsigned int needed[] = {
		CAP_SYS_PTRACE,		/* /proc/PID of another user */
		CAP_DAC_READ_SEARCH,	/* as above, where the process is not dumpable */
		CAP_CHECKPOINT_RESTORE, /* /proc/PID/map_files */
		CAP_SETUID,
		CAP_SETGID, /* files are opened with the target's own rights */
	};
	capng_select_t what = CAPNG_SELECT_CAPS;
	bool had[ARRAY_LEN(needed)];

	if (capng_get_caps_process())
		return -EPERM;
	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		had[i] = capng_have_capability(CAPNG_PERMITTED, needed[i]);
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		what = CAPNG_SELECT_BOTH;
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		if (had[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, needed[i]);
	return capng_apply(what) ? -EPERM : 0;
}

/* A name that this libseccomp or architecture does not know is no loss. */
static int allow(scmp_filter_ctx ctx, const char *name)
{
	int nr = seccomp_syscall_resolve_name(name);

	return nr == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
}

static const char *const allowed[] = {
	"read",		  "pread64",	 "openat2",	 "close",	  "fstat",
	"newfstatat",	  "stat",	 "lstat",	 "statx",	  "statfs",
	"fstatfs",	  "readlink",	 "readlinkat",	 "getdents64",	  "fcntl",
	"lseek",	  "munmap",	 "mremap",	 "brk",		  "madvise",
	"exit_group",	  "exit",	 "rt_sigreturn", "clock_gettime", "gettimeofday",
	"getpid",	  "gettid",	 "getuid",	 "geteuid",	  "setfsuid",
	"setfsgid",	  "setgroups",	 "getgroups",	 "futex",	  "restart_syscall",
	"pidfd_open",	  "pidfd_getfd", "getsockopt",	 "getsockname",	  "getpeername",
	"getrandom",	  "getxattr",	 "sysinfo",	 "uname",	  "process_vm_readv",
	"rt_sigprocmask",
};

static int allow_all(scmp_filter_ctx ctx)
{
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
		if (allow(ctx, allowed[i]))
			return -EINVAL;
	return 0;
}

/* Where the bits of `mask` in an argument are `value`. */
static struct scmp_arg_cmp where(unsigned int argument, scmp_datum_t mask, scmp_datum_t value)
{
	return (struct scmp_arg_cmp){argument, SCMP_CMP_MASKED_EQ, mask, value};
}

static int allow_some(scmp_filter_ctx ctx, int fd)
{
	int err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
				   where(2, O_ACCMODE | O_CREAT | O_TRUNC, 0));

	if (!err)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
				       where(1, UINT32_MAX, NS_GET_OWNER_UID));
	/* Memory of its own: no file can be mapped to be written to, or to be run. */
	if (!err)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
				       where(2, PROT_EXEC, 0),
				       where(3, MAP_ANONYMOUS, MAP_ANONYMOUS));
	if (!err)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				       where(2, PROT_EXEC, 0));
	if (!err)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1,
				       where(0, UINT32_MAX, (unsigned int)fd));
	if (!err)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(sendmsg), 1,
				       where(0, UINT32_MAX, (unsigned int)fd));
	return err;
}

static int limit_system_calls(int fd)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int err;

	if (!ctx)
		return -ENOMEM;
	err = allow_all(ctx);
	if (!err)
		err = allow_some(ctx, fd);
	if (!err)
		err = seccomp_load(ctx);
	seccomp_release(ctx);
	return err;
}

int reader_worker__confine(int fd)
{
	int err = drop_capabilities();

	if (!err && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		err = -errno;
	return err ? err : limit_system_calls(fd);
}

static void keep_found_address(void *ctx, const uint8_t addr[16], uint16_t port,
			       const char *endpoint)
{
	struct reader_config *c = ctx;
	size_t index = (size_t)(endpoint - c->config.endpoints[0]) / sizeof(c->config.endpoints[0]);

	if (c->addresses_len == READER_ADDRESSES_MAX)
		return;
	memcpy(c->addresses[c->addresses_len].addr, addr, 16);
	c->addresses[c->addresses_len].port = port;
	c->addresses[c->addresses_len++].endpoint = (uint16_t)index;
}

/* Of the layers, which may hold what was written in a URL, only this is of use later. */
static void forget_layers(struct patroni_config *c)
{
	struct patroni_layers layers = {0};

	memcpy(layers.data_dir, c->layers.data_dir, sizeof(layers.data_dir));
	c->layers = layers;
}

static void read_config(pid_t pid, struct reader_config *c)
{
	c->err = patroni__config(pid, &c->config);
	patroni__addresses(pid, &c->config, keep_found_address, c);
	c->primary = patroni__is_primary(pid, &c->config);
	c->given = patroni__data_dir_was_given(pid, &c->config);
	forget_layers(&c->config);
}

static int read_sample(const struct reader_request *r, struct thread_sample *out)
{
	static struct sample_host host;

	sample__init(&host);
	for (size_t i = 0; i < READER_PORTS_MAX && r->ports[i]; i++)
		sample__postgres_port(&host, r->ports[i]);
	return sample__take(&host, r->pid, r->tid, out);
}

void reader_worker__answer(const struct reader_request *request, struct reader_reply *reply,
			   int fds[LIBRARY_COPIES_MAX])
{
	memset(reply, 0, sizeof(*reply));
	switch (request->what) {
	case READER_IDENTIFY:
		reply->identity.is = patroni__identify(request->pid, &reply->identity.process);
		if (reply->identity.is != 1)
			patroni__describe(request->pid, &reply->identity.process);
		break;
	case READER_CONFIG:
		read_config(request->pid, &reply->config);
		break;
	case READER_SAMPLE:
		reply->err = read_sample(request, &reply->sample);
		break;
	case READER_LIBRARY:
		if (request->set < LIBRARY_SETS)
			library_set__find(request->set, request->pid, &reply->library, fds);
		else
			reply->err = -EINVAL;
		break;
	default:
		reply->err = -EINVAL;
	}
}
