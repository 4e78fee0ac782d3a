// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * message.c - the sentences: what is the matter with a lease, and with an endpoint.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/human.h"
#include "model/message_private.h"

/* The names of other endpoints, in a headline. */
#define OTHERS_BYTES 120

#define SAY(...)     message__append(buf, size, __VA_ARGS__)

void message__append(char *buf, size_t size, const char *format, ...)
{
	size_t len = strlen(buf);
	va_list args;

	va_start(args, format);
	vsnprintf(buf + len, size - len, format, args);
	va_end(args);
}

bool message__is_half_healthy(const struct diagnosis *d)
{
	return d->answers_reads && d->rpc == ETCD_RPC_LEASE_KEEPALIVE;
}

bool message__is_stopped(const struct thread_sample *t)
{
	return t->at_ns && (t->state == 'T' || t->state == 't');
}

uint64_t message__waited_ns(const struct thread_sample *t, uint64_t now_ns)
{
	return t->since_ns && now_ns > t->since_ns ? now_ns - t->since_ns : 0;
}

bool message__matters(int64_t part_ns, const struct thread_delay *d)
{
	return d->window_ns > 0 && part_ns >= NS_PER_S / 2 && part_ns >= d->window_ns / 3;
}

/* "keepalive", "kv/range": as an operator calls it. */
static const char *what_of(const struct diagnosis *d)
{
	if (d->rpc == ETCD_RPC_LEASE_KEEPALIVE)
		return "keepalive";
	if (d->rpc == ETCD_RPC_TLS)
		return "request";
	if (d->rpc == ETCD_RPC_V2_PUT_LEADER)
		return "renewal of the leader key";
	if (d->rpc == ETCD_RPC_V2_PUT_MEMBER)
		return "renewal of its member key";
	return d->rpc == ETCD_RPC_UNKNOWN ? "connection" : etcd_rpc_name(d->rpc);
}

static void say_message(char *buf, size_t size, const struct diagnosis *d)
{
	SAY("%d", d->status);
	if (d->message[0])
		SAY(" \"%s\"", d->message);
	if (d->error_code)
		SAY(" (code %d)", d->error_code);
}

/* What keeps the thread from its work: the host first, then what it waits for itself. */
static void say_thread(char *buf, size_t size, const struct diagnosis *d, uint64_t now_ns)
{
	const struct thread_sample *t = &d->thread;
	char part[HUMAN_BYTES], window[HUMAN_BYTES];

	human_duration(window, d->delay.window_ns);
	if (message__is_stopped(t)) {
		SAY(": the process is stopped");
	} else if (message__matters(d->delay.suspended_ns, &d->delay)) {
		SAY(": this host was suspended for %s",
		    human_duration(part, d->delay.suspended_ns));
	} else if (message__matters(d->delay.throttled_ns, &d->delay)) {
		SAY(": its cgroup was throttled for %s of the last %s",
		    human_duration(part, d->delay.throttled_ns), window);
	} else if (message__matters(d->delay.run_delay_ns, &d->delay)) {
		SAY(": it waited for a CPU for %s of the last %s",
		    human_duration(part, d->delay.run_delay_ns), window);
	} else if (t->wait.kind != WAIT_UNKNOWN) {
		SAY(": its main thread waits in ");
		message__wait(buf, size, t);
		if (message__waited_ns(t, now_ns) >= (uint64_t)NS_PER_S)
			SAY(" for %s", human_duration(part, message__waited_ns(t, now_ns)));
	}
}

static void say_not_attempted(char *buf, size_t size, const struct member *m, uint64_t now_ns)
{
	uint64_t since = m->lease.last_sent ? m->lease.last_sent : m->lease.watched_since;
	char dur[HUMAN_BYTES];

	SAY("Patroni (pid %u) has sent no %s for %s", m->pid,
	    m->blind ? "request"
	    : m->v2  ? "renewal"
		     : "keepalive",
	    human_duration(dur, now_ns - since));
	say_thread(buf, size, &m->stall.diagnosis, now_ns);
}

static void say_lookup(char *buf, size_t size, const struct member *m, const char *dur)
{
	const struct lookup_evidence *l = &m->stall.diagnosis.lookup;
	const char *name = l->name[0] ? l->name : "an etcd's name";

	switch (l->outcome) {
	case DNS_IN_FLIGHT:
		if (l->server[0])
			SAY("nameserver %s does not answer for %s: Patroni has waited for %s",
			    l->server, name, dur);
		else
			SAY("the look-up of %s does not come back: Patroni has waited for %s", name,
			    dur);
		return;
	case DNS_OK:
		SAY("the look-up of %s took so long that Patroni gave up right after it (%s in "
		    "all)",
		    name, dur);
		break;
	case DNS_NXDOMAIN:
		SAY("%s does not resolve: no such name", name);
		break;
	case DNS_SERVFAIL:
		SAY("%s does not resolve: the nameserver failed (SERVFAIL)", name);
		break;
	case DNS_REFUSED:
		SAY("%s does not resolve: the nameserver refuses to answer (REFUSED)", name);
		break;
	case DNS_TIMEOUT:
		SAY("%s does not resolve: no answer within %s", name, dur);
		break;
	default:
		SAY("%s does not resolve: %s", name, l->error[0] ? l->error : "error");
	}
	if (l->server[0])
		SAY(" (nameserver %s)", l->server);
}

static void say_local_delay(char *buf, size_t size, const struct member *m, const char *endpoint,
			    const char *dur, uint64_t now_ns)
{
	const struct diagnosis *d = &m->stall.diagnosis;
	char unread[HUMAN_BYTES];

	SAY("%s has answered, but Patroni (pid %u) has not read it for %s", endpoint, m->pid,
	    d->since_rx_ns >= 0 ? human_duration(unread, d->since_rx_ns) : dur);
	say_thread(buf, size, d, now_ns);
}

static void say_cause(char *buf, size_t size, const struct member *m, uint64_t now_ns)
{
	const struct diagnosis *d = &m->stall.diagnosis;
	const char *endpoint = d->endpoint ? d->endpoint->name : "etcd";
	char dur[HUMAN_BYTES];

	human_duration(dur, (d->end_ns ? d->end_ns : now_ns) - d->start_ns);
	switch (d->cause) {
	case CAUSE_DNS:
		say_lookup(buf, size, m, dur);
		break;
	case CAUSE_CONNECT_REFUSED:
		SAY("%s refuses connections", endpoint);
		break;
	case CAUSE_NETWORK_LOSS:
		if (d->connecting)
			SAY("%s does not answer connection attempts (%s)", endpoint, dur);
		else
			SAY("%s: what Patroni sent is not acknowledged (%s for %s)", endpoint,
			    what_of(d), dur);
		break;
	case CAUSE_TLS:
		message__tls(buf, size, d, endpoint, dur);
		break;
	case CAUSE_CONNECTION_RESET:
		SAY("%s %s the connection before it answered the %s", endpoint,
		    d->reset ? "reset" : "closed", what_of(d));
		break;
	case CAUSE_ENDPOINT_ERROR:
		SAY("%s answered the %s after %s with ", endpoint, what_of(d), dur);
		say_message(buf, size, d);
		break;
	case CAUSE_LEASE_LOST:
		SAY("%s says that the %s no longer exists", endpoint,
		    m->v2 ? "leader key" : "lease");
		break;
	case CAUSE_LOCAL_DELAY:
		say_local_delay(buf, size, m, endpoint, dur, now_ns);
		break;
	case CAUSE_ENDPOINT_SILENT:
		SAY("%s accepts connections%s, but no answer to the %s for %s", endpoint,
		    d->answers_reads ? " and answers other requests" : "", what_of(d), dur);
		break;
	case CAUSE_NOT_ATTEMPTED:
		say_not_attempted(buf, size, m, now_ns);
		break;
	default:
		SAY("the lease is not being refreshed");
	}
}

size_t message__elsewhere(const struct member *m, const char **names, size_t max)
{
	const struct diagnosis *d = &m->stall.diagnosis;

	return failures__elsewhere(&m->failures, d->cause,
				   d->address ? d->address->endpoint : d->endpoint, names, max);
}

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
		SAY("; time left unknown: no refresh has succeeded since we began to look");
	else if (remaining > 0)
		SAY("; %s runs out in %s", what, human_duration(dur, remaining));
	else
		SAY("; %s ran out %s ago", what, human_duration(dur, -remaining));
	if (replica)
		SAY(" (a replica: the primary is not affected)");
}

void message__stall(struct message *w, const struct member *m, uint64_t now_ns,
		    struct finding_stall *out)
{
	memset(w, 0, sizeof(*w));
	say_cause(w->headline, sizeof(w->headline), m, now_ns);
	say_others(w->headline, sizeof(w->headline), m);
	say_remaining(w->headline, sizeof(w->headline), m, now_ns);
	message__hint(w->hint, sizeof(w->hint), m);
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
		SAY("Patroni (pid %u) went away %s into the stall", m->pid, dur);
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
			return "answers reads and renewals but refuses writes: etcd is full "
			       "(NOSPACE alarm). Compact and defragment it, then `etcdctl alarm "
			       "disarm`";
		if (e->refusal == ETCD_ERROR_LEARNER)
			return "is a learner: it answers some reads and refuses everything else. "
			       "Take it out of Patroni's hosts, or promote it";
		if (e->refusal == ETCD_ERROR_NO_LEADER)
			return "answers what needs no etcd leader, and there is none: check that a "
			       "majority of etcd's members runs and can reach each other on port "
			       "2380";
		if (!others_pass(e))
			return "answers, but only with errors";
		if (failed_alike(&e->matrix[MATRIX_KEEPALIVE]))
			return "answers other requests again; the last renewal through it came to "
			       "nothing";
		if (fails(e, MATRIX_KEEPALIVE))
			return "accepts connections and answers other requests; renewals through "
			       "it fail: it probably cannot reach the etcd leader's peer URL. "
			       "Check DNS and port 2380 from that member, or restart Patroni to "
			       "move away";
		return "accepts connections and answers some requests, but fails others";
	case ENDPOINT_UNREACHABLE:
		if (e->matrix[MATRIX_CONNECT].cell == CELL_ERROR)
			return "accepts connections, but they come to nothing: TLS fails";
		return NULL;
	case ENDPOINT_SILENT:
		return "accepts connections, but does not answer";
	default:
		return NULL;
	}
}
