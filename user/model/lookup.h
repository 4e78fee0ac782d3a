/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lookup.h - the look-ups of names that the watched processes make: getaddrinfo() calls, and the
 * DNS queries that they or the process itself send.
 *
 * Records in; look-ups that take too long, and look-ups that ended, out, through a listener. Times
 * are those of the records: CLOCK_BOOTTIME nanoseconds. No clock, no I/O.
 *
 * How a query ends. An answer on the same socket with the same id and question: its rcode is the
 * outcome. No rcode but an error of the socket (ECONNREFUSED: nobody listens there): `error`. The
 * thread asks the same again, asks for another name, or its getaddrinfo() returns: `timeout`, until
 * then; so does LOOKUP_PATIENCE_NS without any of this. When the thread goes on so soon that no
 * resolver would have given up yet (LOOKUP_WAITED_NS), the query is dropped without a word: that is
 * no nameserver's fault. A thread asks one thing at a time, A and AAAA of one name together.
 *
 * A resolver that sends one question to several nameservers at once on one socket (musl) makes one
 * query: the first answer ends it, and who gave it is known only if the record says so.
 *
 * A truncated UDP answer is `ok` with unknown answers; the same question over TCP is a new query.
 * glibc then asks for A and AAAA over TCP as soon as one of them was truncated, and leaves the
 * other UDP query alone: that one is dropped without a word, too.
 *
 * How a getaddrinfo() ends, by its result (numbers and meanings are the same in glibc and musl):
 * 0 `ok`; EAI_NONAME `nxdomain`; EAI_AGAIN what happened to its last query, if that was `timeout`,
 * `servfail` or `refused`; all else `error`, EAI_NODATA too, for that name does exist.
 */
#ifndef LEASEWATCH_LOOKUP_H
#define LEASEWATCH_LOOKUP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uthash.h>

#include "leasewatch/event.h"
#include "leasewatch/units.h"
#include "model/finding.h"
#include "protocol/dns.h"

#define LOOKUPS_MAX	    1024 /* in flight at once; beyond, the oldest is dropped and counted */
#define LOOKUPS_PER_PROCESS 512
#define LOOKUP_THREADS_MAX  256 /* whose last look-ups are remembered; beyond, the oldest goes */
#define LOOKUP_SERVERS_MAX  4	/* that one query is sent to at once (musl: 3) */
#define LOOKUP_SEVERAL_MAX  16	/* sockets that are remembered to talk to several nameservers */

/* glibc waits for 30 s at most for one query, musl and dnspython for less. */
#define LOOKUP_PATIENCE_NS (60 * NS_PER_S)
/* glibc waits for 1 s at least, musl for 0.3 s. */
#define LOOKUP_WAITED_NS (100 * NS_PER_MS)
/* The longest getaddrinfo(): beyond, we did not see it return. */
#define LOOKUP_RESOLVE_MAX_NS (600 * NS_PER_S)

struct lookup_server {
	uint8_t addr[16];
	uint16_t port;
};

struct lookup {
	enum dns_source source;
	enum dns_outcome outcome; /* DNS_IN_FLIGHT: unanswered so far */
	uint32_t tgid, tid;
	char name[DNS_NAME_BYTES]; /* as dns_message.name; "" = not known */
	char type[DNS_TYPE_BYTES]; /* "" = not known, and for getaddrinfo */
	char error[32];		   /* "EAI_AGAIN", "ECONNREFUSED", "rcode 4 NOTIMP"; "" = none */
	uint64_t start_ns;	   /* 0 = not known */
	uint64_t end_ns;	   /* 0 = in flight */
	int64_t answers;	   /* records of that type; LW_UNKNOWN */
	bool server_known;	   /* false for getaddrinfo, and if several were asked at once */
	struct lookup_server server;
	bool tcp;
	bool truncated; /* the answer did not fit into UDP */
	bool told;	/* as in flight */
	int32_t result; /* of getaddrinfo() */
	/* getaddrinfo in flight: its youngest unanswered query, NULL = none. Valid, as the look-up
	 * itself, until the next call that hands the table something. */
	const struct lookup *query;
	/* The answer, with its addresses and targets: only while told() says the end of a query. */
	const struct dns_message *message;

	/* The table's own. */
	bool quiet; /* getaddrinfo of an address: nothing is looked up */
	bool several;
	enum dns_outcome last_query; /* how its last query ended; DNS_IN_FLIGHT = none did */
	uint64_t cookie;
	uint16_t id, qtype;
	size_t servers_len;
	struct lookup_server servers[LOOKUP_SERVERS_MAX];
	TAILQ_ENTRY(lookup) link;
};

TAILQ_HEAD(lookup_list, lookup);

struct lookup_listener {
	/* In flight for longer than stall_after_ns (once), and every end. Must not hand the table
	 * anything; may ask it. */
	void (*told)(void *ctx, const struct lookup *l, uint64_t now_ns);
};

struct lookup_stats {
	uint64_t ended, failed; /* failed: of the ended ones, all that were not ok */
	int64_t last_ns;	/* duration of the last that ended; LW_UNKNOWN */
};

struct lookup_thread;

struct lookup_table {
	struct lookup_list active; /* oldest first */
	size_t active_len;
	struct lookup_thread *threads; /* the least recently used first */
	uint64_t several[LOOKUP_SEVERAL_MAX];
	unsigned int several_next;
	uint64_t stall_after_ns; /* the owner may change it at any time */
	uint64_t dropped;	 /* look-ups of whose end nothing will be told; only grows */
	struct lookup_stats stats[DNS_SOURCES];
	const struct lookup_listener *listener;
	void *ctx;
};

void lookup_table__init(struct lookup_table *t, const struct lookup_listener *listener, void *ctx,
			uint64_t stall_after_ns);
/* Frees everything, tells nothing. The table may be used again. */
void lookup_table__clear(struct lookup_table *t);

/* LW_EVENT_DNS and LW_EVENT_RESOLVE; others are passed over, as is what makes no sense. */
void lookup_table__event(struct lookup_table *t, const struct lw_event *event);

/* Time passes: tells what has been unanswered for too long. */
void lookup_table__tick(struct lookup_table *t, uint64_t now_ns);

/* The process is gone. What had been told as in flight ends as given up: `timeout`. */
void lookup_table__drop_process(struct lookup_table *t, uint32_t tgid, uint64_t now_ns);

/*
 * What the thread waits for now: its getaddrinfo in flight, else its youngest unanswered query.
 * NULL = nothing. Valid until the next call that hands the table something; so are those below.
 */
const struct lookup *lookup_table__waiting(const struct lookup_table *t, uint32_t tgid,
					   uint32_t tid);

/*
 * The thread does something else (connects, sends a request): it waits for no query any more. Not
 * needed where getaddrinfo() is seen; nothing happens while one is in flight.
 */
void lookup_table__moved_on(struct lookup_table *t, uint32_t tgid, uint32_t tid, uint64_t now_ns);

/*
 * The last look-up of the thread, if it ended at or after since_ns, and failed. A getaddrinfo that
 * ended since then decides alone, and one in flight has not decided yet, whatever its queries say.
 * Without one, a failed query counts unless another one brought answers: later, or for the same
 * name. That an SRV name does not exist is no failure: discovery asks for names that need not.
 */
const struct lookup *lookup_table__failed_since(const struct lookup_table *t, uint32_t tgid,
						uint32_t tid, uint64_t since_ns);

/* The oldest that is unanswered: a getaddrinfo, else a query. NULL = none. */
const struct lookup *lookup_table__oldest(const struct lookup_table *t);

/* How long it took, or has taken so far; LW_UNKNOWN if its start was not seen. */
int64_t lookup__duration_ns(const struct lookup *l, uint64_t now_ns);

/* The nameserver's address as text, without the port; NULL if not known, else buf. */
const char *lookup__server_text(const struct lookup *l, char buf[INET6_ADDRSTRLEN]);

#endif
