// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * entry_stall.c - the finding that this program is for: what happens, why, and what to do.
 */
#include <inttypes.h>
#include <string.h>

#include "leasewatch/units.h"
#include "sink/entry_private.h"
#include "sink/evidence.h"

/* When the model has no sentence of its own: the facts, in the same order. */
static void say_facts(struct entries *s, const struct finding *f)
{
	const struct finding_stall *st = &f->stall;
	struct entry *e = &s->entry;
	char who[160], d[HUMAN_BYTES];

	entry__say(e, e->tone, "The lease of %s is not being renewed",
		   finding_who_name(&f->who, who, sizeof(who)));
	if (st->remaining_ns == LW_UNKNOWN_REMAINING)
		entry__say(e, e->tone, ".");
	else if (st->remaining_ns <= 0)
		entry__say(e, e->tone, ": it has expired.");
	else
		entry__say(e, e->tone, ": %s left.",
			   human_duration_utf8(s->utf8, d, st->remaining_ns));
}

static void add_cause(struct entries *s, const struct finding *f)
{
	const char *cause = enum_name(&cause_names, f->stall.cause);
	char where[160];

	entry__add_line(&s->entry, ENTRY_CAUSE);
	entry__say(&s->entry, TONE_BOLD, "%s", cause ? cause : "unknown");
	if (f->where.endpoint || f->where.address)
		entry__say(&s->entry, TONE_PLAIN, " at %s",
			   finding_where_name(&f->where, where, sizeof(where)));
}

static void say_severity(struct entries *s, const struct finding *f)
{
	const char *severity = enum_name(&stall_severity_names, f->stall.severity);
	char who[160];

	entry__say(&s->entry, TONE_PLAIN, " (");
	entry__say(&s->entry, s->entry.tone, "%s", severity ? severity : "unknown");
	if (s->several)
		entry__say(&s->entry, TONE_PLAIN, ", %s",
			   finding_who_name(&f->who, who, sizeof(who)));
	entry__say(&s->entry, TONE_PLAIN, ")");
}

static void word_end(struct entries *s, const struct finding *f)
{
	static const char *const results[STALL_RESULTS] = {
		[STALL_RECOVERED] = "recovered",
		[STALL_RESULT_EXPIRED] = "EXPIRED: the lease is lost,",
		[STALL_EXITED] = "Patroni exited,",
		[STALL_ONGOING] = "still stalled when the trace ended,",
	};
	const struct finding_stall *st = &f->stall;
	struct entry *e = &s->entry;
	char d[HUMAN_BYTES];

	if ((unsigned int)st->result >= STALL_RESULTS)
		return;
	entry__begin(e, f->ts_ns, tone__result(st->result), "ended");
	entry__say(e, e->tone, "%s", results[st->result]);
	if (st->duration_ns >= 0)
		entry__say(e, e->tone, " after %s",
			   human_duration_utf8(s->utf8, d, st->duration_ns));
	entry__say_who(s, f);
	/* The headline speaks of what is over; its cause is what one wants to remember. */
	if (st->cause != CAUSE_UNKNOWN && enum_name(&cause_names, st->cause))
		add_cause(s, f);
}

static void say_evidence(struct entries *s, const struct evidence *e, bool first)
{
	const struct evidence_row *row = evidence__row(e->key);
	const char *unit = row && row->unit ? row->unit : "";
	char d[HUMAN_BYTES];

	entry__say(&s->entry, TONE_PLAIN, "%s%s: ", first ? "" : "; ", row ? row->label : e->key);
	if (e->text)
		entry__say(&s->entry, TONE_PLAIN, "%s", e->text);
	else if (!strcmp(unit, "s") && e->number > -9e9 && e->number < 9e9)
		entry__say(&s->entry, TONE_PLAIN, "%s",
			   human_duration_utf8(s->utf8, d, (int64_t)(e->number * 1e9)));
	else
		entry__say(&s->entry, TONE_PLAIN, "%g%s%s", e->number, *unit ? " " : "", unit);
}

/* What the headline has quoted is not said twice. */
static bool is_quoted(const struct evidence *e, const char *headline)
{
	return headline && e->text && !strcmp(e->key, "etcd.error.message") &&
	       strstr(headline, e->text);
}

/* Words say more than numbers: they come first, should the end be cut. */
struct entry_line *entry__add_evidence(struct entries *s, const struct evidence *e, size_t len,
				       const char *headline)
{
	struct entry_line *line = NULL;

	for (int numbers = 0; numbers < 2; numbers++)
		for (size_t i = 0; i < len; i++) {
			if (numbers != !e[i].text || is_quoted(&e[i], headline))
				continue;
			if (!line)
				line = entry__add_line(&s->entry, ENTRY_EVIDENCE);
			say_evidence(s, &e[i], !line->spans_len);
		}
	return line;
}

/* An update does not say again what has not changed. */
static void add_reasons(struct entries *s, const struct finding_stall *st)
{
	bool known = st->phase == STALL_UPDATE && s->stall_id == st->stall_id;
	size_t len = st->evidence_len < EVIDENCE_MAX ? st->evidence_len : EVIDENCE_MAX;
	struct entry_line *evidence = entry__add_evidence(s, st->evidence, len, st->headline);

	if (evidence)
		evidence->minor = known && s->cause == st->cause;
	if (!st->hint || (known && !strncmp(s->hint, st->hint, sizeof(s->hint) - 1)))
		return;
	entry__add_line(&s->entry, ENTRY_HINT);
	entry__say(&s->entry, TONE_BOLD, "%s", st->hint);
}

void entry__word_stall(struct entries *s, const struct finding *f)
{
	const struct finding_stall *st = &f->stall;

	if (st->phase == STALL_END) {
		word_end(s, f);
		return;
	}
	entry__begin(&s->entry, f->ts_ns, tone__severity(st->severity),
		     st->phase == STALL_BEGIN ? "STALL" : "STALLED");
	if (st->headline)
		entry__say(&s->entry, s->entry.tone, "%s", st->headline);
	else
		say_facts(s, f);
	add_cause(s, f);
	say_severity(s, f);
	add_reasons(s, st);
	s->stall_id = st->stall_id;
	s->cause = st->cause;
	snprintf(s->hint, sizeof(s->hint), "%s", st->hint ? st->hint : "");
}
