// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * text_event.c - what each finding reads like in the text log.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "leasewatch/units.h"
#include "model/summary.h"
#include "sink/text_private.h"

const char *text__time(uint64_t ts_ns, const char *format, char *buf, size_t size)
{
	time_t seconds = (time_t)(ts_ns / NS_PER_S);
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || !strftime(buf, size, format, &tm))
		snprintf(buf, size, "?");
	return buf;
}

void text__begin(struct text_out *o, uint64_t ts_ns, enum text_color color, const char *tag)
{
	char time[16];

	text__time(ts_ns, "%H:%M:%S", time, sizeof(time));
	text_out__put(o, TEXT_DIM, "%s.%03u", time, (unsigned int)(ts_ns % NS_PER_S / 1000000));
	text_out__to(o, TEXT_TAG_COL);
	text_out__put(o, color, "%s", tag);
	text_out__to(o, TEXT_BODY_COL);
	o->indent = TEXT_BODY_COL;
}

const char *text__who(const struct finding_who *who, char *buf, size_t size)
{
	if (who->member && who->scope)
		snprintf(buf, size, "%s/%s", who->scope, who->member);
	else if (who->member)
		snprintf(buf, size, "%s", who->member);
	else if (who->pid)
		snprintf(buf, size, "pid %u", who->pid);
	else
		snprintf(buf, size, "Patroni");
	return buf;
}

enum text_color text__state_color(enum endpoint_state state)
{
	switch (state) {
	case ENDPOINT_HEALTHY:
		return TEXT_GREEN;
	case ENDPOINT_SLOW:
		return TEXT_YELLOW;
	case ENDPOINT_HALF_HEALTHY:
	case ENDPOINT_SILENT:
	case ENDPOINT_UNREACHABLE:
		return TEXT_RED;
	default:
		return TEXT_PLAIN;
	}
}

/* Readable without colour: what is wrong is in capitals. */
static const char *const cell_words[CELLS] = {
	[CELL_UNKNOWN] = "-",	    [CELL_OK] = "ok",
	[CELL_SLOW] = "slow",	    [CELL_ERROR] = "FAILS",
	[CELL_HANGING] = "HANGS",   [CELL_TIMEOUT] = "TIMES OUT",
	[CELL_RESET] = "RESET",	    [CELL_CLOSED] = "CLOSED",
	[CELL_REFUSED] = "REFUSED", [CELL_UNREACHABLE] = "UNREACHABLE",
};

void text__matrix(struct text_out *o, const enum matrix_cell matrix[MATRIX_COLUMNS])
{
	bool first = true;

	for (size_t i = 0; i < MATRIX_COLUMNS; i++) {
		enum matrix_cell cell = matrix[i];
		enum text_color color = TEXT_RED;

		if (cell == CELL_UNKNOWN || (unsigned int)cell >= CELLS)
			continue;
		if (cell == CELL_OK)
			color = TEXT_GREEN;
		else if (cell == CELL_SLOW)
			color = TEXT_YELLOW;
		text_out__put(o, TEXT_PLAIN, "%s%s ", first ? "" : "  ",
			      enum_name(&matrix_column_names, i));
		text_out__put(o, color, "%s", cell_words[cell]);
		first = false;
	}
}

static void put_start(struct text_out *o, const struct text_style *style, const struct finding *f)
{
	const struct finding_start *s = &f->start;

	text__begin(o, f->ts_ns, TEXT_DIM, "start");
	text_out__put(o, TEXT_PLAIN, "leasewatch");
	if (s->version)
		text_out__put(o, TEXT_PLAIN, " %s", s->version);
	if (s->host)
		text_out__put(o, TEXT_PLAIN, " on %s", s->host);
	if (s->kernel)
		text_out__put(o, TEXT_PLAIN, ", kernel %s", s->kernel);
	if (s->targets)
		text_out__put(o, TEXT_PLAIN, ", watching %zu Patroni process%s", s->targets,
			      s->targets == 1 ? "" : "es");
	else
		text_out__put(o, TEXT_YELLOW, ", no Patroni process yet");
	text_out__newline(o);
	if (style->verbose && s->hooks) {
		text_out__to(o, TEXT_BODY_COL);
		text_out__put(o, TEXT_DIM, "hooks: %s", s->hooks);
		text_out__newline(o);
	}
}

struct tag {
	const char *word;
	enum text_color color;
};

/* What happened to a process. That a leader is none any more is what all this is about. */
static struct tag tag_of_process(const struct finding *f)
{
	const char *before = f->process.previous_role;

	if (f->process.phase == PROCESS_FOUND)
		return (struct tag){"found", TEXT_GREEN};
	if (f->process.phase == PROCESS_EXITED)
		return (struct tag){"EXITED", TEXT_YELLOW};
	if (finding_is_demotion(f))
		return (struct tag){"DEMOTED", TEXT_RED};
	if (before && f->who.role && !strcmp(f->who.role, "leader"))
		return (struct tag){"PROMOTED", TEXT_YELLOW};
	return (struct tag){"learned", TEXT_PLAIN};
}

static void put_process(struct text_out *o, const struct finding *f)
{
	struct tag tag = tag_of_process(f);
	char who[160];

	if ((unsigned int)f->process.phase > PROCESS_UPDATED)
		return;
	text__begin(o, f->ts_ns, tag.color, tag.word);
	text_out__put(o, TEXT_BOLD, "%s", text__who(&f->who, who, sizeof(who)));
	if (f->who.role)
		text_out__put(o, TEXT_PLAIN, ", %s", f->who.role);
	if (f->who.pid && f->who.member)
		text_out__put(o, TEXT_PLAIN, ", pid %u", f->who.pid);
	if (f->who.version)
		text_out__put(o, TEXT_PLAIN, ", Patroni %s", f->who.version);
	text_out__newline(o);
	if (f->process.note) {
		text_out__to(o, TEXT_BODY_COL);
		text_out__put(o, TEXT_PLAIN, "%s", f->process.note);
		text_out__newline(o);
	}
}

/* The columns that a request and a connect share: what, where, how long, and how it went. */
struct exchange_line {
	enum text_color color;
	const char *tag, *what;
	int64_t duration_ns;
	char result[400];
};

#define WHERE_COL	 (TEXT_BODY_COL + 17)
#define DURATION_END_COL (TEXT_BODY_COL + 44)

static void put_exchange(struct text_out *o, const struct text_style *style,
			 const struct finding *f, struct exchange_line *x)
{
	char where[160], who[160], d[HUMAN_BYTES];
	size_t len = strlen(x->result);

	if (style->untold)
		len += (size_t)snprintf(x->result + len, sizeof(x->result) - len,
					", %" PRIu64 " time%s more since", style->untold,
					style->untold == 1 ? "" : "s");
	if (len >= sizeof(x->result))
		len = sizeof(x->result) - 1;
	if (style->several)
		snprintf(x->result + len, sizeof(x->result) - len, " (%s)",
			 text__who(&f->who, who, sizeof(who)));

	text__begin(o, f->ts_ns, x->color, x->tag);
	text_out__put(o, TEXT_PLAIN, "%s", x->what);
	text_out__to(o, WHERE_COL);
	text_out__put(o, TEXT_PLAIN, "%s", finding_where_name(&f->where, where, sizeof(where)));
	if (x->duration_ns >= 0)
		text_out__right(o, TEXT_PLAIN, DURATION_END_COL,
				text_out__duration(o, d, x->duration_ns));
	/* The reason stands behind it when there is room, else whole on the next line. */
	if (o->width && o->col + 2 + text_out__columns(o, x->result) > o->width) {
		text_out__newline(o);
		text_out__to(o, TEXT_BODY_COL);
	} else {
		text_out__to(o, DURATION_END_COL + 2);
	}
	text_out__put(o, x->color, "%s", x->result);
	text_out__newline(o);
}

static void put_connect(struct text_out *o, const struct text_style *style, const struct finding *f)
{
	static const char *const results[CONNECT_OUTCOMES] = {
		[CONNECT_OK] = "connected",    [CONNECT_REFUSED] = "refused",
		[CONNECT_TIMEOUT] = "timeout", [CONNECT_UNREACHABLE] = "unreachable",
		[CONNECT_RESET] = "reset",     [CONNECT_ABANDONED] = "abandoned: Patroni went away",
		[CONNECT_TLS] = "TLS: ",
	};
	bool ok = f->connect.outcome == CONNECT_OK || f->connect.outcome == CONNECT_ABANDONED;
	struct exchange_line x = {.color = ok ? TEXT_PLAIN : TEXT_YELLOW,
				  .tag = ok ? "ok" : "FAILED",
				  .what = "connect",
				  .duration_ns = f->connect.duration_ns};
	char d[HUMAN_BYTES];

	if ((unsigned int)f->connect.outcome >= CONNECT_OUTCOMES || (ok && !style->verbose))
		return;
	if (f->connect.outcome == CONNECT_ABANDONED)
		x.tag = "-";
	snprintf(x.result, sizeof(x.result), "%s%s", results[f->connect.outcome],
		 f->connect.tls.error ? f->connect.tls.error : "");
	if (ok && f->connect.tls.on && f->connect.tls.duration_ns >= 0)
		snprintf(x.result, sizeof(x.result), "connected, TLS in %s",
			 text_out__duration(o, d, f->connect.tls.duration_ns));
	put_exchange(o, style, f, &x);
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

static void describe_ok(const struct text_out *o, const struct finding_request *r, char *buf,
			size_t size)
{
	char d[HUMAN_BYTES];

	if (r->ttl_s > 0)
		snprintf(buf, size, "TTL %" PRId64 " s", r->ttl_s);
	else if (r->status)
		snprintf(buf, size, "HTTP %d", r->status);
	/* An answer that waited this long to be read was delayed here, not over there. */
	if (r->unread_ns >= 100000000)
		snprintf(buf + strlen(buf), size - strlen(buf), ", read %s late",
			 text_out__duration(o, d, r->unread_ns));
}

static void put_request(struct text_out *o, const struct text_style *style, const struct finding *f)
{
	const struct finding_request *r = &f->request;
	struct exchange_line x = {.color = TEXT_YELLOW,
				  .tag = "FAILED",
				  .what = r->rpc    ? r->rpc
					  : r->path ? r->path
						    : "request",
				  .duration_ns = r->duration_ns};

	switch (r->outcome) {
	case REQUEST_OK:
	case REQUEST_UNOBSERVED:
		if (!style->verbose)
			return;
		x.color = TEXT_PLAIN;
		x.tag = r->outcome == REQUEST_OK ? "ok" : "partial";
		if (r->outcome == REQUEST_OK)
			describe_ok(o, r, x.result, sizeof(x.result));
		else
			snprintf(x.result, sizeof(x.result), "not seen whole");
		break;
	case REQUEST_ERROR:
		describe_error(r, x.result, sizeof(x.result));
		break;
	case REQUEST_TIMEOUT:
		snprintf(x.result, sizeof(x.result), "timeout");
		break;
	case REQUEST_RESET:
		snprintf(x.result, sizeof(x.result), "connection reset");
		break;
	case REQUEST_CLOSED:
		snprintf(x.result, sizeof(x.result), "closed unanswered");
		break;
	default:
		return;
	}
	if (r->outcome != REQUEST_ERROR && r->error_message)
		snprintf(x.result + strlen(x.result), sizeof(x.result) - strlen(x.result), "; %s",
			 r->error_message);
	put_exchange(o, style, f, &x);
}

static void put_endpoint(struct text_out *o, const struct finding *f)
{
	const struct finding_endpoint *e = &f->endpoint;
	enum text_color color = text__state_color(e->state);
	const char *state = enum_name(&endpoint_state_names, e->state);
	char where[160];

	/* For the summary (engine__conclude), or old trouble that is forgotten. */
	if (e->state == e->previous || e->state == ENDPOINT_UNKNOWN)
		return;
	text__begin(o, f->ts_ns, color, "endpoint");
	text_out__put(o, TEXT_BOLD, "%s", finding_where_name(&f->where, where, sizeof(where)));
	text_out__put(o, TEXT_PLAIN, " is ");
	text_out__put(o, color, "%s", state ? state : "unknown");
	if (e->previous != ENDPOINT_UNKNOWN && enum_name(&endpoint_state_names, e->previous))
		text_out__put(o, TEXT_PLAIN, " (was %s)",
			      enum_name(&endpoint_state_names, e->previous));
	if (e->sentence)
		text_out__put(o, TEXT_PLAIN, ": %s", e->sentence);
	text_out__newline(o);
	text_out__to(o, TEXT_BODY_COL);
	text__matrix(o, e->matrix);
	if (o->col)
		text_out__newline(o);
}

static void put_lost(struct text_out *o, const struct finding *f)
{
	text__begin(o, f->ts_ns, TEXT_YELLOW, "LOST");
	text_out__put(o, TEXT_YELLOW, "%" PRIu64 " event%s (%s): counts are too low from here on",
		      f->lost.count, f->lost.count == 1 ? "" : "s",
		      f->lost.reason ? f->lost.reason : "no reason given");
	text_out__newline(o);
}

static void put_note(struct text_out *o, const struct text_style *style, const struct finding *f)
{
	const struct finding_note *n = &f->note;
	size_t max = ARRAY_LEN(n->evidence);
	const char *kind = enum_name(&note_kind_names, n->kind);
	char who[160];

	text__begin(o, f->ts_ns, TEXT_BOLD, "note");
	text_out__put(o, TEXT_PLAIN, "%s", n->text ? n->text : kind ? kind : "unknown");
	if (style->several && (f->who.pid || f->who.member))
		text_out__put(o, TEXT_PLAIN, " (%s)", text__who(&f->who, who, sizeof(who)));
	text_out__newline(o);
	if (style->verbose)
		text__evidence(o, n->evidence, n->evidence_len < max ? n->evidence_len : max);
}

void text__event(struct text_out *o, struct text_style *style, const struct finding *f)
{
	switch (f->type) {
	case FINDING_START:
		put_start(o, style, f);
		break;
	case FINDING_PROCESS:
		put_process(o, f);
		break;
	case FINDING_CONNECT:
		put_connect(o, style, f);
		break;
	case FINDING_REQUEST:
		put_request(o, style, f);
		break;
	case FINDING_STALL:
		text__stall(o, style, f);
		break;
	case FINDING_ENDPOINT:
		put_endpoint(o, f);
		break;
	case FINDING_LOST:
		put_lost(o, f);
		break;
	case FINDING_DNS:
		text__dns(o, style, f);
		break;
	case FINDING_NOTE:
		put_note(o, style, f);
		break;
	default:
		break;
	}
}
