// SPDX-License-Identifier: GPL-2.0-or-later
/* cause_row.c - see cause_row.h. In the order of enum cause, which is that of the manual. */
#include "leasewatch/units.h"
#include "model/cause_row.h"
#include "model/diagnosis.h"
#include "model/message.h"

static bool is_answer(const struct diagnosis *d)
{
	(void)d;
	return true;
}

static bool is_tls_explained(const struct diagnosis *d)
{
	return d->tls.trouble >= TLS_LEFT;
}

static const struct cause_row rows[] = {
	[CAUSE_UNKNOWN] =
		{
			.name = "unknown",
			.side = SIDE_UNKNOWN,
			.headline = message__unknown,
			.hint = message__hint_none,
		},
	[CAUSE_DNS] =
		{
			.name = "dns",
			.side = SIDE_NAMESERVER,
			.headline = message__dns,
			.hint = message__hint_dns,
			.meaning = "Patroni waits for a name, or its lookup failed",
			.where_to_look = "that nameserver; an entry in `/etc/hosts` helps at once",
		},
	[CAUSE_CONNECT_REFUSED] =
		{
			.name = "connect_refused",
			.side = SIDE_ENDPOINT,
			.is_clear = is_answer,
			.same_everywhere = true,
			.headline = message__refused,
			.hint = message__hint_refused,
			.meaning = "nothing listens there",
			.where_to_look = "start etcd there, or correct Patroni's configuration",
		},
	[CAUSE_NETWORK_LOSS] =
		{
			.name = "network_loss",
			.side = SIDE_NETWORK,
			.same_everywhere = true,
			.headline = message__network_loss,
			.hint = message__hint_network,
			.meaning =
				"sent bytes are not acknowledged, or the connection attempt is not answered",
			.where_to_look = "firewall, routing, host",
		},
	[CAUSE_TLS] =
		{
			.name = "tls",
			.side = SIDE_ENDPOINT,
			.is_clear = is_tls_explained,
			.shows_tls = true,
			.headline = message__tls,
			.hint = message__hint_tls,
			.meaning =
				"connected, but the TLS handshake does not finish, or one side refuses the other",
			.where_to_look =
				"the alert or certificate error; `cacert`, `cert`, `key`; clocks",
		},
	[CAUSE_CONNECTION_RESET] =
		{
			.name = "connection_reset",
			.side = SIDE_ENDPOINT,
			.is_clear = is_answer,
			.same_everywhere = true,
			.headline = message__reset,
			.hint = message__hint_reset,
			.meaning = "the connection ended before the answer",
			.where_to_look = "etcd restarting, a proxy in between",
		},
	[CAUSE_ENDPOINT_ERROR] =
		{
			.name = "endpoint_error",
			.side = SIDE_ENDPOINT,
			.is_clear = is_answer,
			.headline = message__error,
			.hint = message__hint_error,
			.meaning = "etcd answered with an error",
			.where_to_look =
				"the message; code 14 on renewals alone: DNS and port 2380 from that member",
		},
	[CAUSE_LEASE_LOST] =
		{
			.name = "lease_lost",
			.side = SIDE_ENDPOINT,
			.is_clear = is_answer,
			.headline = message__lease_lost,
			.hint = message__hint_lease_lost,
			.meaning = "etcd no longer knows the lease",
			.where_to_look = "it expired or was revoked",
		},
	[CAUSE_LOCAL_DELAY] =
		{
			.name = "local_delay",
			.side = SIDE_HOST,
			.headline = message__local_delay,
			.hint = message__hint_host,
			.meaning = "the answer has arrived, Patroni does not read it",
			.where_to_look = "this host: CPU, SIGSTOP, swapping",
		},
	[CAUSE_ENDPOINT_SILENT] =
		{
			.name = "endpoint_silent",
			.side = SIDE_ENDPOINT,
			.same_everywhere = true,
			.headline = message__silent,
			.hint = message__hint_silent,
			.meaning = "etcd's host took the request, etcd does not answer",
			.where_to_look = "that etcd: stopped, overloaded, cut off from its peers",
		},
	[CAUSE_NOT_ATTEMPTED] =
		{
			.name = "not_attempted",
			.side = SIDE_HOST,
			.headline = message__not_attempted,
			.hint = message__hint_host,
			.meaning = "Patroni sends nothing",
			.where_to_look =
				"this host: the headline says what Patroni's main thread waits for",
		},
};
_Static_assert(ARRAY_LEN(rows) == CAUSES, "a cause has no row");

const struct enum_names cause_names = ENUM_NAMES_OF(rows, name);

const struct cause_row *cause_row(enum cause cause)
{
	return &rows[(unsigned int)cause < CAUSES ? cause : CAUSE_UNKNOWN];
}
