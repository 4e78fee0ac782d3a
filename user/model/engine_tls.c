// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * engine_tls.c - TLS handshakes that fail, and members of whose TLS nothing can be read.
 */
#include <stdio.h>
#include <string.h>

#include "model/cause_lookup.h"
#include "model/engine.h"
#include "model/engine_state.h"
#include "model/finding_fill.h"

/*
 * Requests that cannot be read, before that is said: the first ones of a process may pass before
 * its library is found.
 */
#define BLIND_REQUESTS 3
#define BLIND_FOR_NS   NS_PER_S
/* After a request on a connection too many, others that are read prove nothing for so long. */
#define UNTIED_FOR_NS (60 * NS_PER_S)

bool engine__is_etcd(void *ctx, const struct conn *c)
{
	(void)ctx;
	return c->address->endpoint->named || member__is_etcd_port(c->member, c->address->key.port);
}

/* The name that the client asks for is that of its configuration. */
void engine__greeted(void *ctx, struct conn *c, uint64_t now_ns)
{
	struct engine *e = ctx;
	char name[ENDPOINT_NAME_BYTES];
	int n;

	(void)now_ns;
	if (c->address->endpoint->named || !engine__is_etcd(e, c))
		return;
	n = snprintf(name, sizeof(name), "%.*s:%u", (int)sizeof(name) - 8, c->tls.name,
		     c->address->key.port);
	if (n > 0 && (size_t)n < sizeof(name))
		endpoint_table__name(&e->endpoints, c->address, name);
}

void engine__handshake_failed(void *ctx, struct conn *c, uint64_t now_ns)
{
	struct engine *e = ctx;
	struct diagnosis d;

	if (!engine__is_etcd(e, c))
		return;
	cause__of_handshake(c, now_ns, &d);
	cause__blame_lookup(c->member, c,
			    c->tls.trouble < TLS_LEFT && c->tls.end == REQUEST_TIMEOUT, now_ns, &d);
	engine__tell_connect(e, c, CONNECT_TLS, c->connect_done_ns, now_ns);
	engine__fail_attempt(e, c->member, &d, now_ns);
}

static void say_blind(struct engine *e, struct member *m, const char *reason, uint64_t now_ns)
{
	char note[sizeof(m->blind_reason) + 256];
	struct finding f = {0};

	snprintf(m->blind_reason, sizeof(m->blind_reason), "%s", reason);
	snprintf(note, sizeof(note),
		 "its TLS cannot be read: %s. Requests are seen by their timing alone; renewals "
		 "cannot be told from other requests, and how much of the lease is left is not "
		 "known",
		 m->blind_reason);
	finding_fill__process(&f, m, PROCESS_UPDATED, note);
	reporter__report(&e->reporter, &f, now_ns);
}

/* The kernel side has said why, so nobody else needs to be asked. */
static void untied_requested(struct engine *e, struct member *m, uint64_t now_ns)
{
	m->untied_ns = now_ns;
	m->blind = true;
	if (!m->blind_reason[0])
		say_blind(e, m, "too many TLS connections are open at once", now_ns);
}

void engine__blind_requested(struct engine *e, struct conn *c, uint64_t now_ns)
{
	struct member *m = c->member;
	struct exchange *x = c->exchange;

	if (!m->blind_since_ns)
		m->blind_since_ns = now_ns;
	m->blind_requests++;
	/* A renewal was read before: the others can be, too. */
	m->blind = !m->lease.last_ok_sent;
	if (c->tls.untied)
		untied_requested(e, m, now_ns);
	if (!m->blind || x->tid != m->refresh_tid)
		return;
	m->refresh_address = c->address;
	lease__sent(&m->lease, x->start_ns);
}

/*
 * An answer that took as long as a stall may well be a refusal, as the sick etcd's of the incident:
 * only a quick one ends what is being told.
 */
void engine__blind_answered(struct engine *e, struct conn *c, uint64_t now_ns)
{
	struct member *m = c->member;
	struct exchange *x = c->exchange;

	if (!m->blind || x->tid != m->refresh_tid ||
	    (int64_t)(now_ns - x->start_ns) > e->stall_after_ns)
		return;
	lease__touched(&m->lease);
	member__refreshed(m);
	engine__end_stall(e, m, STALL_RECOVERED, now_ns);
}

bool engine__wants_tls(const struct member *m, uint64_t now_ns)
{
	return m->blind && !m->blind_reason[0] && m->blind_requests >= BLIND_REQUESTS &&
	       (int64_t)(now_ns - m->blind_since_ns) > BLIND_FOR_NS;
}

void engine__tls_blind(struct engine *e, uint32_t pid, const char *reason, uint64_t now_ns)
{
	struct member *m = member__find(e->members, pid);

	if (m && engine__wants_tls(m, now_ns))
		say_blind(e, m, reason, now_ns);
}

void engine__tls_read(struct engine *e, struct conn *c, uint64_t now_ns)
{
	struct member *m = c->member;
	struct finding f = {0};

	c->address->endpoint->matrix[MATRIX_TLS] = (struct matrix_entry){0};
	/* Others may still be one too many, while this one is not. */
	if (!c->tls.untied && m->untied_ns && now_ns - m->untied_ns < UNTIED_FOR_NS)
		return;
	c->tls.untied = false;
	m->untied_ns = 0;
	if (!m->blind)
		return;
	m->blind = false;
	/* What stood for renewals was none. */
	m->lease.last_sent = 0;
	m->lease.watched_since = now_ns;
	if (!m->blind_reason[0])
		return;
	m->blind_reason[0] = '\0';
	finding_fill__process(&f, m, PROCESS_UPDATED, "its TLS can be read now");
	reporter__report(&e->reporter, &f, now_ns);
}
