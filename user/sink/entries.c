// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * entries.c - which finding is worded where.
 */
#include "sink/entry_private.h"

static void notice_who(struct entries *s, const struct finding *f)
{
	if (!f->who.pid)
		return;
	if (!s->first_pid)
		s->first_pid = f->who.pid;
	s->several |= f->who.pid != s->first_pid;
}

const struct entry *entries__add(struct entries *s, const struct finding *f)
{
	bool repeated;

	if (f->type == FINDING_SUMMARY)
		return NULL;
	notice_who(s, f);
	s->unsaid = 0;
	repeated = !s->every && entry__is_repeated(s, f);
	s->entry.lines_len = 0;
	switch (f->type) {
	case FINDING_CONNECT:
		entry__word_connect(s, f);
		break;
	case FINDING_REQUEST:
		entry__word_request(s, f);
		break;
	case FINDING_STALL:
		entry__word_stall(s, f);
		break;
	case FINDING_DNS:
		entry__word_dns(s, f);
		break;
	default:
		entry__word_event(s, f);
		break;
	}
	s->entry.minor |= repeated;
	return s->entry.lines_len ? &s->entry : NULL;
}
