// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * entry_request.c - what is said of a request or a connect: what, where, how long, how it went.
 */
#include <inttypes.h>
#include <string.h>

#include "leasewatch/units.h"
#include "model/summary.h"
#include "sink/entry_private.h"

/* An answer that waited this long to be read was delayed here, not over there. */
#define LATE_NS	     (100 * NS_PER_MS)

#define WHERE_START  17
#define DURATION_END 44

void entry__say_unsaid(struct entries *s)
{
	if (s->unsaid)
		entry__say(&s->entry, TONE_PLAIN, ", %" PRIu64 " more since", s->unsaid);
}

/* The columns that both share. */
static void say_exchange(struct entries *s, const struct finding *f, const char *what,
			 int64_t duration_ns, const char *result)
{
	struct entry *e = &s->entry;
	char where[160], d[HUMAN_BYTES];
	struct entry_span *span;

	entry__say(e, TONE_PLAIN, "%s", what);
	entry__say(e, TONE_PLAIN, "%s", finding_where_name(&f->where, where, sizeof(where)))
		->start = WHERE_START;
	if (duration_ns >= 0)
		entry__say(e, TONE_PLAIN, "%s", human_duration_utf8(s->utf8, d, duration_ns))->end =
			DURATION_END;
	span = entry__say(e, e->tone, "%s", result);
	span->start = DURATION_END + 2;
	span->whole = true;
	entry__say_unsaid(s);
	entry__say_who(s, f);
}

void entry__word_connect(struct entries *s, const struct finding *f)
{
	static const char *const results[CONNECT_OUTCOMES] = {
		[CONNECT_OK] = "connected",    [CONNECT_REFUSED] = "refused",
		[CONNECT_TIMEOUT] = "timeout", [CONNECT_UNREACHABLE] = "unreachable",
		[CONNECT_RESET] = "reset",     [CONNECT_ABANDONED] = "abandoned: Patroni exited",
		[CONNECT_TLS] = "TLS: ",
	};
	const struct finding_connect *c = &f->connect;
	bool ok = c->outcome == CONNECT_OK || c->outcome == CONNECT_ABANDONED;
	char result[ENTRY_SPAN_BYTES], d[HUMAN_BYTES];

	if ((unsigned int)c->outcome >= CONNECT_OUTCOMES)
		return;
	entry__begin(&s->entry, f->ts_ns, ok ? TONE_PLAIN : TONE_WARN,
		     c->outcome == CONNECT_ABANDONED ? "-"
		     : ok			     ? "ok"
						     : "FAILED");
	s->entry.minor = ok;
	if (ok && c->tls.on && c->tls.duration_ns >= 0)
		snprintf(result, sizeof(result), "connected, TLS in %s",
			 human_duration_utf8(s->utf8, d, c->tls.duration_ns));
	else
		snprintf(result, sizeof(result), "%s%s", results[c->outcome],
			 c->tls.error ? c->tls.error : "");
	say_exchange(s, f, "connect", c->duration_ns, result);
}

static void describe_error(const struct finding_request *r, char *buf, size_t size)
{
	char code[32] = "";

	if (r->error_code)
		snprintf(code, sizeof(code), ", code %d", r->error_code);
	if (r->error_message)
		snprintf(buf, size, "HTTP %d%s: %s", r->status, code, r->error_message);
	else if (r->status == 200 && summary__is_refresh(r->rpc ? r->rpc : ""))
		snprintf(buf, size, "HTTP 200 without a TTL: the lease is gone");
	else
		snprintf(buf, size, "HTTP %d%s", r->status, code);
}

static void describe_ok(const struct entries *s, const struct finding_request *r, char *buf,
			size_t size)
{
	char d[HUMAN_BYTES];

	if (r->ttl_s > 0)
		snprintf(buf, size, "TTL %" PRId64 " s", r->ttl_s);
	else if (r->status)
		snprintf(buf, size, "HTTP %d", r->status);
	if (r->unread_ns >= LATE_NS)
		snprintf(buf + strlen(buf), size - strlen(buf), ", read %s late",
			 human_duration_utf8(s->utf8, d, r->unread_ns));
}

static void describe_failure(const struct finding_request *r, char *buf, size_t size)
{
	static const char *const results[REQUEST_OUTCOMES] = {
		[REQUEST_TIMEOUT] = "timeout",
		[REQUEST_RESET] = "connection reset",
		[REQUEST_CLOSED] = "closed unanswered",
		[REQUEST_UNOBSERVED] = "not seen whole",
	};

	snprintf(buf, size, "%s%s%s", results[r->outcome], r->error_message ? "; " : "",
		 r->error_message ? r->error_message : "");
}

void entry__word_request(struct entries *s, const struct finding *f)
{
	const struct finding_request *r = &f->request;
	bool bad = r->outcome != REQUEST_OK && r->outcome != REQUEST_UNOBSERVED;
	char result[ENTRY_SPAN_BYTES] = "";

	if ((unsigned int)r->outcome >= REQUEST_OUTCOMES)
		return;
	if (r->outcome == REQUEST_OK)
		describe_ok(s, r, result, sizeof(result));
	else if (r->outcome == REQUEST_ERROR)
		describe_error(r, result, sizeof(result));
	else
		describe_failure(r, result, sizeof(result));
	entry__begin(&s->entry, f->ts_ns, bad ? TONE_WARN : TONE_PLAIN,
		     bad			? "FAILED"
		     : r->outcome == REQUEST_OK ? "ok"
						: "partial");
	s->entry.minor = !bad;
	say_exchange(s, f, r->rpc ? r->rpc : r->path ? r->path : "request", r->duration_ns, result);
}
