/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text_private.h - the parts of the text sink, to each other.
 */
#ifndef LEASEWATCH_TEXT_PRIVATE_H
#define LEASEWATCH_TEXT_PRIVATE_H

#include "model/summary.h"
#include "sink/sink.h"
#include "sink/text_out.h"

/* "HH:MM:SS.mmm", two spaces, a tag of up to 8 columns, a space, what happened. */
#define TEXT_TAG_COL  14
#define TEXT_BODY_COL 23

/* Failures to connect and look-ups that were told lately: what it was about and how it went. */
#define TEXT_REPEATS 16

struct text_repeat {
	uint64_t hash, told_ns, untold;
};

struct text_repeats {
	size_t next;
	struct text_repeat last[TEXT_REPEATS];
};

/*
 * While an etcd is down Patroni tries it several times a second, and looks its name up as often;
 * a look-up asks for two types at once. True when the same was told less
 * than ten seconds ago; when it is told again, *untold is how often it has happened since.
 */
bool text__is_repeated(struct text_repeats *r, const struct finding *f, uint64_t *untold);

struct text_style {
	bool verbose;
	uint64_t untold; /* how often this has happened since it was last told */
	bool several;	 /* more than one Patroni has been seen: say which one it is */
	/* What was last said of a stall: an update does not say it again. */
	uint64_t stall_id;
	enum cause cause;
	char hint[400];
};

/* Begin a line of the log: local time and tag. The body's column is set as the indent. */
void text__begin(struct text_out *o, uint64_t ts_ns, enum text_color color, const char *tag);
/* "demo/patroni1", "patroni1", or "pid 4242". Returns buf. */
const char *text__who(const struct finding_who *who, char *buf, size_t size);
/* Local time as strftime spells it. Returns buf. */
const char *text__time(uint64_t ts_ns, const char *format, char *buf, size_t size);
/* "connect ok  read ok  keepalive FAILS": columns never asked are left out; no newline. */
void text__matrix(struct text_out *o, const enum matrix_cell matrix[MATRIX_COLUMNS]);
enum text_color text__state_color(enum endpoint_state state);
enum text_color text__severity_color(enum stall_severity severity);

/* text_event.c: one finding that is no summary, as no line (not worth one), one or several. */
void text__event(struct text_out *o, struct text_style *style, const struct finding *f);
/* text_dns.c */
void text__dns(struct text_out *o, const struct text_style *style, const struct finding *f);
/* Is a look-up worth a line by itself: it failed, was slow, or is waited for? */
bool text__dns_matters(const struct finding *f);
void text__dns_summary(struct text_out *o, const struct summary_dns *d);
/* text_stall.c */
/* "in flight: 1.00 s; answer: none", on lines of its own; nothing when there is none. */
void text__evidence(struct text_out *o, const struct evidence *e, size_t len);
void text__stall(struct text_out *o, struct text_style *style, const struct finding *f);
/* text_summary.c */
void text__summary(struct text_out *o, const struct summary *s);

#endif
