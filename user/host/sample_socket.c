// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sample_socket.c - a descriptor of another process, and the other end of its socket.
 *
 * TCP and UDP: from the tables of the target's network namespace. Duplicating such a socket would
 * tell its peer at once, but would also move it to this process's net_cls and net_prio cgroups, and
 * leasewatch changes nothing. Unix sockets carry no traffic for those to class, and no table says
 * whom they are connected to: these are duplicated for the moment of one question.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/address.h"
#include "host/sample_private.h"
#include "leasewatch/units.h"

#define POSTGRES_PORT 5432
#define DNS_PORT      53

/* What is read of a table at most: about 28,000 sockets. */
#define TABLE_BYTES_MAX (4 * 1024 * 1024)

/* States in /proc/net/tcp: the kernel's, part of its interface. */
enum { STATE_ESTABLISHED = 1, STATE_SYN_SENT = 2, STATE_LISTEN = 10 };

/* Find the line of a socket in a table: 1, 0 = not there, -errno. */
static int find_line(int fd, uint64_t inode, struct sample_inet *out)
{
	char buf[16384];
	size_t len = 0, total = 0;
	ssize_t n;

	while (total < TABLE_BYTES_MAX) {
		char *line = buf, *end;

		n = read(fd, buf + len, sizeof(buf) - 1 - len);
		if (n <= 0)
			return n < 0 ? -errno : 0;
		total += (size_t)n;
		len += (size_t)n;
		buf[len] = '\0';
		for (; (end = memchr(line, '\n', len - (size_t)(line - buf))); line = end + 1) {
			struct sample_inet socket;

			*end = '\0';
			if (sample_text__inet(line, &socket) && socket.inode == inode) {
				*out = socket;
				return 1;
			}
		}
		len -= (size_t)(line - buf);
		if (len == sizeof(buf) - 1)
			return -EBADMSG;
		memmove(buf, line, len);
	}
	return -EFBIG;
}

static bool find_inet(const struct sample_target *t, const char *table, uint64_t inode,
		      struct sample_inet *out)
{
	char name[32];
	int fd, found;

	snprintf(name, sizeof(name), "net/%s", table);
	fd = openat(t->dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	found = find_line(fd, inode, out);
	close(fd);
	return found == 1;
}

static bool is_postgres_port(const struct sample_host *host, uint16_t port)
{
	for (size_t i = 0; i < SAMPLE_PORTS_MAX; i++)
		if (port && host->postgres_ports[i] == port)
			return true;
	return port == POSTGRES_PORT;
}

void sample__postgres_port(struct sample_host *host, uint16_t port)
{
	if (!port || is_postgres_port(host, port))
		return;
	memmove(host->postgres_ports + 1, host->postgres_ports,
		sizeof(host->postgres_ports) - sizeof(host->postgres_ports[0]));
	host->postgres_ports[0] = port;
}

static void say_end(const uint8_t addr[16], uint16_t port, bool is_v6, char *out, size_t size)
{
	char text[ADDRESS_BYTES];
	uint8_t mapped[16];

	if (!is_v6) {
		address__from_v4(mapped, addr);
		addr = mapped;
	}
	address__with_port(out, size, address__text(addr, text), port);
}

static void remember_peer(struct sample_host *host, uint64_t inode, enum wait_kind kind,
			  const char *peer)
{
	unsigned int slot = host->next_peer++ % SAMPLE_PEERS_MAX;
	size_t len = strlen(peer);

	if (len >= sizeof(host->peers[slot].peer))
		return;
	memcpy(host->peers[slot].peer, peer, len + 1);
	host->peers[slot].kind = kind;
	host->peers[slot].inode = inode;
}

static enum wait_kind describe_inet(const struct sample_target *t, const struct sample_inet *s,
				    bool is_tcp, char *name, size_t size)
{
	enum wait_kind kind = WAIT_OBJECT;
	char text[INET6_ADDRSTRLEN + 16];

	if (is_tcp && s->state == STATE_LISTEN) {
		say_end(s->local, s->local_port, s->is_v6, text, sizeof(text));
		snprintf(name, size, "the listening socket %s", text);
		return kind;
	}
	if (!s->remote_port) {
		snprintf(name, size, "an unconnected %s socket", is_tcp ? "TCP" : "UDP");
		return kind;
	}
	say_end(s->remote, s->remote_port, s->is_v6, text, sizeof(text));
	if (is_tcp && is_postgres_port(t->host, s->remote_port))
		kind = WAIT_POSTGRES;
	else if (s->remote_port == DNS_PORT)
		kind = WAIT_NAMESERVER;
	snprintf(name, size, "%s%s", text,
		 is_tcp && s->state == STATE_SYN_SENT ? " (connecting)" : "");
	if (is_tcp && s->state == STATE_ESTABLISHED)
		remember_peer(t->host, s->inode, kind, name);
	return kind;
}

/* Duplicates the socket: only for unix sockets, see above. */
static socklen_t unix_peer(const struct sample_target *t, int fd, struct sockaddr_un *peer)
{
	socklen_t len = sizeof(*peer);
	int copy = -1, pidfd = (int)syscall(SYS_pidfd_open, t->pid, 0);

	if (pidfd < 0)
		return 0;
	copy = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	close(pidfd);
	if (copy < 0)
		return 0;
	memset(peer, 0, sizeof(*peer));
	if (getpeername(copy, (struct sockaddr *)peer, &len) || peer->sun_family != AF_UNIX ||
	    len <= offsetof(struct sockaddr_un, sun_path))
		len = 0;
	close(copy);
	return len < sizeof(*peer) ? len : sizeof(*peer);
}

static enum wait_kind describe_unix(const struct sample_target *t, int fd, char *name, size_t size)
{
	struct sockaddr_un peer;
	socklen_t len = unix_peer(t, fd, &peer);
	char path[sizeof(peer.sun_path) + 1] = "";

	if (len > offsetof(struct sockaddr_un, sun_path))
		memcpy(path, peer.sun_path, len - offsetof(struct sockaddr_un, sun_path));
	if (!path[0] && path[1])
		path[0] = '@'; /* abstract: how ss(8) writes it */
	snprintf(name, size, "%s", path[0] ? path : "a unix socket");
	return strstr(path, "/.s.PGSQL.") ? WAIT_POSTGRES : WAIT_OBJECT;
}

/* "TCP", "TCPv6", "UDP", "UNIX-STREAM", ... as sockfs names the protocol; "" = not known. */
static void protocol_of(const struct sample_target *t, int fd, char *out, size_t size)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", t->pid, fd);
	n = getxattr(path, "system.sockprotoname", out, size - 1);
	out[n > 0 ? n : 0] = '\0';
}

enum wait_kind sample_socket__describe(const struct sample_target *t, int fd, uint64_t inode,
				       char *name, size_t size)
{
	static const struct {
		const char *protocol, *table;
		bool is_tcp;
	} tables[] = {
		{"TCP", "tcp", true},
		{"TCPv6", "tcp6", true},
		{"UDP", "udp", false},
		{"UDPv6", "udp6", false},
	};
	struct sample_inet socket;
	char protocol[32];

	for (size_t i = 0; i < SAMPLE_PEERS_MAX; i++)
		if (inode && t->host->peers[i].inode == inode) {
			snprintf(name, size, "%s", t->host->peers[i].peer);
			return t->host->peers[i].kind;
		}
	protocol_of(t, fd, protocol, sizeof(protocol));
	if (strncmp(protocol, "UNIX", 4) == 0)
		return describe_unix(t, fd, name, size);
	snprintf(name, size, "a socket");
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		if (strcmp(protocol, tables[i].protocol) != 0)
			continue;
		snprintf(name, size, "a %s socket", tables[i].is_tcp ? "TCP" : "UDP");
		if (find_inet(t, tables[i].table, inode, &socket))
			return describe_inet(t, &socket, tables[i].is_tcp, name, size);
	}
	return WAIT_OBJECT;
}

enum wait_kind sample_fd__describe(const struct sample_target *t, int fd, char *name, size_t size)
{
	char file[32], link[256], *end;
	uint64_t inode;
	ssize_t n;

	snprintf(file, sizeof(file), "fd/%d", fd);
	n = readlinkat(t->dir, file, link, sizeof(link) - 1);
	if (n < 0)
		return WAIT_UNKNOWN;
	link[n] = '\0';
	if (strncmp(link, "socket:[", 8) == 0) {
		inode = strtoull(link + 8, &end, 10);
		if (*end == ']')
			return sample_socket__describe(t, fd, inode, name, size);
	}
	if (strncmp(link, "pipe:[", 6) == 0)
		snprintf(name, size, "a pipe");
	else if (strncmp(link, "anon_inode:", 11) == 0)
		snprintf(name, size, "an %s", link + 11);
	else
		snprintf(name, size, "%s", link);
	return WAIT_OBJECT;
}
