/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * patroni.h - which processes are Patroni, and what their own configuration says.
 *
 * Reads /proc and the files that Patroni itself was started with; knows nothing of BPF. All names
 * and paths are the target's: a Patroni in a container is read through /proc/PID/root, and a
 * symbolic link in there never leads out. Everything read here is untrusted: a file may be huge, be
 * replaced while it is read, be a device, or be no YAML at all. A text that is no printable UTF-8,
 * or too long for its field, is left out. No secret is kept (passwords in the YAML, in a URL or in
 * the environment are never copied).
 */
#ifndef LEASEWATCH_PATRONI_H
#define LEASEWATCH_PATRONI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PATRONI_NAME_BYTES     64
#define PATRONI_PATH_BYTES     256
#define PATRONI_ENDPOINT_BYTES 160
#define PATRONI_ENDPOINTS_MAX  16
#define PATRONI_HOSTS_BYTES    1024

enum patroni_dcs {
	PATRONI_DCS_UNKNOWN,
	PATRONI_DCS_ETCD, /* the v2 API */
	PATRONI_DCS_ETCD3,
	PATRONI_DCS_OTHER, /* consul, zookeeper, kubernetes, exhibitor, raft: not watched */
};

/*
 * One section as it is written, before Patroni's rules of precedence: private to patroni_*.c. A URL
 * is kept as scheme://host:port, without user, password and path. "" or 0 = not given.
 */
struct patroni_etcd_section {
	bool present;
	bool certificates;
	bool hosts_cut; /* not all of them fit */
	int port;
	char protocol[8];
	char proxy[PATRONI_ENDPOINT_BYTES];
	char url[PATRONI_ENDPOINT_BYTES];
	char srv[PATRONI_ENDPOINT_BYTES];
	char host[PATRONI_ENDPOINT_BYTES];
	char hosts[PATRONI_HOSTS_BYTES]; /* one a line */
};

/* What the layers read so far say; needed because a later layer may replace half of a section. */
struct patroni_layers {
	bool consul;	/* Patroni would take it before etcd */
	bool other_dcs; /* ... after etcd3 */
	bool namespace_given;
	char name[PATRONI_NAME_BYTES];
	char pg_name[PATRONI_NAME_BYTES]; /* postgresql.name: the member's, if there is no other */
	char data_dir[PATRONI_PATH_BYTES];
	struct patroni_etcd_section etcd, etcd3;
};

struct patroni_config {
	char path[PATRONI_PATH_BYTES]; /* of the YAML file or directory, absolute, as the target
					  sees it; "" = none */
	char scope[PATRONI_NAME_BYTES];
	char member[PATRONI_NAME_BYTES];
	char namespace[PATRONI_NAME_BYTES]; /* without slashes around it; Patroni's default
					       "service"; "" = the root */
	enum patroni_dcs dcs;
	bool tls; /* https in the URL or the protocol; with SRV also a CA or certificate */
	bool srv; /* hosts come from DNS SRV records; the endpoints below are only its fallback */
	/*
	 * From <data_dir>/patroni.dynamic.json, where Patroni keeps a copy of what the cluster
	 * agreed on, else from bootstrap.dcs: a first guess. 0 = not given (Patroni's defaults: 30,
	 * 10, 10).
	 */
	int64_t ttl_s, loop_wait_s, retry_timeout_s;
	/*
	 * Where Patroni begins, "etcd1.lab:2379". It then asks etcd for its members, and goes on
	 * with the client URLs that those advertise: the names on the wire may be others.
	 */
	uint16_t postgres_port; /* of postgresql.listen; 0 = not given (Patroni's default: 5432) */
	bool endpoints_cut;	/* there are more than these */
	size_t endpoints_len;
	char endpoints[PATRONI_ENDPOINTS_MAX][PATRONI_ENDPOINT_BYTES];
	struct patroni_layers layers;
};

struct patroni_process {
	pid_t pid;	      /* seen from here */
	uid_t uid;	      /* its owner, as the kernel counts users here */
	uint64_t start_ticks; /* /proc/PID/stat field 22: detects a reused pid */
	char comm[16];	      /* printable: any other byte is shown as '?' */
	bool container;	      /* another pid namespace or another root file system than ours */
};

/*
 * Is this process Patroni itself? True for Debian's and pip's entry script, `python -m patroni`, a
 * path ending in /patroni.py or /patroni/__main__.py, a frozen binary named patroni; not for
 * patronictl, patroni_raft_controller, patroni_aws, an editor or pager with patroni.yml, a shell
 * that mentions patroni, sudo/su/strace/gosu-like wrappers in front of it (the child is the one), a
 * Patroni that only validates or generates a configuration, nor for the multiprocessing helpers
 * that Patroni starts. A script of the right name that can be read must also start Patroni. 1, 0
 * (kernel threads and zombies too), or -errno (-ESRCH: it is gone). On 1 fills *out.
 *
 * Right at the moment of asking: a child that Patroni has forked and that has not yet called exec
 * is still Patroni in every respect; ask again at its exec.
 */
int patroni__identify(pid_t pid, struct patroni_process *out);

/*
 * Could this process, as long as it runs the same executable, become Patroni by its command line?
 * False where there is no such process.
 */
bool patroni__could_be(pid_t pid);

/* The owner, by one system call; of a process that is not dumpable, or gone: root. */
uid_t patroni__owner_hint(pid_t pid);

/* Any process at all (for -p): fills *out; 0, or -ESRCH (also for a thread that is no process, or a
 * zombie). */
int patroni__describe(pid_t pid, struct patroni_process *out);

/*
 * Are the pids that we see those that the kernel reports? Not inside a pid namespace of our own (a
 * container without the host's): there nothing can be followed.
 */
bool patroni__sees_host_pids(void);
#define PATRONI_NO_HOST_PIDS                                                                       \
	"this is a pid namespace of its own (a container?): run leasewatch on the host, or give "  \
	"the container the host's pid namespace (--pid=host)"

/*
 * Walk /proc; call found() for each Patroni. Of a Patroni that runs as PID 1 of a container and
 * keeps a child Patroni, both are reported: only the child will ever talk to etcd, which costs
 * nothing. Returns how many, or -errno. A non-zero return of found() ends the walk.
 */
int patroni__scan(int (*found)(const struct patroni_process *p, void *ctx), void *ctx);

/*
 * What it was configured with: argv (the YAML file or directory of YAML files) with PATRONI_* of
 * the environment on top; without such a file PATRONI_CONFIGURATION alone, and without that
 * PATRONI_* alone: as in Patroni's config.py. Zeroes and fills *out. 0 also when there is only the
 * environment; -ENOENT when there is neither; -EACCES, -EBADMSG (no YAML, not a regular file, or
 * beyond 1 MiB; what was read before the fault is kept, as is the environment), -ESRCH.
 */
int patroni__config(pid_t pid, struct patroni_config *out);

/*
 * The same from parts, for tests and tools. *out starts zeroed; each call lays one more layer over
 * it, and the fields above ->layers are true after each. A key that is null in a later layer
 * removes it. The YAML may be a whole file: 0, or -EBADMSG (then the sections before the fault are
 * kept).
 */
int patroni_config__parse_yaml(const char *text, size_t len, struct patroni_config *out);
/* NUL-separated NAME=value; only PATRONI_*, and not PATRONI_CONFIGURATION (which is no layer). */
void patroni_config__apply_environment(const char *block, size_t len, struct patroni_config *out);

/*
 * The addresses of the configured endpoints in the target's own /etc/hosts (no DNS: we send
 * nothing). addr is IPv6, IPv4 mapped, in network byte order. 0 or -errno.
 */
typedef void (*patroni_address_fn)(void *ctx, const uint8_t addr[16], uint16_t port,
				   const char *endpoint);
int patroni__addresses(pid_t pid, const struct patroni_config *config, patroni_address_fn found,
		       void *ctx);

/*
 * Does its data directory hold a PostgreSQL cluster of the process's own user, in a place that root
 * gave to that user (/var/lib/postgresql, a volume; not below /tmp)? Whoever may only write where
 * everybody may cannot make that so. 1, 0, or -errno when there is no such directory.
 */
int patroni__data_dir_was_given(pid_t pid, const struct patroni_config *config);

/*
 * Does its PostgreSQL run as a primary? 1, 0 for a standby, -errno when that is not known (it is
 * not running, or its data directory is not). From pg_control, as of now.
 */
int patroni__is_primary(pid_t pid, const struct patroni_config *config);

#endif
