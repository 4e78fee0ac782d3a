// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * metrics_text.c - every metric, spelled. Names and labels are public: dashboards depend on them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "sink/metrics_private.h"

#define NS_PER_SECOND 1e9

_Static_assert(STATUS_MEMBERS_MAX >= METRICS_MEMBERS_MAX &&
		       STATUS_ENDPOINTS_MAX >= METRICS_ENDPOINTS_MAX,
	       "what has a name in the metrics must have a state");

struct page {
	FILE *out;
	struct metrics *m;
	const struct status *s;
	const struct metrics_self *self;
};

static void head(struct page *p, const char *name, const char *type, const char *help)
{
	fprintf(p->out, "# HELP leasewatch_%s %s\n# TYPE leasewatch_%s %s\n", name, help, name,
		type);
}

/* key="value", with the three escapes that the format has. */
static void label(struct page *p, char before, const char *key, const char *value)
{
	fprintf(p->out, "%c%s=\"", before, key);
	for (; *value; value++) {
		if (*value == '\n')
			fputs("\\n", p->out);
		else if (*value == '"' || *value == '\\')
			fprintf(p->out, "\\%c", *value);
		else
			fputc(*value, p->out);
	}
	fputc('"', p->out);
}

static void put_number(struct page *p, uint64_t value)
{
	fprintf(p->out, "} %" PRIu64 "\n", value);
}

static void put_seconds(struct page *p, int64_t ns)
{
	fprintf(p->out, "} %.6f\n", (double)ns / NS_PER_SECOND);
}

static void plain(struct page *p, const char *name, const char *type, const char *help,
		  double value)
{
	head(p, name, type, help);
	fprintf(p->out, "leasewatch_%s %.17g\n", name, value);
}

/* "leasewatch_name_suffix{a="x",b="y"": what is left is the end of it. */
static void begin_sample(struct page *p, const char *name, const char *suffix,
			 const char *const *labels)
{
	fprintf(p->out, "leasewatch_%s%s", name, suffix);
	for (size_t i = 0; labels[i]; i += 2)
		label(p, i ? ',' : '{', labels[i], labels[i + 1]);
}

static void timing(struct page *p, const char *name, const char *const *labels,
		   const struct timing *t)
{
	uint64_t below = 0;

	for (size_t i = 0; i < TIMING_BOUNDS; i++) {
		below += t->buckets[i];
		begin_sample(p, name, "_bucket", labels);
		fprintf(p->out, ",le=\"%g\"", timing_bounds_us[i] / 1e6);
		put_number(p, below);
	}
	begin_sample(p, name, "_bucket", labels);
	fputs(",le=\"+Inf\"", p->out);
	put_number(p, t->count);
	begin_sample(p, name, "_sum", labels);
	fprintf(p->out, "} %.6f\n", (double)t->sum_us / 1e6);
	begin_sample(p, name, "_count", labels);
	put_number(p, t->count);
}

static void put_self(struct page *p)
{
	const char *build[] = {"version", p->m->version, "kernel", p->m->kernel, NULL};

	head(p, "build_info", "gauge", "Version of leasewatch, and of the kernel it runs on.");
	begin_sample(p, "build_info", "", build);
	put_number(p, 1);
	plain(p, "start_time_seconds", "gauge", "When the daemon started, in seconds since 1970.",
	      (double)p->m->start_ns / NS_PER_SECOND);
	plain(p, "cpu_seconds_total", "counter", "CPU time used by the daemon.", p->self->cpu_s);
	plain(p, "resident_memory_bytes", "gauge", "Resident memory of the daemon.",
	      (double)p->self->resident_bytes);
	plain(p, "open_fds", "gauge", "Open file descriptors of the daemon.",
	      (double)p->self->open_files);
	head(p, "hook_attached", "gauge", "The kernel hooks in use.");
	for (size_t i = 0; i < p->m->hooks_len; i++) {
		const char *hook[] = {"hook", p->m->hooks[i], NULL};

		begin_sample(p, "hook_attached", "", hook);
		put_number(p, 1);
	}
	head(p, "events_lost_total", "counter",
	     "Events lost on their way from the kernel, by reason.");
	for (size_t i = 0; i < p->m->lost_len; i++) {
		const char *lost[] = {"reason", p->m->lost[i].reason, NULL};

		begin_sample(p, "events_lost_total", "", lost);
		put_number(p, p->m->lost[i].count);
	}
	plain(p, "log_lines_lost_total", "counter", "Lines that could not be written to the log.",
	      (double)p->self->log_lines_lost);
	plain(p, "log_writable", "gauge", "1 if the last log line could be written.",
	      p->self->log_works);
	plain(p, "members", "gauge", "Patroni processes being watched.",
	      (double)(p->s->members_len + p->s->members_more));
}

/* Only those that were hit: each series is a reason to look. */
static void put_limits(struct page *p)
{
	head(p, "limit_hits_total", "counter",
	     "How often a limit was hit that protects leasewatch from being crowded out.");
	for (int i = 0; i < LIMITS; i++) {
		const char *limit[] = {"limit", enum_name(&limit_names, i), NULL};

		if (!limits__hits(i))
			continue;
		begin_sample(p, "limit_hits_total", "", limit);
		put_number(p, limits__hits(i));
	}
}

static void put_requests(struct page *p)
{
	head(p, "requests_total", "counter",
	     "Requests to etcd that ended, by outcome; unobserved: a part was missed.");
	for (size_t i = 0; i < p->m->pairs_len; i++)
		for (int o = 0; o < REQUEST_OUTCOMES; o++) {
			const struct pair *r = p->m->pairs[i];
			const char *labels[] = {"endpoint", r->endpoint,
						"rpc",	    r->rpc,
						"outcome",  enum_name(&request_outcome_names, o),
						NULL};

			begin_sample(p, "requests_total", "", labels);
			put_number(p, r->outcomes[o]);
		}
	head(p, "request_duration_seconds", "histogram",
	     "Time until the answer, or until Patroni gave up; watches excluded.");
	for (size_t i = 0; i < p->m->pairs_len; i++) {
		const struct pair *r = p->m->pairs[i];
		const char *labels[] = {"endpoint", r->endpoint, "rpc", r->rpc, NULL};

		if (r->timing.count)
			timing(p, "request_duration_seconds", labels, &r->timing);
	}
}

static void put_connects(struct page *p)
{
	head(p, "connects_total", "counter", "Connection attempts to etcd that ended, by outcome.");
	for (size_t i = 0; i < p->m->endpoint_counts_len; i++)
		for (int o = 0; o < CONNECT_OUTCOMES; o++) {
			const struct endpoint_counts *c = &p->m->endpoint_counts[i];
			const char *labels[] = {"endpoint", c->endpoint, "outcome",
						enum_name(&connect_outcome_names, o), NULL};

			begin_sample(p, "connects_total", "", labels);
			put_number(p, c->connects[o]);
		}
	head(p, "connect_duration_seconds", "histogram",
	     "Time until a connection attempt succeeded or failed.");
	for (size_t i = 0; i < p->m->endpoint_counts_len; i++) {
		const char *labels[] = {"endpoint", p->m->endpoint_counts[i].endpoint, NULL};

		timing(p, "connect_duration_seconds", labels, &p->m->endpoint_counts[i].connect);
	}
}

static void put_lookups(struct page *p)
{
	head(p, "dns_lookups_total", "counter",
	     "Lookups: calls of getaddrinfo, and queries to a nameserver.");
	for (int s = 0; s < DNS_SOURCES; s++)
		for (int o = 0; o < DNS_OUTCOMES; o++) {
			const char *labels[] = {"source", enum_name(&dns_source_names, s),
						"outcome", enum_name(&dns_outcome_names, o), NULL};

			if (o == DNS_IN_FLIGHT)
				continue;
			begin_sample(p, "dns_lookups_total", "", labels);
			put_number(p, p->m->lookups[s][o]);
		}
	head(p, "dns_lookup_duration_seconds", "histogram", "How long lookups took.");
	for (int s = 0; s < DNS_SOURCES; s++) {
		const char *labels[] = {"source", enum_name(&dns_source_names, s), NULL};

		timing(p, "dns_lookup_duration_seconds", labels, &p->m->lookup[s]);
	}
	plain(p, "dns_oldest_in_flight_seconds", "gauge",
	      "Age of the oldest unanswered lookup; 0 = none.",
	      p->s->dns.oldest_ns < 0 ? 0 : (double)p->s->dns.oldest_ns / NS_PER_SECOND);
}

/* Each name once: what has no room of its own is left to the counters of "other". */
static bool is_named(struct page *p, size_t i, const char **name, char *buf)
{
	finding_where_name(&p->s->endpoints[i].where, buf, NAME_BYTES);
	*name = names__get(&p->m->endpoints, buf);
	return strcmp(*name, METRICS_OTHER) != 0;
}

static void put_endpoints(struct page *p)
{
	char buf[NAME_BYTES];
	const char *name;

	head(p, "endpoint_state", "gauge", "1 for the current state of an etcd endpoint.");
	for (size_t i = 0; i < p->s->endpoints_len; i++)
		for (int st = 0; st < ENDPOINT_STATES && is_named(p, i, &name, buf); st++) {
			const char *labels[] = {"endpoint", name, "state",
						enum_name(&endpoint_state_names, st), NULL};

			begin_sample(p, "endpoint_state", "", labels);
			put_number(p, p->s->endpoints[i].state == (enum endpoint_state)st);
		}
	head(p, "requests_in_flight", "gauge", "Requests that are waiting for an answer.");
	for (size_t i = 0; i < p->s->endpoints_len; i++)
		if (is_named(p, i, &name, buf)) {
			begin_sample(p, "requests_in_flight", "",
				     (const char *[]){"endpoint", name, NULL});
			put_number(p, p->s->endpoints[i].in_flight);
		}
	head(p, "request_oldest_in_flight_seconds", "gauge",
	     "Age of the oldest request in flight, connection attempt included; 0 = none.");
	for (size_t i = 0; i < p->s->endpoints_len; i++)
		if (is_named(p, i, &name, buf)) {
			int64_t ns = p->s->endpoints[i].oldest_ns;

			begin_sample(p, "request_oldest_in_flight_seconds", "",
				     (const char *[]){"endpoint", name, NULL});
			put_seconds(p, ns < 0 ? 0 : ns);
		}
}

/* begin() for one member. */
static void begin_member(struct page *p, const char *name, const struct member_counts *c)
{
	const char *labels[] = {"scope", c->scope, "member", c->member, NULL};

	begin_sample(p, name, "", labels);
}

static void put_member_counters(struct page *p, const struct member_counts *all, size_t len)
{
	head(p, "lease_refreshes_total", "counter",
	     "Attempts to renew the lease, by outcome; ok: answered with a TTL.");
	for (size_t i = 0; i < len; i++)
		for (int o = 0; o < REQUEST_OUTCOMES; o++) {
			begin_member(p, "lease_refreshes_total", &all[i]);
			label(p, ',', "outcome", enum_name(&request_outcome_names, o));
			put_number(p, all[i].refreshes[o]);
		}
	head(p, "stalls_total", "counter", "Stalls that began.");
	for (size_t i = 0; i < len; i++) {
		begin_member(p, "stalls_total", &all[i]);
		put_number(p, all[i].stalls);
	}
	head(p, "stalls_ended_total", "counter", "Stalls that ended, by cause and result.");
	for (size_t i = 0; i < len; i++)
		for (int cause = 0; cause < CAUSES; cause++)
			for (int r = 0; r < STALL_RESULTS; r++) {
				begin_member(p, "stalls_ended_total", &all[i]);
				label(p, ',', "cause", enum_name(&cause_names, cause));
				label(p, ',', "result", enum_name(&stall_result_names, r));
				put_number(p, all[i].ended[cause][r]);
			}
	head(p, "lease_last_refresh_timestamp_seconds", "gauge",
	     "When the last good renewal was sent, in seconds since 1970.");
	for (size_t i = 0; i < len; i++)
		if (all[i].last_good_ns) {
			begin_member(p, "lease_last_refresh_timestamp_seconds", &all[i]);
			put_seconds(p, (int64_t)all[i].last_good_ns);
		}
}

static void put_lease(struct page *p, const struct member_counts *all, size_t len)
{
	head(p, "lease_ttl_seconds", "gauge", "The TTL of the lease.");
	for (size_t i = 0; i < len; i++)
		if (all[i].now && all[i].now->ttl_s >= 0) {
			begin_member(p, "lease_ttl_seconds", &all[i]);
			put_number(p, (uint64_t)all[i].now->ttl_s);
		}
	head(p, "lease_remaining_seconds", "gauge",
	     "Lower bound of the time until the lease expires; negative: it has expired.");
	for (size_t i = 0; i < len; i++)
		if (all[i].now && all[i].now->remaining_ns != LW_UNKNOWN_REMAINING) {
			begin_member(p, "lease_remaining_seconds", &all[i]);
			put_seconds(p, all[i].now->remaining_ns);
		}
	head(p, "lease_since_refresh_seconds", "gauge",
	     "Time since the last good renewal was sent.");
	for (size_t i = 0; i < len; i++)
		if (all[i].now && all[i].several && all[i].now->since_ok_ns >= 0) {
			begin_member(p, "lease_since_refresh_seconds", &all[i]);
			put_seconds(p, all[i].now->since_ok_ns);
		} else if (all[i].now && all[i].last_good_ns &&
			   p->s->now_ns >= all[i].last_good_ns) {
			begin_member(p, "lease_since_refresh_seconds", &all[i]);
			put_seconds(p, (int64_t)(p->s->now_ns - all[i].last_good_ns));
		}
}

static void put_member_gauges(struct page *p, const struct member_counts *all, size_t len)
{
	head(p, "member_up", "gauge", "1 while this Patroni process runs here.");
	for (size_t i = 0; i < len; i++) {
		/* Who became known by another name is not gone, nor is who has no room. */
		if (!all[i].now && (!all[i].named || p->s->members_more))
			continue;
		begin_member(p, "member_up", &all[i]);
		put_number(p, all[i].now != NULL);
	}
	head(p, "member_blind", "gauge",
	     "1 while its TLS cannot be read, so that nothing is known of its lease.");
	for (size_t i = 0; i < len; i++) {
		begin_member(p, "member_blind", &all[i]);
		put_number(p, all[i].now && all[i].now->blind);
	}
	put_lease(p, all, len);
	head(p, "stall_active", "gauge", "1 for the cause of a stall in progress.");
	for (size_t i = 0; i < len; i++)
		for (int cause = 0; cause < CAUSES; cause++) {
			const struct member_status *now = all[i].stalled;

			begin_member(p, "stall_active", &all[i]);
			label(p, ',', "cause", enum_name(&cause_names, cause));
			put_number(p, now && (int)now->stall.cause == cause);
		}
}

int metrics__render(struct metrics *m, const struct status *s, const struct metrics_self *self,
		    char **text, size_t *len)
{
	char *buffer = NULL;
	size_t size = 0;
	struct page p = {.out = open_memstream(&buffer, &size), .m = m, .s = s, .self = self};

	if (!p.out)
		return -ENOMEM;
	put_self(&p);
	put_limits(&p);
	metrics__match(m, s);
	put_member_gauges(&p, m->member_counts, m->member_counts_len);
	put_member_counters(&p, m->member_counts, m->member_counts_len);
	put_endpoints(&p);
	put_requests(&p);
	put_connects(&p);
	put_lookups(&p);
	if (fclose(p.out)) {
		free(buffer);
		return -ENOMEM;
	}
	*text = buffer;
	*len = size;
	return 0;
}
