// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * words.c - the sentences. Everything that an operator reads about a stall is written here.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/human.h"
#include "model/words.h"

static void append(char *buf, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void append(char *buf, size_t size, const char *format, ...)
{
	size_t len = strlen(buf);
	va_list args;

	va_start(args, format);
	vsnprintf(buf + len, size - len, format, args);
	va_end(args);
}

/* "keepalive", "kv/range": as an operator calls it. */
static const char *what_of(const struct diagnosis *d)
{
	if (d->rpc == ETCD_RPC_LEASE_KEEPALIVE)
		return "keepalive";
	return d->rpc == ETCD_RPC_UNKNOWN ? "connection" : etcd_rpc_name(d->rpc);
}

static void say_message(char *buf, size_t size, const struct diagnosis *d)
{
	append(buf, size, "%d", d->status);
	if (d->message[0])
		append(buf, size, " \"%s\"", d->message);
	if (d->error_code)
		append(buf, size, " (code %d)", d->error_code);
}

static void say_not_attempted(char *buf, size_t size, const struct member *m, uint64_t now_ns)
{
	const struct thread_evidence *t = &m->stall.diagnosis.thread;
	uint64_t since = m->lease.last_sent ? m->lease.last_sent : m->lease.watched_since;
	char dur[HUMAN_BYTES];

	append(buf, size, "Patroni (pid %u) has sent no keepalive for %s", m->pid,
	       human_duration(dur, now_ns - since));
	if (t->at_ns && (t->state == 'T' || t->state == 't'))
		append(buf, size, ": the process is stopped");
	else if (t->waits_for[0])
		append(buf, size, ": its main thread waits in %s", t->waits_for);
}

static void say_cause(char *buf, size_t size, const struct member *m, uint64_t now_ns)
{
	const struct diagnosis *d = &m->stall.diagnosis;
	const char *endpoint = d->endpoint ? d->endpoint->name : "etcd";
	char dur[HUMAN_BYTES];

	human_duration(dur, (d->end_ns ? d->end_ns : now_ns) - d->start_ns);
	switch (d->cause) {
	case CAUSE_CONNECT_REFUSED:
		append(buf, size, "%s refuses connections", endpoint);
		break;
	case CAUSE_NETWORK_LOSS:
		if (d->connecting)
			append(buf, size, "%s does not answer connection attempts (%s)", endpoint,
			       dur);
		else
			append(buf, size, "%s: what Patroni sent is not acknowledged (%s for %s)",
			       endpoint, what_of(d), dur);
		break;
	case CAUSE_CONNECTION_RESET:
		append(buf, size, "%s %s the connection before it answered the %s", endpoint,
		       d->reset ? "reset" : "closed", what_of(d));
		break;
	case CAUSE_ENDPOINT_ERROR:
		append(buf, size, "%s answered the %s after %s with ", endpoint, what_of(d), dur);
		say_message(buf, size, d);
		break;
	case CAUSE_LEASE_LOST:
		append(buf, size, "%s says that the lease no longer exists", endpoint);
		break;
	case CAUSE_LOCAL_DELAY:
		append(buf, size, "%s has answered, but Patroni (pid %u) has not read it for %s",
		       endpoint, m->pid, dur);
		break;
	case CAUSE_ENDPOINT_SILENT:
		append(buf, size, "%s accepts connections%s, but no answer to the %s for %s",
		       endpoint, d->answers_reads ? " and answers other requests" : "", what_of(d),
		       dur);
		break;
	case CAUSE_NOT_ATTEMPTED:
		say_not_attempted(buf, size, m, now_ns);
		break;
	default:
		append(buf, size, "the lease is not being refreshed");
	}
}

static void say_remaining(char *buf, size_t size, const struct member *m, uint64_t now_ns)
{
	int64_t remaining = lease__remaining_ns(&m->lease, now_ns);
	char dur[HUMAN_BYTES];

	if (remaining == LW_UNKNOWN_REMAINING)
		append(buf, size,
		       "; time left unknown: no refresh has succeeded since we began to look");
	else if (remaining > 0)
		append(buf, size, "; lease runs out in %s", human_duration(dur, remaining));
	else
		append(buf, size, "; lease ran out %s ago", human_duration(dur, -remaining));
}

static bool is_half_healthy(const struct diagnosis *d)
{
	return d->answers_reads && d->rpc == ETCD_RPC_LEASE_KEEPALIVE;
}

static const char *hint_of_error(const struct diagnosis *d)
{
	if (strstr(d->message, "no leader"))
		return "etcd has no leader: check that a majority of its members runs and can "
		       "reach each other on "
		       "port 2380.";
	if (strstr(d->message, "database space exceeded"))
		return "etcd is full (NOSPACE alarm): compact and defragment it, then `etcdctl "
		       "alarm disarm`.";
	if (strstr(d->message, "learner"))
		return "This member is a learner and serves no renewals: take it out of Patroni's "
		       "hosts or "
		       "promote it.";
	if (d->error_code == 16 || d->status == 401)
		return "etcd refuses Patroni's credentials: check the user, its password and role.";
	if (d->rpc == ETCD_RPC_LEASE_KEEPALIVE && strstr(d->message, "timed out"))
		return "Renewals through this member fail: it probably cannot reach the etcd "
		       "leader's peer URL. Check "
		       "DNS and port 2380 from that member, or restart Patroni to move away from "
		       "it.";
	return "Look at this etcd member's log for the error above.";
}

static const char *hint_of(const struct member *m)
{
	const struct diagnosis *d = &m->stall.diagnosis;

	switch (d->cause) {
	case CAUSE_CONNECT_REFUSED:
		return "Nothing listens there: start etcd on that host, or check the address and "
		       "port in Patroni's "
		       "configuration.";
	case CAUSE_NETWORK_LOSS:
		return "Check the network path to that host: firewall, routing, host down.";
	case CAUSE_CONNECTION_RESET:
		return "Check whether etcd on that host crashes or restarts, and for a proxy or "
		       "firewall that resets "
		       "connections.";
	case CAUSE_ENDPOINT_ERROR:
		return hint_of_error(d);
	case CAUSE_LEASE_LOST:
		return "The lease expired or was revoked in etcd; Patroni must take a new one and "
		       "may demote.";
	case CAUSE_LOCAL_DELAY:
		return "The fault is on this host: check CPU starvation, a stopped process "
		       "(SIGSTOP, debugger), "
		       "swapping.";
	case CAUSE_ENDPOINT_SILENT:
		if (is_half_healthy(d))
			return "Renewals through this member hang while other requests pass: it "
			       "probably cannot "
			       "reach the etcd leader's peer URL. Check DNS and port 2380 from "
			       "that member, or "
			       "restart Patroni to move away from it.";
		return "Its kernel takes the bytes, etcd does not answer: check whether etcd on "
		       "that host is stopped, "
		       "overloaded, short of disk or cut off from the other members.";
	case CAUSE_NOT_ATTEMPTED:
		if (d->thread.state == 'T' || d->thread.state == 't')
			return "Patroni itself is stopped (SIGSTOP or a debugger): continue it "
			       "with kill -CONT.";
		return "The fault is on this host: see what Patroni's main thread is waiting for "
		       "(PostgreSQL, disk, "
		       "CPU), and its log.";
	default:
		return NULL;
	}
}

static void number(struct finding_stall *s, const char *key, double value)
{
	if (s->evidence_len < EVIDENCE_MAX)
		s->evidence[s->evidence_len++] = (struct evidence){.key = key, .number = value};
}

static void text(struct finding_stall *s, const char *key, const char *value)
{
	if (*value && s->evidence_len < EVIDENCE_MAX)
		s->evidence[s->evidence_len++] = (struct evidence){.key = key, .text = value};
}

static void list_evidence(struct words *w, const struct diagnosis *d, struct finding_stall *s)
{
	bool on_the_wire = d->endpoint != NULL;

	if (on_the_wire)
		text(s, "waiting_for", d->connecting ? "connect" : etcd_rpc_name(d->rpc));
	if (d->end_ns)
		number(s, "attempt_s", (double)(d->end_ns - d->start_ns) / NS_PER_S);
	if (d->status)
		number(s, "http.response.status_code", d->status);
	if (d->error_code)
		number(s, "etcd.error.code", d->error_code);
	text(s, "etcd.error.message", w->message);
	if (on_the_wire) {
		number(s, "tcp.retransmits", d->retransmits);
		if (!d->connecting) {
			number(s, "tcp.unacked_bytes", (double)d->unacked_bytes + d->unsent_bytes);
			number(s, "tcp.unread_bytes", d->unread_bytes);
		}
		text(s, "other_requests", d->answers_reads ? "answered" : "");
	}
	/* What the thread is in matters only where the fault may be on this side. */
	if (d->thread.at_ns && (d->cause == CAUSE_NOT_ATTEMPTED || d->cause == CAUSE_LOCAL_DELAY)) {
		text(s, "thread.state", w->state);
		text(s, "thread.wchan", w->wchan);
		text(s, "thread.waits_for", w->waits_for);
	}
}

void words__stall(struct words *w, const struct member *m, uint64_t now_ns,
		  struct finding_stall *out)
{
	const struct diagnosis *d = &m->stall.diagnosis;

	memset(w, 0, sizeof(*w));
	say_cause(w->headline, sizeof(w->headline), m, now_ns);
	say_remaining(w->headline, sizeof(w->headline), m, now_ns);
	memcpy(w->message, d->message, sizeof(w->message));
	w->state[0] = d->thread.state;
	snprintf(w->wchan, sizeof(w->wchan), "%s", d->thread.wchan);
	snprintf(w->waits_for, sizeof(w->waits_for), "%s", d->thread.waits_for);
	if (hint_of(m))
		snprintf(w->hint, sizeof(w->hint), "%s", hint_of(m));
	out->headline = w->headline;
	out->hint = w->hint[0] ? w->hint : NULL;
	out->evidence_len = 0;
	list_evidence(w, d, out);
}

void words__stall_end(struct words *w, const struct member *m, enum stall_result result,
		      uint64_t now_ns, struct finding_stall *out)
{
	const char *through = m->refresh_address ? m->refresh_address->endpoint->name : "etcd";
	char dur[HUMAN_BYTES];

	human_duration(dur, now_ns - m->stall.begin_ns);
	w->headline[0] = '\0';
	if (result == STALL_EXITED)
		append(w->headline, sizeof(w->headline),
		       "Patroni (pid %u) went away %s into the stall", m->pid, dur);
	else if (result == STALL_RESULT_EXPIRED)
		append(w->headline, sizeof(w->headline),
		       "the lease was lost; Patroni holds a new one through %s after %s", through,
		       dur);
	else
		append(w->headline, sizeof(w->headline), "renewed again through %s after %s",
		       through, dur);
	out->hint = NULL;
	out->evidence_len = 0;
}

const char *words__endpoint(enum endpoint_state state)
{
	switch (state) {
	case ENDPOINT_HALF_HEALTHY:
		return "accepts connections and answers some requests, but fails others";
	case ENDPOINT_SILENT:
		return "accepts connections, but does not answer";
	default:
		return NULL;
	}
}
