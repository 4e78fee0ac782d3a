// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * events.c - entries for the live screen, as plain text.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink/top/events.h"

const struct top_event *top_ring__get(const struct top_ring *r, uint64_t id)
{
	if (id == 0 || id > r->last || r->last - id >= TOP_EVENTS_KEPT)
		return NULL;
	return &r->events[id % TOP_EVENTS_KEPT];
}

uint64_t top_ring__first(const struct top_ring *r)
{
	return r->last > TOP_EVENTS_KEPT ? r->last - TOP_EVENTS_KEPT + 1 : r->last > 0;
}

static int push(struct top_ring *r, const struct top_event *e)
{
	struct top_event *slot = &r->events[(r->last + 1) % TOP_EVENTS_KEPT];
	char *text = strdup(e->text);

	if (!text)
		return -ENOMEM;
	free(slot->text);
	*slot = *e;
	slot->text = text;
	r->last++;
	return 0;
}

/* What trace shows of it without -v, line by line. 0 or -ENOMEM; e->text is to be freed. */
static int take_lines(struct top_event *e, const struct entry *entry, bool utf8)
{
	struct text_out o = {.utf8 = utf8};
	size_t size = 0, n = 0;

	o.stream = open_memstream(&e->text, &size);
	if (!o.stream)
		return -ENOMEM;
	for (size_t i = 0; i < entry->lines_len; i++) {
		if (entry->lines[i].minor)
			continue;
		if (n)
			text_out__newline(&o);
		e->kinds[n++] = entry->lines[i].kind;
		entry__put_line(&o, entry, i, 0);
	}
	if (!fclose(o.stream))
		return 0;
	free(e->text);
	return -ENOMEM;
}

const char *top_line(const struct entry *e, size_t line, bool utf8, char *buf, size_t size)
{
	struct text_out o = {.utf8 = utf8, .stream = fmemopen(buf, size, "w")};

	buf[0] = '\0';
	if (!o.stream)
		return buf;
	entry__put_line(&o, e, line, 0);
	fclose(o.stream);
	buf[size - 1] = '\0';
	return buf;
}

int top_events__add(struct top_events *e, const struct finding *f)
{
	const struct entry *entry = entries__add(&e->entries, f);
	struct top_event event;
	int err;

	if (!entry)
		return 0;
	event = (struct top_event){.ts_ns = entry->ts_ns, .tone = entry->tone, .tag = entry->tag};
	err = take_lines(&event, entry, e->entries.utf8);
	if (err)
		return err;
	err = push(&e->all, &event);
	if (!err && !entry->minor)
		err = push(&e->notable, &event);
	free(event.text);
	return err;
}

static void free_ring(struct top_ring *r)
{
	for (size_t i = 0; i < TOP_EVENTS_KEPT; i++)
		free(r->events[i].text);
}

void top_events__free(struct top_events *e)
{
	free_ring(&e->notable);
	free_ring(&e->all);
}
