// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * message_headline.c - what is the matter with a lease, by cause: the headlines of the rows.
 */
#include "base/append.h"
#include "model/human.h"
#include "model/message_private.h"

#define SAY(...) text_append(buf, size, __VA_ARGS__)

static const char *name_of(const struct diagnosis *d)
{
	return d->endpoint ? d->endpoint->name : "etcd";
}

/* How long the attempt took, or takes so far. */
static const char *attempt_took(char dur[HUMAN_BYTES], const struct diagnosis *d, uint64_t now_ns)
{
	return human_duration(dur, (int64_t)((d->end_ns ? d->end_ns : now_ns) - d->start_ns));
}

/* "keepalive", "kv/range": as an operator calls it. */
static const char *what_of(const struct diagnosis *d)
{
	if (d->rpc == ETCD_RPC_LEASE_KEEPALIVE)
		return "renewal";
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
	if (diagnosis__is_stopped(d)) {
		SAY(": the process is stopped");
	} else if (thread_delay__matters(&d->delay, d->delay.suspended_ns)) {
		SAY(": this host was suspended for %s",
		    human_duration(part, d->delay.suspended_ns));
	} else if (thread_delay__matters(&d->delay, d->delay.throttled_ns)) {
		SAY(": its cgroup was throttled for %s of the last %s",
		    human_duration(part, d->delay.throttled_ns), window);
	} else if (thread_delay__matters(&d->delay, d->delay.run_delay_ns)) {
		SAY(": it waited for a CPU for %s of the last %s",
		    human_duration(part, d->delay.run_delay_ns), window);
	} else if (t->wait.kind != WAIT_UNKNOWN) {
		SAY(": its main thread waits in ");
		message__wait(buf, size, t);
		if (thread_sample__waited_ns(t, now_ns) >= (uint64_t)NS_PER_S)
			SAY(" for %s", human_duration(part, thread_sample__waited_ns(t, now_ns)));
	}
}

void message__not_attempted(char *buf, size_t size, const struct member *m, uint64_t now_ns)
{
	uint64_t since = m->lease.last_sent ? m->lease.last_sent : m->lease.watched_since;
	char dur[HUMAN_BYTES];

	SAY("Patroni (pid %u) has sent no %s for %s", m->pid, m->blind ? "request" : "renewal",
	    human_duration(dur, now_ns - since));
	say_thread(buf, size, &m->stall.diagnosis, now_ns);
}

void message__dns(char *buf, size_t size, const struct member *m, uint64_t now_ns)
{
	const struct lookup_evidence *l = &m->stall.diagnosis.lookup;
	const char *name = l->name[0] ? l->name : "an etcd's name";
	char dur[HUMAN_BYTES];

	attempt_took(dur, &m->stall.diagnosis, now_ns);

	switch (l->outcome) {
	case DNS_IN_FLIGHT:
		if (l->server[0])
			SAY("nameserver %s does not answer queries for %s: Patroni has waited for %s",
			    l->server, name, dur);
		else
			SAY("the lookup of %s has not returned: Patroni has waited for %s", name,
			    dur);
		return;
	case DNS_OK:
		SAY("the lookup of %s took so long that Patroni gave up right after it (%s in total)",
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

void message__local_delay(char *buf, size_t size, const struct member *m, uint64_t now_ns)
{
	const struct diagnosis *d = &m->stall.diagnosis;
	char dur[HUMAN_BYTES];

	SAY("%s has answered, but Patroni (pid %u) has not read it for %s", name_of(d), m->pid,
	    d->since_rx_ns >= 0 ? human_duration(dur, d->since_rx_ns)
				: attempt_took(dur, d, now_ns));
	say_thread(buf, size, d, now_ns);
}

void message__unknown(char *buf, size_t size, const struct member *m, uint64_t now_ns)
{
	(void)m;
	(void)now_ns;
	SAY("the lease is not being renewed");
}

void message__refused(char *buf, size_t size, const struct member *m, uint64_t now_ns)
{
	(void)now_ns;
	SAY("%s refuses connections", name_of(&m->stall.diagnosis));
}

void message__network_loss(char *buf, size_t size, const struct member *m, uint64_t now_ns)
{
	const struct diagnosis *d = &m->stall.diagnosis;
	char dur[HUMAN_BYTES];

	attempt_took(dur, d, now_ns);
	if (d->connecting)
		SAY("%s does not answer connection attempts (%s)", name_of(d), dur);
	else
		SAY("%s does not acknowledge what Patroni sends (%s for %s)", name_of(d),
		    what_of(d), dur);
}

void message__tls(char *buf, size_t size, const struct member *m, uint64_t now_ns)
{
	const struct diagnosis *d = &m->stall.diagnosis;
	char dur[HUMAN_BYTES];

	message__tls_headline(buf, size, d, name_of(d), attempt_took(dur, d, now_ns));
}

void message__reset(char *buf, size_t size, const struct member *m, uint64_t now_ns)
{
	const struct diagnosis *d = &m->stall.diagnosis;

	(void)now_ns;
	SAY("%s %s the connection before it answered the %s", name_of(d),
	    d->reset ? "reset" : "closed", what_of(d));
}

void message__error(char *buf, size_t size, const struct member *m, uint64_t now_ns)
{
	const struct diagnosis *d = &m->stall.diagnosis;
	char dur[HUMAN_BYTES];

	SAY("%s answered the %s after %s with ", name_of(d), what_of(d),
	    attempt_took(dur, d, now_ns));
	say_message(buf, size, d);
}

void message__lease_lost(char *buf, size_t size, const struct member *m, uint64_t now_ns)
{
	(void)now_ns;
	SAY("%s says that the %s no longer exists", name_of(&m->stall.diagnosis),
	    m->v2 ? "leader key" : "lease");
}

void message__silent(char *buf, size_t size, const struct member *m, uint64_t now_ns)
{
	const struct diagnosis *d = &m->stall.diagnosis;
	char dur[HUMAN_BYTES];

	SAY("%s accepts connections%s but has not answered the %s for %s", name_of(d),
	    d->answers_reads ? " and answers other requests" : "", what_of(d),
	    attempt_took(dur, d, now_ns));
}
