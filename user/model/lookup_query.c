// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lookup_query.c - DNS messages on the wire, turned into queries and their ends (see lookup.h).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/lookup_private.h"

/* Of a message over TCP whose length is not known: it may go on in the next piece. */
#define LENGTH_OPEN  UINT16_MAX
#define HEADER_BYTES 12

static bool server_of(const struct lw_event_dns *e, struct lookup_server *out)
{
	static const uint8_t none[16];

	memcpy(out->addr, e->server, sizeof(out->addr));
	out->port = e->port;
	return memcmp(e->server, none, sizeof(none)) != 0;
}

static bool same_server(const struct lookup_server *a, const struct lookup_server *b)
{
	return a->port == b->port && memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

static bool was_sent_to(const struct lookup *q, const struct lookup_server *server)
{
	for (size_t i = 0; i < q->servers_len; i++) {
		if (same_server(&q->servers[i], server))
			return true;
	}
	return false;
}

static bool is_several(const struct lookup_table *t, uint64_t cookie)
{
	for (size_t i = 0; i < LOOKUP_SEVERAL_MAX; i++) {
		if (t->several[i] == cookie)
			return cookie;
	}
	return false;
}

static void note_several(struct lookup_table *t, uint64_t cookie)
{
	if (!is_several(t, cookie))
		t->several[t->several_next++ % LOOKUP_SEVERAL_MAX] = cookie;
}

/* The same message on the same socket, at once, to one more nameserver? */
static bool goes_to_another(struct lookup_table *t, struct lookup *q, const struct lw_event_dns *e,
			    const struct dns_message *m)
{
	struct lookup_server server;

	if (q->cookie != e->event.cookie || q->id != m->id || !q->servers_len ||
	    !server_of(e, &server) || was_sent_to(q, &server))
		return false;
	note_several(t, q->cookie);
	q->several = true;
	if (q->servers_len == LOOKUP_SERVERS_MAX ||
	    e->event.ts_ns - q->start_ns >= LOOKUP_WAITED_NS)
		return false;
	q->servers[q->servers_len++] = server;
	q->server_known = false;
	return true;
}

/* An earlier one for the same on this thread ends here, or takes the new server in: true. */
static bool asked_again(struct lookup_table *t, const struct lw_event_dns *e,
			const struct dns_message *m)
{
	struct lookup *l, *next;

	for (l = TAILQ_FIRST(&t->active); l; l = next) {
		next = TAILQ_NEXT(l, link);
		if (l->source != DNS_QUERY || l->qtype != m->type ||
		    !lookup__on_thread(l, e->event.tgid, e->event.tid) || strcmp(l->name, m->name))
			continue;
		if (goes_to_another(t, l, e, m))
			return true;
		/* No resolver takes TCP for impatience: the answer to its sibling was truncated. */
		if (e->tcp && !l->tcp && !l->told)
			lookup_table__forget(t, l);
		else
			lookup_table__give_up(t, l, e->event.ts_ns);
	}
	return false;
}

static struct lookup *add_query(struct lookup_table *t, const struct lw_event_dns *e)
{
	struct lookup *q = lookup_table__add(t, DNS_QUERY, &e->event);

	if (!q)
		return NULL;
	q->tcp = e->tcp;
	q->several = is_several(t, q->cookie);
	q->server_known = server_of(e, &q->server);
	if (q->server_known)
		q->servers[q->servers_len++] = q->server;
	return q;
}

static bool on_question(struct lookup_table *t, const struct lw_event_dns *e,
			const struct dns_message *m)
{
	struct lookup *q;

	if (m->is_response || m->opcode)
		return false;
	lookup_table__give_up_all(t, e->event.tgid, e->event.tid, m->name, e->event.ts_ns);
	if (asked_again(t, e, m))
		return true;
	q = add_query(t, e);
	if (!q)
		return true;
	memcpy(q->name, m->name, sizeof(q->name));
	dns_type_name(m->type, q->type);
	q->qtype = m->type;
	q->id = m->id;
	return true;
}

static struct lookup *find_question(struct lookup_table *t, const struct lw_event_dns *e,
				    const struct dns_message *m)
{
	struct lookup_server server;
	bool known = server_of(e, &server);
	struct lookup *l;

	TAILQ_FOREACH(l, &t->active, link) {
		if (l->source != DNS_QUERY || l->cookie != e->event.cookie || l->id != m->id)
			continue;
		if (m->type && (l->qtype != m->type || strcmp(l->name, m->name)))
			continue;
		if (!known || !l->servers_len || was_sent_to(l, &server))
			return l;
	}
	return NULL;
}

static enum dns_outcome query_outcome(struct lookup *q, const struct dns_message *m)
{
	const char *name = dns_rcode_name(m->rcode);

	switch (m->rcode) {
	case DNS_RCODE_NOERROR:
		if (!m->malformed)
			return DNS_OK;
		snprintf(q->error, sizeof(q->error), "malformed answer");
		return DNS_ERROR;
	case DNS_RCODE_NXDOMAIN:
		return DNS_NXDOMAIN;
	case DNS_RCODE_SERVFAIL:
		return DNS_SERVFAIL;
	case DNS_RCODE_REFUSED:
		return DNS_REFUSED;
	default:
		snprintf(q->error, sizeof(q->error), "rcode %u%s%s", m->rcode, name ? " " : "",
			 name ? name : "");
		return DNS_ERROR;
	}
}

static bool on_answer(struct lookup_table *t, const struct lw_event_dns *e,
		      const struct dns_message *m)
{
	struct lookup *q;

	if (!m->is_response || m->opcode)
		return false;
	q = find_question(t, e, m);
	if (!q)
		return false;
	if (server_of(e, &q->server)) {
		q->server_known = true;
	} else if (q->servers_len == 1 && !q->several) {
		q->server = q->servers[0];
		q->server_known = true;
	} else {
		q->server_known = false;
	}
	q->truncated = m->truncated;
	if (!m->partial)
		q->answers = m->answers;
	q->message = m;
	lookup_table__end(t, q, query_outcome(q, m), e->event.ts_ns);
	return true;
}

/* True if it is a question, or an answer that was waited for. */
static bool on_message(struct lookup_table *t, const struct lw_event_dns *e, const uint8_t *data,
		       size_t captured, size_t len)
{
	struct dns_message m;

	if (dns_parse(data, captured, len, &m))
		return false;
	return e->received ? on_answer(t, e, &m) : on_question(t, e, &m);
}

static size_t get16(const uint8_t *at)
{
	return (size_t)at[0] << 8 | at[1];
}

/* Is the piece messages with their lengths before them, and nothing else? */
static bool is_framed(const uint8_t *data, size_t captured, size_t len)
{
	size_t at = 0;

	while (at + 2 <= captured && at < len) {
		size_t n = get16(data + at);

		if (n < HEADER_BYTES || n > len - at - 2)
			return false;
		at += 2 + n;
	}
	return at == len || (at && at + 2 > captured);
}

static bool on_framed(struct lookup_table *t, const struct lw_event_dns *e, const uint8_t *data,
		      size_t captured, size_t len)
{
	bool made_sense = false;

	if (!is_framed(data, captured, len))
		return false;
	for (size_t at = 0; at + 2 < captured;) {
		size_t n = get16(data + at), have = captured - at - 2;

		made_sense |= on_message(t, e, data + at + 2, have < n ? have : n, n);
		at += 2 + n;
	}
	return made_sense;
}

/*
 * A piece of a TCP stream: messages with their lengths; or a message whose length came before it;
 * or the beginning of one that is longer than the piece, with or without its length. An id may look
 * like a length, so each reading must also make sense.
 */
static void on_piece(struct lookup_table *t, const struct lw_event_dns *e, const uint8_t *data,
		     size_t captured, size_t len)
{
	if (len <= 2 || captured <= 2)
		return;
	if (on_framed(t, e, data, captured, len) || on_message(t, e, data, captured, LENGTH_OPEN))
		return;
	on_message(t, e, data + 2, captured - 2, LENGTH_OPEN);
}

/* The socket failed: what was asked on it gets no answer. Returns how many those were. */
static size_t fail_all(struct lookup_table *t, const struct lw_event_dns *e, const char *error)
{
	struct lookup *l, *next;
	size_t n = 0;

	for (l = TAILQ_FIRST(&t->active); l; l = next) {
		next = TAILQ_NEXT(l, link);
		if (l->source != DNS_QUERY || l->cookie != e->event.cookie)
			continue;
		snprintf(l->error, sizeof(l->error), "%s", error);
		lookup_table__end(t, l, DNS_ERROR, e->event.ts_ns);
		n++;
	}
	return n;
}

static void on_socket_error(struct lookup_table *t, const struct lw_event_dns *e)
{
	const char *name;
	char error[32];
	struct lookup *q;

	if (e->len == -EAGAIN || e->len == -EINTR || e->len == -EINPROGRESS)
		return;
	name = e->len > -4096 ? strerrorname_np(-e->len) : NULL;
	if (name)
		snprintf(error, sizeof(error), "%s", name);
	else
		snprintf(error, sizeof(error), "errno %lld", -(long long)e->len);
	if (fail_all(t, e, error) || e->received)
		return;
	/* The send itself was refused (EPERM: by a local firewall); what it asked is not known. */
	q = add_query(t, e);
	if (!q)
		return;
	memcpy(q->error, error, sizeof(q->error));
	lookup_table__end(t, q, DNS_ERROR, e->event.ts_ns);
}

/* An answer that cannot be told from another one: none of those it may be for went unanswered. */
static void lose_all(struct lookup_table *t, uint64_t cookie)
{
	struct lookup *l, *next;

	for (l = TAILQ_FIRST(&t->active); l; l = next) {
		next = TAILQ_NEXT(l, link);
		if (l->source == DNS_QUERY && l->cookie == cookie)
			lookup_table__lose(t, l);
	}
}

void lookup_table__dns(struct lookup_table *t, const struct lw_event_dns *e)
{
	size_t len = (size_t)e->len;

	if (e->len < 0)
		on_socket_error(t, e);
	else if (e->received && len >= HEADER_BYTES && !e->captured)
		lose_all(t, e->event.cookie);
	else if (!e->tcp)
		on_message(t, e, e->payload, e->captured, len);
	else if (len == 0 && e->received)
		fail_all(t, e, "connection closed");
	else
		on_piece(t, e, e->payload, e->captured, len);
}
