// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lookup_resolve.c - getaddrinfo(): entered and returned (see lookup.h for what a result means).
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "leasewatch/units.h"
#include "model/lookup_private.h"

/* EAI_*, glibc's <netdb.h>; musl has the same numbers for those that it has. */
enum {
	RESULT_NONAME = -2,
	RESULT_AGAIN = -3,
};

static const struct {
	int result;
	const char *name;
} results[] = {
	{-1, "EAI_BADFLAGS"},	     {RESULT_NONAME, "EAI_NONAME"},
	{RESULT_AGAIN, "EAI_AGAIN"}, {-4, "EAI_FAIL"},
	{-5, "EAI_NODATA"},	     {-6, "EAI_FAMILY"},
	{-7, "EAI_SOCKTYPE"},	     {-8, "EAI_SERVICE"},
	{-9, "EAI_ADDRFAMILY"},	     {-10, "EAI_MEMORY"},
	{-11, "EAI_SYSTEM"},	     {-12, "EAI_OVERFLOW"},
	{-104, "EAI_INTR"},	     {-105, "EAI_IDN_ENCODE"},
};

static void name_result(char *buf, size_t size, int result)
{
	for (size_t i = 0; i < ARRAY_LEN(results); i++) {
		if (results[i].result == result) {
			snprintf(buf, size, "%s", results[i].name);
			return;
		}
	}
	snprintf(buf, size, "EAI %d", result);
}

static enum dns_outcome resolve_outcome(const struct lookup *l)
{
	switch (l->result) {
	case 0:
		return DNS_OK;
	case RESULT_NONAME:
		return DNS_NXDOMAIN;
	case RESULT_AGAIN:
		if (l->last_query == DNS_TIMEOUT || l->last_query == DNS_SERVFAIL ||
		    l->last_query == DNS_REFUSED)
			return l->last_query;
		return DNS_ERROR;
	default:
		return DNS_ERROR;
	}
}

/* As getaddrinfo() recognises one: "127.1" and "fe80::1%eth0" are addresses, too. */
static bool is_address(const char *name)
{
	char bare[INET6_ADDRSTRLEN];
	size_t len = strcspn(name, "%");
	struct in6_addr addr;

	if (inet_aton(name, (struct in_addr *)&addr))
		return true;
	if (len >= sizeof(bare))
		return false;
	memcpy(bare, name, len);
	bare[len] = '\0';
	return inet_pton(AF_INET6, bare, &addr) == 1;
}

static void entered(struct lookup_table *t, const struct lw_event_resolve *e, struct lookup *l)
{
	if (l) /* we did not see it return */
		lookup_table__lose(t, l);
	l = lookup_table__add(t, DNS_GETADDRINFO, &e->event);
	if (!l)
		return;
	dns_name_normal(l->name, e->name, strnlen(e->name, sizeof(e->name)));
	l->quiet = is_address(l->name);
}

static void returned(struct lookup_table *t, const struct lw_event_resolve *e, struct lookup *l)
{
	if (!l) { /* its beginning was not seen: a failure is worth telling */
		if (e->result == 0)
			return;
		l = lookup_table__add(t, DNS_GETADDRINFO, &e->event);
		if (!l)
			return;
		l->start_ns = 0;
	}
	l->result = e->result;
	/* Without a name, what succeeds at once did not look anything up. */
	if (l->quiet || (!*l->name && !l->told && l->result == 0)) {
		lookup_table__forget(t, l);
		return;
	}
	if (l->result)
		name_result(l->error, sizeof(l->error), l->result);
	lookup_table__end(t, l, resolve_outcome(l), e->event.ts_ns);
}

void lookup_table__getaddrinfo(struct lookup_table *t, const struct lw_event_resolve *e)
{
	const struct lw_event *event = &e->event;
	struct lookup *l;

	lookup_table__give_up_all(t, event->tgid, event->tid, NULL, event->ts_ns);
	l = lookup_table__resolve(t, event->tgid, event->tid);
	if (e->done)
		returned(t, e, l);
	else
		entered(t, e, l);
}
