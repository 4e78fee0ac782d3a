// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tls.c - see tls.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/reader.h"
#include "kernel/tls.h"
#include "leasewatch/event.h"

static const char none[] = "the process has no libssl mapped";

/* How a connection that speaks TLS begins. */
#define TLS_HANDSHAKE_RECORD 0x16

/* The return first: what an entry without a return leaves behind means nothing. */
enum {
	READ,
	READ_ENTER,
	READ_EX,
	READ_EX_ENTER,
	WRITE,
	WRITE_ENTER,
	WRITE_EX,
	WRITE_EX_ENTER,
	HANDSHAKE,
	HANDSHAKE_ENTER,
	VERIFY,
	ERROR,
	SHUTDOWN,
	POINTS,
};

struct uprobes *tls__new(const struct tls_programs *p, bool together)
{
	struct uprobe_set set = {
		.library = LIBRARY_OPENSSL,
		.targets_max = 64,
		.points_len = POINTS,
		.points =
			{
				[READ] = {"SSL_read", p->leave, true, LW_TLS_READ},
				[READ_ENTER] = {"SSL_read", p->enter, false, LW_TLS_READ},
				[READ_EX] = {"SSL_read_ex", p->leave, true, LW_TLS_READ_EX},
				[READ_EX_ENTER] = {"SSL_read_ex", p->enter, false, LW_TLS_READ_EX},
				[WRITE] = {"SSL_write", p->leave, true, LW_TLS_WRITE},
				[WRITE_ENTER] = {"SSL_write", p->enter, false, LW_TLS_WRITE},
				[WRITE_EX] = {"SSL_write_ex", p->leave, true, LW_TLS_WRITE_EX},
				[WRITE_EX_ENTER] = {"SSL_write_ex", p->enter, false,
						    LW_TLS_WRITE_EX},
				[HANDSHAKE] = {"SSL_do_handshake", p->leave, true,
					       LW_TLS_DO_HANDSHAKE},
				[HANDSHAKE_ENTER] = {"SSL_do_handshake", p->enter, false,
						     LW_TLS_DO_HANDSHAKE},
				[VERIFY] = {"X509_STORE_CTX_get_error", p->verify, true,
					    LW_TLS_OTHER},
				[ERROR] = {"ERR_peek_error", p->error, true, LW_TLS_OTHER},
				[SHUTDOWN] = {"SSL_get_shutdown", p->shutdown, true, LW_TLS_OTHER},
			},
		.essential = READ,
		.together = together,
		.what = "libssl",
		.none = none,
	};

	_Static_assert(POINTS <= UPROBE_POINTS_MAX, "more points than a set can have");
	return uprobes__new(&set);
}

enum uprobes_sign tls__sign(const struct lw_event *event)
{
	const struct lw_event_data *data = (const struct lw_event_data *)event;

	if (event->type != LW_EVENT_TLS_SEND)
		return UPROBES_LIFE;
	return data->captured && data->payload[0] == TLS_HANDSHAKE_RECORD ? UPROBES_NEW
									  : UPROBES_USE;
}

static void say_own(const char *module, char *buf, size_t size)
{
	snprintf(buf, size, "pyOpenSSL has an OpenSSL of its own, inside %s", module);
}

const char *tls__trouble(const struct uprobes *u, pid_t tgid, char *buf, size_t size)
{
	const uint32_t pair = 1U << READ | 1U << READ_ENTER | 1U << WRITE | 1U << WRITE_ENTER;
	const uint32_t pair_ex =
		1U << READ_EX | 1U << READ_EX_ENTER | 1U << WRITE_EX | 1U << WRITE_EX_ENTER;
	const char *trouble, *own = uprobes__own(u, tgid);

	if (own) {
		say_own(own, buf, size);
		return buf;
	}
	trouble = uprobes__trouble(u, tgid, pair_ex);
	return trouble ? uprobes__trouble(u, tgid, pair) : NULL;
}

/* By its name: libcrypto comes with it. */
static const struct library_copy *find_libssl(const struct library_copies *l)
{
	for (uint32_t i = 0; i < l->len; i++)
		if (strstr(l->copies[i].name, "/libssl"))
			return &l->copies[i];
	return NULL;
}

bool tls__outlook(const struct reader_answer *a, char *buf, size_t size)
{
	const struct library_copy *libssl = a->err ? NULL : find_libssl(a->library);
	const char *why = none;

	if (!a->err && a->library->own[0]) {
		say_own(a->library->own, buf, size);
		return false;
	}
	if (libssl && libssl->err == -EREMOTE)
		why = "its libssl is on a FUSE or network file system, which may not answer";
	else if (libssl && libssl->err)
		why = strerror(-libssl->err);
	else if (libssl)
		why = libssl->name;
	else if (a->err == -ETIMEDOUT)
		why = "its libraries could not be read in time";
	else if (a->err || a->library->err)
		why = strerror(a->err ? -a->err : -a->library->err);
	snprintf(buf, size, "%s", why);
	return libssl && !libssl->err;
}
