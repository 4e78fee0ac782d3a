// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * notify.c - see notify.h.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmd/notify.h"

#define TEXT_BYTES 512

struct notify {
	int fd;
	struct sockaddr_un address;
	socklen_t address_bytes;
	uint64_t watchdog_ns;
};

/* A path, or a name without a file: that has '@' for the NUL in front. */
static int set_address(struct notify *n, const char *name)
{
	size_t len = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || len >= sizeof(n->address.sun_path))
		return -1;
	n->address.sun_family = AF_UNIX;
	memcpy(n->address.sun_path, name, len);
	n->address_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (name[0] == '@')
		n->address.sun_path[0] = '\0';
	else
		n->address_bytes++;
	return 0;
}

/* It may be meant for the process that started us. */
static uint64_t read_watchdog(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (!usec || (pid && atol(pid) != getpid()))
		return 0;
	return strtoull(usec, NULL, 10) * 1000;
}

struct notify *notify__new(void)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct notify *n = name ? calloc(1, sizeof(*n)) : NULL;

	if (!n)
		return NULL;
	n->fd = set_address(n, name) ? -1 : socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (n->fd < 0) {
		free(n);
		return NULL;
	}
	n->watchdog_ns = read_watchdog();
	return n;
}

void notify__free(struct notify *n)
{
	if (!n)
		return;
	close(n->fd);
	free(n);
}

void notify__send(const struct notify *n, const char *format, ...)
{
	char text[TEXT_BYTES];
	va_list args;
	int len;

	if (!n)
		return;
	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len <= 0)
		return;
	if ((size_t)len >= sizeof(text))
		len = sizeof(text) - 1;
	/* A manager that hangs must not hang us. */
	sendto(n->fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT,
	       (const struct sockaddr *)&n->address, n->address_bytes);
}

uint64_t notify__watchdog_ns(const struct notify *n)
{
	return n ? n->watchdog_ns : 0;
}
