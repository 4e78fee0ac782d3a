// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * message.c - the sentences: what is the matter with a lease, and with an endpoint.
 */
#include <stdio.h>
#include <string.h>

#include "base/append.h"
#include "model/cause_row.h"
#include "model/human.h"
#include "model/message_private.h"

/* The names of other endpoints, in a headline. */
#define OTHERS_BYTES 120

#define SAY(...)     text_append(buf, size, __VA_ARGS__)

/* Then it is not that one endpoint. Names that would leave no room for the rest are counted. */
static void say_others(char *buf, size_t size, const struct member *m)
{
	const char *names[2] = {"", ""};
	size_t n = message__elsewhere(m, names, 2);
	bool named = n <= 2 && strlen(names[0]) + strlen(names[1]) <= OTHERS_BYTES;

	if (n && named)
		SAY(" (%s%s%s too)", names[0], n == 2 ? " and " : "", names[1]);
	else if (n)
		SAY(" (%zu other%s too)", n, n == 1 ? "" : "s");
}

static void say_remaining(char *buf, size_t size, const struct member *m, uint64_t now_ns)
{
	int64_t remaining = lease__remaining_ns(&m->lease, now_ns);
	bool replica = m->role == ETCD_ROLE_REPLICA;
	const char *what = replica ? "its member key" : "lease";
	char dur[HUMAN_BYTES];

	if (m->stall.diagnosis.cause == CAUSE_LEASE_LOST)
		SAY("; Patroni must take a new one%s", replica ? "" : " before a standby does");
	else if (remaining == LW_UNKNOWN_REMAINING && m->blind)
		SAY("; time left unknown: renewals inside TLS cannot be read");
	else if (remaining == LW_UNKNOWN_REMAINING)
		SAY("; time left unknown: no renewal has succeeded since leasewatch began to watch");
	else if (remaining > 0)
		SAY("; %s expires in %s", what, human_duration(dur, remaining));
	else
		SAY("; %s expired %s ago", what, human_duration(dur, -remaining));
	if (replica)
		SAY(" (a replica: the primary is not affected)");
}

void message__stall(struct message *w, const struct member *m, uint64_t now_ns,
		    struct finding_stall *out)
{
	memset(w, 0, sizeof(*w));
	cause_row(m->stall.diagnosis.cause)->headline(w->headline, sizeof(w->headline), m, now_ns);
	say_others(w->headline, sizeof(w->headline), m);
	say_remaining(w->headline, sizeof(w->headline), m, now_ns);
	cause_row(m->stall.diagnosis.cause)->hint(w->hint, sizeof(w->hint), m);
	out->headline = w->headline;
	out->hint = w->hint[0] ? w->hint : NULL;
	message__evidence(w, m, out);
}

void message__stall_end(struct message *w, const struct member *m, enum stall_result result,
			uint64_t now_ns, struct finding_stall *out)
{
	const char *through = m->refresh_address ? m->refresh_address->endpoint->name : "etcd";
	char *buf = w->headline;
	size_t size = sizeof(w->headline);
	char dur[HUMAN_BYTES];

	human_duration(dur, now_ns - m->stall.begin_ns);
	w->headline[0] = '\0';
	if (result == STALL_EXITED)
		SAY("Patroni (pid %u) exited %s into the stall", m->pid, dur);
	else if (result == STALL_RESULT_EXPIRED)
		SAY("the lease was lost; Patroni holds a new one through %s after %s", through,
		    dur);
	else
		SAY("renewed again through %s after %s", through, dur);
	out->hint = NULL;
	out->evidence_len = 0;
}

static bool fails(const struct endpoint *e, enum matrix_column column)
{
	return e->matrix[column].cell > CELL_SLOW;
}

/* Has any kind of request last been done as asked? */
static bool others_pass(const struct endpoint *e)
{
	for (int c = MATRIX_READ; c < MATRIX_COLUMNS; c++)
		if (e->matrix[c].cell == CELL_OK || e->matrix[c].cell == CELL_SLOW)
			return true;
	return false;
}

/*
 * It came to nothing, and nothing else passed meanwhile. An etcd that was stopped for a while looks
 * like that, too, until somebody renews through it again.
 */
static bool failed_alike(const struct matrix_entry *m)
{
	bool no_answer = m->cell == CELL_TIMEOUT || m->cell == CELL_RESET || m->cell == CELL_CLOSED;

	return no_answer && !m->others_passed;
}

const char *message__endpoint(const struct endpoint *e)
{
	switch (e->state) {
	case ENDPOINT_HALF_HEALTHY:
		if (e->refusal == ETCD_ERROR_FULL)
			return "answers reads and renewals but refuses writes: etcd is full (NOSPACE alarm). Compact and defragment it, then `etcdctl alarm disarm`";
		if (e->refusal == ETCD_ERROR_LEARNER)
			return "is a learner: it answers some reads and refuses everything else. Take it out of Patroni's hosts, or promote it";
		if (e->refusal == ETCD_ERROR_NO_LEADER)
			return "answers only what needs no etcd leader, because there is none: check that a majority of etcd's members runs and can reach each other on port 2380";
		if (!others_pass(e))
			return "answers, but only with errors";
		if (failed_alike(&e->matrix[MATRIX_KEEPALIVE]))
			return "answers other requests again; the last renewal through it failed";
		if (fails(e, MATRIX_KEEPALIVE))
			return "accepts connections and answers other requests; renewals through it fail: it probably cannot reach the etcd leader's peer URL. Check DNS and port 2380 from that member, or restart Patroni to move away";
		return "accepts connections and answers some requests, but fails others";
	case ENDPOINT_UNREACHABLE:
		if (e->matrix[MATRIX_CONNECT].cell == CELL_ERROR)
			return "accepts connections, but TLS fails";
		return NULL;
	case ENDPOINT_SILENT:
		return "accepts connections, but does not answer";
	default:
		return NULL;
	}
}
