// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * engine_notes.c - what the wire tells for free: elections, who answers, where Patroni goes, what
 * slows it down. Worth a line, never an alarm.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/engine_state.h"
#include "model/human.h"
#include "model/patroni_version.h"
#include "model/finding_fill.h"

/*
 * A request in two sends on a connection without TCP_NODELAY waits for the delayed ACK of the first
 * (Linux: 40 ms) before the second leaves; etcd itself answers a read or renewal in a few more.
 */
#define DELAYED_ACK_LEAST_NS   (39 * NS_PER_MS)
#define DELAYED_ACK_MOST_NS    (60 * NS_PER_MS)
#define DELAYED_ACK_IN_A_ROW   5

#define FAILSAFE_TELL_EVERY_NS (60 * NS_PER_S)

struct note {
	struct finding f;
	char text[400];
};

static void begin(struct note *n, enum note_kind kind, const struct member *m,
		  const struct address *a)
{
	memset(&n->f, 0, sizeof(n->f));
	n->f.type = FINDING_NOTE;
	n->f.note.kind = kind;
	n->f.note.text = n->text;
	n->f.who = finding_fill__who(m);
	n->f.where = finding_fill__where(a, NULL);
}

static void number(struct note *n, const char *key, double value)
{
	struct finding_note *note = &n->f.note;

	note->evidence[note->evidence_len++] = (struct evidence){.key = key, .number = value};
}

static void text(struct note *n, const char *key, const char *value)
{
	struct finding_note *note = &n->f.note;

	note->evidence[note->evidence_len++] = (struct evidence){.key = key, .text = value};
}

static void say(struct engine *e, struct note *n, uint64_t now_ns, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void say(struct engine *e, struct note *n, uint64_t now_ns, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(n->text, sizeof(n->text), format, args);
	va_end(args);
	reporter__report(&e->reporter, &n->f, now_ns);
}

void engine__note_named(struct engine *e, const struct conn *c, uint64_t now_ns)
{
	const struct http1_message *msg = &c->exchange->out.msg;
	struct member *m = c->member;
	struct note n;

	if (strcmp(msg->method, "POST") != 0 || strcmp(msg->target, "/failsafe") != 0)
		return;
	if (m->notes.failsafe_ns && now_ns - m->notes.failsafe_ns < FAILSAFE_TELL_EVERY_NS)
		return;
	m->notes.failsafe_ns = now_ns;
	begin(&n, NOTE_FAILSAFE, m, NULL);
	text(&n, "asked", msg->host);
	say(e, &n, now_ns,
	    "failsafe mode: Patroni (pid %u) cannot use etcd and asks its other members (%s) whether it may stay primary; if one of them refuses, it demotes",
	    m->pid, msg->host);
}

void engine__note_refreshed(struct engine *e, const struct conn *c, uint64_t now_ns)
{
	const struct member *m = c->member;
	struct endpoint *before = m->good_address ? m->good_address->endpoint : NULL;
	struct note n;

	if (!before || before == c->address->endpoint)
		return;
	begin(&n, NOTE_SWITCH, m, c->address);
	text(&n, "previous", before->name);
	say(e, &n, now_ns, "Patroni (pid %u) now renews through %s instead of %s (%s)", m->pid,
	    c->address->endpoint->name, before->name,
	    enum_name(&endpoint_state_names, before->state));
}

/* A term that is higher than the one that this cluster had: it has elected. */
static void note_term(struct engine *e, const struct conn *c, uint64_t cluster, uint64_t term,
		      uint64_t now_ns)
{
	struct note n;
	uint64_t before;
	size_t i = 0;

	if (!term)
		return;
	while (i < ENGINE_CLUSTERS && e->clusters[i].raft_term && e->clusters[i].id != cluster)
		i++;
	if (i == ENGINE_CLUSTERS) {
		i = e->next_cluster++ % ENGINE_CLUSTERS;
		e->clusters[i].raft_term = 0;
	}
	before = e->clusters[i].raft_term;
	if (term <= before)
		return;
	e->clusters[i].id = cluster;
	e->clusters[i].raft_term = term;
	if (!before)
		return;
	begin(&n, NOTE_ELECTION, c->member, c->address);
	number(&n, "etcd.raft_term", (double)term);
	number(&n, "previous", (double)before);
	say(e, &n, now_ns,
	    "etcd has elected a leader (raft term %llu, was %llu); an election extends every lease to its full TTL",
	    (unsigned long long)term, (unsigned long long)before);
}

static void note_member(struct engine *e, const struct conn *c, uint64_t member_id, uint64_t now_ns)
{
	struct endpoint *endpoint = c->address->endpoint;
	char ids[2][24];
	struct note n;

	if (!endpoint__answered_by(endpoint, member_id))
		return;
	begin(&n, NOTE_SEVERAL, c->member, c->address);
	for (int i = 0; i < 2; i++)
		snprintf(ids[i], sizeof(ids[i]), "%llu",
			 (unsigned long long)endpoint->member_ids[i]);
	text(&n, "etcd.member_id", ids[0]);
	text(&n, "other", ids[1]);
	say(e, &n, now_ns,
	    "several etcd members answer as %s (a proxy, a load balancer or a shared name): if one of them is sick, only some requests fail",
	    endpoint->name);
}

static void note_nagle(struct engine *e, const struct conn *c, uint64_t now_ns)
{
	const struct exchange *x = c->exchange;
	struct member_notes *notes = &c->member->notes;
	int64_t took = now_ns - x->start_ns;
	struct note n;

	if (notes->nagle || c->requests < 2 || x->sent_ns == x->start_ns)
		return;
	if (took < DELAYED_ACK_LEAST_NS || took > DELAYED_ACK_MOST_NS) {
		notes->delayed_in_a_row = 0;
		return;
	}
	if (++notes->delayed_in_a_row < DELAYED_ACK_IN_A_ROW)
		return;
	notes->nagle = true;
	begin(&n, NOTE_NAGLE, c->member, c->address);
	number(&n, "duration_s", (double)took / NS_PER_S);
	say(e, &n, now_ns,
	    "every request takes about 40 ms: Patroni sends headers and body separately, without TCP_NODELAY, so the body waits for etcd's delayed ACK. This is harmless, and it is not etcd's latency");
}

void engine__note_finished(struct engine *e, const struct conn *c, enum request_outcome outcome,
			   uint64_t now_ns)
{
	const struct exchange *x = c->exchange;
	const struct etcd_response *r = &x->response;

	if (outcome != REQUEST_OK && outcome != REQUEST_ERROR)
		return;
	note_term(e, c, r->cluster_id ? r->cluster_id : x->in.msg.cluster_id,
		  r->raft_term ? r->raft_term : x->in.msg.raft_term, now_ns);
	note_member(e, c, r->member_id, now_ns);
	if (outcome == REQUEST_OK && !etcd_rpc_is_watch(x->rpc))
		note_nagle(e, c, now_ns);
}

void engine__note_stall(struct engine *e, struct member *m, uint64_t now_ns)
{
	const struct diagnosis *d = &m->stall.diagnosis;
	struct note n;

	/* Where etcd has no leader, no other member could have answered either. */
	if (m->notes.known_fault || d->cause != CAUSE_ENDPOINT_ERROR || d->error_code != 14 ||
	    d->error == ETCD_ERROR_NO_LEADER ||
	    !patroni_bug__is_in(PATRONI_BUG_STAYS, m->version_number))
		return;
	m->notes.known_fault = true;
	begin(&n, NOTE_KNOWN_FAULT, m, d->address);
	text(&n, "patroni.version", m->version);
	say(e, &n, now_ns,
	    "known bug: Patroni %s keeps asking the same etcd when a renewal fails with code 14, until it gives up and demotes; fixed in %s, which go to the next etcd: upgrade Patroni",
	    m->version, patroni_bug__fixed_in(PATRONI_BUG_STAYS));
}
