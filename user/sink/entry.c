// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * entry.c - an entry: composing it, and putting it out.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sink/entry_private.h"

void entry__begin(struct entry *e, uint64_t ts_ns, enum tone tone, const char *tag)
{
	e->ts_ns = ts_ns;
	e->tone = tone;
	e->tag = tag;
	e->minor = false;
	e->lines_len = e->spans_len = e->text_len = 0;
	entry__add_line(e, ENTRY_TEXT);
}

struct entry_line *entry__add_line(struct entry *e, enum entry_kind kind)
{
	struct entry_line *line = &e->lines[e->lines_len];

	if (e->lines_len + 1 < ENTRY_LINES) /* else the last one continues */
		e->lines_len++;
	*line = (struct entry_line){.kind = kind, .span = e->spans_len};
	return line;
}

struct entry_span *entry__say(struct entry *e, enum tone tone, const char *fmt, ...)
{
	struct entry_span *span = &e->spans[e->spans_len];
	size_t room = ENTRY_BYTES - e->text_len;
	va_list args;
	int n;

	if (room > ENTRY_SPAN_BYTES)
		room = ENTRY_SPAN_BYTES;
	*span = (struct entry_span){.tone = tone, .at = (uint16_t)e->text_len};
	va_start(args, fmt);
	n = vsnprintf(e->text + e->text_len, room, fmt, args);
	va_end(args);
	if (n <= 0 || e->spans_len + 1 == ENTRY_SPANS || e->text_len + 1 == ENTRY_BYTES)
		return span;
	e->text_len += (size_t)n < room ? (size_t)n + 1 : room;
	if (e->text_len == ENTRY_BYTES)
		e->text_len--; /* there is always an empty string left to say */
	e->spans_len++;
	e->lines[e->lines_len - 1].spans_len++;
	return span;
}

void entry__say_who(struct entries *s, const struct finding *f)
{
	char who[160];

	if (s->several && (f->who.pid || f->who.member))
		entry__say(&s->entry, TONE_PLAIN, " (%s)",
			   finding_who_name(&f->who, who, sizeof(who)));
}

const char *entry__label(enum entry_kind kind)
{
	switch (kind) {
	case ENTRY_CAUSE:
		return "cause: ";
	case ENTRY_HINT:
		return "-> ";
	default:
		return "";
	}
}

/* Columns of this span and those behind it. */
static int columns_from(const struct text_out *o, const struct entry *e, const struct entry_line *l,
			size_t i)
{
	int columns = 0;

	for (; i < l->spans_len; i++)
		columns += text_out__columns(o, e->text + e->spans[l->span + i].at);
	return columns;
}

/* Columns that stand right behind this span, without a space between. */
static int glued_columns(const struct text_out *o, const struct entry *e,
			 const struct entry_line *l, size_t i)
{
	int columns = 0;

	while (++i < l->spans_len) {
		const struct entry_span *next = &e->spans[l->span + i];
		size_t len = strcspn(e->text + next->at, " ");
		char word[ENTRY_SPAN_BYTES];

		if (next->start || next->end)
			break;
		snprintf(word, sizeof(word), "%.*s", (int)len, e->text + next->at);
		columns += text_out__columns(o, word);
		if (e->text[next->at + len])
			break;
	}
	return columns;
}

void entry__put_line(struct text_out *o, const struct entry *e, size_t line, int base)
{
	const struct entry_line *l = &e->lines[line];

	for (size_t i = 0; i < l->spans_len; i++) {
		const struct entry_span *span = &e->spans[l->span + i];
		const char *text = e->text + span->at;

		if (span->end) {
			text_out__right(o, span->tone, base + span->end, text);
			continue;
		}
		if (span->whole && o->width && o->col + 2 + columns_from(o, e, l, i) > o->width) {
			text_out__newline(o);
			text_out__to(o, base);
		} else if (span->start) {
			text_out__to(o, base + span->start);
		}
		o->tail = glued_columns(o, e, l, i);
		text_out__put(o, span->tone, "%s", text);
	}
}
