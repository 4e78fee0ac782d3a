// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * message_evidence.c - the evidence behind a stall's cause, by name. What is not known is left out.
 */
#include <stdio.h>
#include <string.h>

#include "model/cause_row.h"
#include "model/message_private.h"

static void number(struct finding_stall *s, const char *key, double value)
{
	if (s->evidence_len < EVIDENCE_MAX)
		s->evidence[s->evidence_len++] = (struct evidence){.key = key, .number = value};
}

static void seconds(struct finding_stall *s, const char *key, int64_t ns)
{
	int64_t us = ns / NS_PER_US;

	if (ns >= 0)
		number(s, key, (double)us / 1e6);
}

static void text(struct finding_stall *s, const char *key, const char *value)
{
	if (*value && s->evidence_len < EVIDENCE_MAX)
		s->evidence[s->evidence_len++] = (struct evidence){.key = key, .text = value};
}

static void list_answer(const struct diagnosis *d, struct finding_stall *s)
{
	if (d->status)
		number(s, "http.response.status_code", d->status);
	if (d->error_code)
		number(s, "etcd.error.code", d->error_code);
	text(s, "etcd.error.message", d->message);
}

static void list_tcp(const struct diagnosis *d, struct finding_stall *s)
{
	number(s, "tcp.retransmits", d->retransmits);
	if (d->backoff)
		number(s, "tcp.backoff", d->backoff);
	if (d->connecting)
		return;
	if (d->tcp_known) {
		number(s, "tcp.unacked_bytes", (double)d->unacked_bytes + d->unsent_bytes);
		number(s, "tcp.unread_bytes", d->unread_bytes);
		seconds(s, d->unread_bytes ? "unread_s" : "tcp.last_received_s", d->since_rx_ns);
	}
	if (d->srtt_us)
		seconds(s, "tcp.srtt_s", d->srtt_us * NS_PER_US);
}

static void list_lookup(const struct lookup_evidence *l, struct finding_stall *s)
{
	text(s, "dns.source", l->getaddrinfo ? "getaddrinfo" : "query");
	text(s, "dns.question.name", l->name);
	text(s, "dns.question.type", l->type);
	text(s, "dns.server.address", l->server);
	text(s, "dns.outcome", enum_name(&dns_outcome_names, l->outcome));
	text(s, "error.type", l->error);
}

/* What the thread is in matters only where the fault may be on this side. */
static void list_thread(struct message *w, const struct diagnosis *d, uint64_t at_ns,
			struct finding_stall *s)
{
	const struct thread_sample *t = &d->thread;

	w->state[0] = t->state;
	text(s, "thread.state", w->state);
	text(s, "thread.wchan", t->wchan);
	message__wait(w->waits_for, sizeof(w->waits_for), t);
	text(s, "thread.waits_for", w->waits_for);
	if (t->since_ns && *w->waits_for)
		seconds(s, "thread.waits_s", thread_sample__waited_ns(t, at_ns));
	if (d->delay.window_ns > 0) {
		seconds(s, "host.window_s", d->delay.window_ns);
		seconds(s, "host.run_delay_s", d->delay.run_delay_ns);
		seconds(s, "host.throttled_s", d->delay.throttled_ns);
		if (d->delay.suspended_ns > NS_PER_S / 10) /* less is noise */
			seconds(s, "host.suspended_s", d->delay.suspended_ns);
	}
	if (t->cpu_pressure >= 0)
		number(s, "host.cpu_pressure_percent", t->cpu_pressure);
	if (t->memory_pressure >= 0)
		number(s, "host.memory_pressure_percent", t->memory_pressure);
	if (t->io_pressure >= 0)
		number(s, "host.io_pressure_percent", t->io_pressure);
}

static const char *what_for(const struct diagnosis *d)
{
	if (d->connecting)
		return "connect";
	return d->cause == CAUSE_TLS && d->rpc == ETCD_RPC_UNKNOWN ? "tls handshake"
								   : etcd_rpc_name(d->rpc);
}

static void list_tls(struct message *w, const struct tls_evidence *t, struct finding_stall *s)
{
	text(s, "tls.client.server_name", t->name);
	w->tls_error[0] = '\0';
	message__tls_error(w->tls_error, sizeof(w->tls_error), t->trouble, t->code, t->end);
	text(s, "tls.error", w->tls_error);
}

size_t message__elsewhere(const struct member *m, const char **names, size_t max)
{
	const struct diagnosis *d = &m->stall.diagnosis;

	return failures__elsewhere(&m->failures, d->cause,
				   d->address ? d->address->endpoint : d->endpoint, names, max);
}

void message__evidence(struct message *w, const struct member *m, struct finding_stall *out)
{
	const struct diagnosis *d = &m->stall.diagnosis;
	bool on_the_wire = d->endpoint && !d->lookup.known;
	size_t others;

	out->evidence_len = 0;
	if (on_the_wire)
		text(out, "waiting_for", what_for(d));
	if (d->lookup.known)
		list_lookup(&d->lookup, out);
	if (d->end_ns)
		seconds(out, "attempt_s", (int64_t)(d->end_ns - d->start_ns));
	if (m->failed_attempts)
		number(out, "failed_attempts", m->failed_attempts);
	others = message__elsewhere(m, NULL, 0);
	if (others)
		number(out, "same_elsewhere", (double)others);
	list_answer(d, out);
	if (cause_row(d->cause)->shows_tls)
		list_tls(w, &d->tls, out);
	if (on_the_wire) {
		list_tcp(d, out);
		text(out, "other_requests", d->answers_reads ? "answered" : "");
	}
	if (d->thread.at_ns && cause_row(d->cause)->side == SIDE_HOST)
		list_thread(w, d, d->thread.at_ns, out);
}
