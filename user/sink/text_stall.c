// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * text_stall.c - the finding that this program is for: what happens, why, and what to do.
 */
#include <inttypes.h>
#include <string.h>

#include "sink/text_private.h"

enum text_color text__severity_color(enum stall_severity severity)
{
	return severity == STALL_WARNING ? TEXT_YELLOW : TEXT_ALARM;
}

/* When the model has no sentence of its own: the facts, in the same order. */
static void put_facts(struct text_out *o, enum text_color color, const struct finding *f)
{
	const struct finding_stall *s = &f->stall;
	char who[160], d[HUMAN_BYTES];

	text_out__put(o, color, "The lease of %s is not being renewed",
		      text__who(&f->who, who, sizeof(who)));
	if (s->remaining_ns == LW_UNKNOWN_REMAINING)
		text_out__put(o, color, ".");
	else if (s->remaining_ns <= 0)
		text_out__put(o, color, ": it has run out.");
	else
		text_out__put(o, color, ": %s left.", text_out__duration(o, d, s->remaining_ns));
}

static void put_where(struct text_out *o, const struct finding *f)
{
	char where[160];

	if (f->where.endpoint || f->where.address)
		text_out__put(o, TEXT_PLAIN, " at %s",
			      finding_where_name(&f->where, where, sizeof(where)));
}

static enum text_color result_color(enum stall_result result)
{
	switch (result) {
	case STALL_RECOVERED:
		return TEXT_GREEN;
	case STALL_RESULT_EXPIRED:
		return TEXT_ALARM;
	default:
		return TEXT_YELLOW;
	}
}

static void put_end(struct text_out *o, const struct text_style *style, const struct finding *f)
{
	static const char *const results[STALL_RESULTS] = {
		[STALL_RECOVERED] = "recovered",
		[STALL_RESULT_EXPIRED] = "EXPIRED: the lease is lost,",
		[STALL_EXITED] = "exited: Patroni went away,",
		[STALL_ONGOING] = "not over when the trace ended,",
	};
	const struct finding_stall *s = &f->stall;
	enum text_color color = result_color(s->result);
	char who[160], d[HUMAN_BYTES];

	if ((unsigned int)s->result >= STALL_RESULTS)
		return;
	text__begin(o, f->ts_ns, color, "ended");
	text_out__put(o, color, "%s", results[s->result]);
	if (s->duration_ns >= 0)
		text_out__put(o, color, " after %s", text_out__duration(o, d, s->duration_ns));
	if (style->several)
		text_out__put(o, TEXT_PLAIN, " (%s)", text__who(&f->who, who, sizeof(who)));
	text_out__newline(o);
	/* The headline speaks of what is over; its cause is what one wants to remember. */
	if (s->cause != CAUSE_UNKNOWN && enum_name(&cause_names, s->cause)) {
		text_out__to(o, TEXT_BODY_COL);
		text_out__put(o, TEXT_PLAIN, "cause: %s", enum_name(&cause_names, s->cause));
		put_where(o, f);
		text_out__newline(o);
	}
}

/* "tcp.in_flight_s": 7.05 becomes "tcp in flight: 7.05 s". */
static void put_evidence(struct text_out *o, const struct evidence *e, bool last)
{
	char key[96], d[HUMAN_BYTES];
	const char *end = last ? "" : "; ";
	size_t len;

	snprintf(key, sizeof(key), "%s", e->key);
	for (char *c = key; *c; c++)
		if (*c == '_' || *c == '.')
			*c = ' ';
	len = strlen(key);
	if (e->text) {
		text_out__put(o, TEXT_PLAIN, "%s: %s%s", key, e->text, end);
	} else if (len > 2 && !strcmp(key + len - 2, " s") && e->number > -9e9 && e->number < 9e9) {
		key[len - 2] = '\0';
		text_out__duration(o, d, (int64_t)(e->number * 1e9));
		text_out__put(o, TEXT_PLAIN, "%s: %s%s", key, d, end);
	} else {
		text_out__put(o, TEXT_PLAIN, "%s: %g%s", key, e->number, end);
	}
}

static void put_cause(struct text_out *o, const struct text_style *style, const struct finding *f,
		      enum text_color color)
{
	const char *cause = enum_name(&cause_names, f->stall.cause);
	const char *severity = enum_name(&stall_severity_names, f->stall.severity);
	char who[160];

	text_out__to(o, TEXT_BODY_COL);
	text_out__put(o, TEXT_PLAIN, "cause: ");
	text_out__put(o, TEXT_BOLD, "%s", cause ? cause : "unknown");
	put_where(o, f);
	text_out__put(o, TEXT_PLAIN, " (");
	text_out__put(o, color, "%s", severity ? severity : "unknown");
	if (style->several)
		text_out__put(o, TEXT_PLAIN, ", %s", text__who(&f->who, who, sizeof(who)));
	text_out__put(o, TEXT_PLAIN, ")");
	text_out__newline(o);
}

void text__evidence(struct text_out *o, const struct evidence *e, size_t len)
{
	if (!len)
		return;
	text_out__to(o, TEXT_BODY_COL);
	for (size_t i = 0; i < len; i++)
		put_evidence(o, &e[i], i + 1 == len);
	text_out__newline(o);
}

static void put_hint(struct text_out *o, const char *hint)
{
	text_out__to(o, TEXT_BODY_COL);
	o->indent = TEXT_BODY_COL + 3;
	text_out__put(o, TEXT_BOLD, "-> %s", hint);
	text_out__newline(o);
}

void text__stall(struct text_out *o, struct text_style *style, const struct finding *f)
{
	const struct finding_stall *s = &f->stall;
	enum text_color color = text__severity_color(s->severity);
	bool known = s->phase == STALL_UPDATE && style->stall_id == s->stall_id;

	if (s->phase == STALL_END) {
		put_end(o, style, f);
		return;
	}
	text__begin(o, f->ts_ns, color, s->phase == STALL_BEGIN ? "STALL" : "STALLED");
	if (s->headline)
		text_out__put(o, color, "%s", s->headline);
	else
		put_facts(o, color, f);
	text_out__newline(o);
	put_cause(o, style, f, color);
	if (!known || style->cause != s->cause || style->verbose)
		text__evidence(o, s->evidence,
			       s->evidence_len < EVIDENCE_MAX ? s->evidence_len : EVIDENCE_MAX);
	if (s->hint && (!known || strncmp(style->hint, s->hint, sizeof(style->hint) - 1)))
		put_hint(o, s->hint);
	style->stall_id = s->stall_id;
	style->cause = s->cause;
	snprintf(style->hint, sizeof(style->hint), "%s", s->hint ? s->hint : "");
}
