// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * entry_event.c - what is said of a start, a process, an endpoint's state, lost events and notes.
 */
#include <inttypes.h>
#include <string.h>

#include "leasewatch/units.h"
#include "sink/entry_private.h"

static void word_start(struct entry *e, const struct finding *f)
{
	const struct finding_start *s = &f->start;

	entry__begin(e, f->ts_ns, TONE_DIM, "start");
	entry__say(e, TONE_PLAIN, "leasewatch");
	if (s->version)
		entry__say(e, TONE_PLAIN, " %s", s->version);
	if (s->host)
		entry__say(e, TONE_PLAIN, " on %s", s->host);
	if (s->kernel)
		entry__say(e, TONE_PLAIN, ", kernel %s", s->kernel);
	if (s->targets)
		entry__say(e, TONE_PLAIN, ", watching %zu Patroni process%s", s->targets,
			   s->targets == 1 ? "" : "es");
	else
		entry__say(e, TONE_WARN, ", no Patroni process yet");
	if (!s->hooks)
		return;
	entry__add_line(e, ENTRY_TEXT)->minor = true;
	entry__say(e, TONE_DIM, "hooks: %s", s->hooks);
}

/* What happened to a process. That a leader has lost its role is what all this is about. */
static void begin_process(struct entry *e, const struct finding *f)
{
	const char *before = f->process.previous_role;

	if (f->process.phase == PROCESS_FOUND)
		entry__begin(e, f->ts_ns, TONE_GOOD, "found");
	else if (f->process.phase == PROCESS_EXITED)
		entry__begin(e, f->ts_ns, TONE_WARN, "EXITED");
	else if (f->process.phase == PROCESS_IGNORED)
		entry__begin(e, f->ts_ns, TONE_DIM, "ignored");
	else if (finding_is_demotion(f))
		entry__begin(e, f->ts_ns, TONE_BAD, "DEMOTED");
	else if (before && f->who.role && !strcmp(f->who.role, "leader"))
		entry__begin(e, f->ts_ns, TONE_WARN, "PROMOTED");
	else
		entry__begin(e, f->ts_ns, TONE_PLAIN, "learned");
}

static void word_process(struct entry *e, const struct finding *f)
{
	char who[160];

	if ((unsigned int)f->process.phase >= PROCESS_PHASES)
		return;
	begin_process(e, f);
	entry__say(e, TONE_BOLD, "%s", finding_who_name(&f->who, who, sizeof(who)));
	if (f->who.role)
		entry__say(e, TONE_PLAIN, ", %s", f->who.role);
	if (f->who.pid && f->who.member)
		entry__say(e, TONE_PLAIN, ", pid %u", f->who.pid);
	if (f->who.version)
		entry__say(e, TONE_PLAIN, ", Patroni %s", f->who.version);
	if (!f->process.note)
		return;
	entry__add_line(e, ENTRY_TEXT);
	entry__say(e, TONE_PLAIN, "%s", f->process.note);
}

void entry__add_matrix(struct entry *e, const enum matrix_cell matrix[MATRIX_COLUMNS])
{
	bool first = true;

	for (size_t i = 0; i < MATRIX_COLUMNS; i++) {
		if (matrix[i] == CELL_UNKNOWN)
			continue;
		if (first)
			entry__add_line(e, ENTRY_TEXT);
		entry__say(e, TONE_PLAIN, "%s%s ", first ? "" : "  ",
			   enum_name(&matrix_column_names, i));
		entry__say(e, tone__cell(matrix[i]), "%s", cell__word(matrix[i], true));
		first = false;
	}
}

void entry__add_state(struct entry *e, const struct finding_where *where,
		      const struct finding_endpoint *endpoint)
{
	const char *state = enum_name(&endpoint_state_names, endpoint->state);
	const char *previous = enum_name(&endpoint_state_names, endpoint->previous);
	char name[160];

	entry__say(e, TONE_BOLD, "%s", finding_where_name(where, name, sizeof(name)));
	entry__say(e, TONE_PLAIN, " is ");
	entry__say(e, tone__state(endpoint->state), "%s", state ? state : "unknown");
	if (endpoint->previous != ENDPOINT_UNKNOWN && previous)
		entry__say(e, TONE_PLAIN, " (was %s)", previous);
	if (endpoint->sentence)
		entry__say(e, TONE_PLAIN, ": %s", endpoint->sentence);
}

static void word_endpoint(struct entry *e, const struct finding *f)
{
	/* For the summary (engine__conclude), or old trouble that is forgotten. */
	if (f->endpoint.state == f->endpoint.previous || f->endpoint.state == ENDPOINT_UNKNOWN)
		return;
	entry__begin(e, f->ts_ns, tone__state(f->endpoint.state), "endpoint");
	entry__add_state(e, &f->where, &f->endpoint);
	entry__add_matrix(e, f->endpoint.matrix);
}

static void word_lost(struct entry *e, const struct finding *f)
{
	entry__begin(e, f->ts_ns, TONE_WARN, "LOST");
	entry__say(e, TONE_WARN, "%" PRIu64 " event%s (%s): counts are too low from here on",
		   f->lost.count, f->lost.count == 1 ? "" : "s",
		   f->lost.reason ? f->lost.reason : "no reason given");
}

static void word_note(struct entries *s, const struct finding *f)
{
	const struct finding_note *n = &f->note;
	const char *kind = enum_name(&note_kind_names, n->kind);
	size_t max = ARRAY_LEN(n->evidence);
	struct entry_line *evidence;

	entry__begin(&s->entry, f->ts_ns, TONE_BOLD, "note");
	entry__say(&s->entry, TONE_PLAIN, "%s", n->text ? n->text : kind ? kind : "unknown");
	entry__say_who(s, f);
	evidence = entry__add_evidence(s, n->evidence,
				       n->evidence_len < max ? n->evidence_len : max, NULL);
	if (evidence)
		evidence->minor = true;
}

void entry__word_event(struct entries *s, const struct finding *f)
{
	switch (f->type) {
	case FINDING_START:
		word_start(&s->entry, f);
		break;
	case FINDING_PROCESS:
		word_process(&s->entry, f);
		break;
	case FINDING_ENDPOINT:
		word_endpoint(&s->entry, f);
		break;
	case FINDING_LOST:
		word_lost(&s->entry, f);
		break;
	case FINDING_NOTE:
		word_note(s, f);
		break;
	default:
		break;
	}
}
