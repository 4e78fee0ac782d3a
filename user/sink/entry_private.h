/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * entry_private.h - composing an entry, and the files that word one kind of finding each.
 */
#ifndef LEASEWATCH_ENTRY_PRIVATE_H
#define LEASEWATCH_ENTRY_PRIVATE_H

#include "sink/entry.h"

/* An error message or a sentence may be long; one that is longer is cut. */
#define ENTRY_SPAN_BYTES 2048

/* A new line; what is added goes there. Returns it, to be marked as minor. */
struct entry_line *entry__add_line(struct entry *e, enum entry_kind kind);
/* Add text to the last line. What does not fit is cut. Returns the span. */
__attribute__((format(printf, 3, 4))) struct entry_span *entry__say(struct entry *e, enum tone tone,
								    const char *fmt, ...);
/* " (demo/patroni1)" when there are several. */
void entry__say_who(struct entries *s, const struct finding *f);
/* ", 3 times more since" when it was not said that often. */
void entry__say_unsaid(struct entries *s);
/*
 * "in flight: 1.00 s; answer: none", as a line; no line when there is none. What `headline` (or
 * NULL) quotes is left out.
 */
struct entry_line *entry__add_evidence(struct entries *s, const struct evidence *e, size_t len,
				       const char *headline);

/*
 * While an etcd is down Patroni tries it several times a second, and looks its name up as often;
 * a lookup asks for two types at once. True when the same was said less than ten seconds ago; when
 * it is said again, s->unsaid is how often it has happened since.
 */
bool entry__is_repeated(struct entries *s, const struct finding *f);

void entry__word_event(struct entries *s, const struct finding *f);
void entry__word_connect(struct entries *s, const struct finding *f);
void entry__word_request(struct entries *s, const struct finding *f);
void entry__word_stall(struct entries *s, const struct finding *f);
void entry__word_dns(struct entries *s, const struct finding *f);

#endif
