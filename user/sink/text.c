// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * text.c - the text sink: findings as lines for a person.
 *
 * Each finding is composed in memory and written at once. When it cannot be written, it is dropped
 * whole.
 */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "leasewatch/units.h"
#include "sink/text_private.h"

/* Narrower than this, wrapping does more harm than good. */
#define WRAP_MIN_COLUMNS 50

#define TAG_COL		 14
#define BODY_COL	 23

struct sink_text {
	struct sink sink;
	FILE *out;
	struct text_options opts;
	struct entries entries;
	char day[16]; /* of the last line, "" = none yet */
};

static int terminal_width(FILE *out)
{
	struct winsize size;

	if (fileno(out) < 0 || ioctl(fileno(out), TIOCGWINSZ, &size) || !size.ws_col)
		return 0;
	return size.ws_col;
}

void text_options__detect(struct text_options *opts, FILE *out)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	bool terminal = fileno(out) >= 0 && isatty(fileno(out));

	opts->color = terminal && term && strcmp(term, "dumb") && !(no_color && *no_color);
	opts->width = terminal ? terminal_width(out) : 0;
	opts->utf8 = locale && !strcmp(nl_langinfo_l(CODESET, locale), "UTF-8");
	if (locale)
		freelocale(locale);
}

static int width_now(const struct sink_text *t)
{
	int width = t->opts.width ? terminal_width(t->out) : 0;

	return width ? width : t->opts.width;
}

/* All or nothing, as far as a stream allows it. 0 or -errno. */
static int write_out(FILE *out, const char *data, size_t len)
{
	int err;

	errno = 0;
	if (fwrite(data, 1, len, out) == len && !fflush(out))
		return 0;
	err = errno ? -errno : -EIO;
	__fpurge(out); /* else the rest would come out with the next line */
	clearerr(out);
	return err;
}

static struct text_out text_output(const struct sink_text *t, FILE *m)
{
	int width = width_now(t);

	return (struct text_out){.stream = m,
				 .color = t->opts.color,
				 .utf8 = t->opts.utf8,
				 .width = width >= WRAP_MIN_COLUMNS ? width : 0};
}

/* A log that runs over midnight, or is read later, must say which day it was. */
static void put_day(struct sink_text *t, struct text_out *o, uint64_t ts_ns)
{
	char day[sizeof(t->day)], zone[32];

	human_time(ts_ns, "%Y-%m-%d", day, sizeof(day));
	if (!strcmp(day, t->day))
		return;
	memcpy(t->day, day, sizeof(day));
	text_out__put(o, TONE_DIM, "-- %s, times in %s --", day,
		      human_time(ts_ns, "%Z (UTC%z)", zone, sizeof(zone)));
	text_out__newline(o);
}

/* "HH:MM:SS.mmm", two spaces, a tag of up to 8 columns, a space, what happened. */
static void put_stamp(struct text_out *o, const struct entry *e)
{
	char time[16];

	text_out__put(o, TONE_DIM, "%s.%03u", human_time(e->ts_ns, "%H:%M:%S", time, sizeof(time)),
		      (unsigned int)(e->ts_ns % NS_PER_S / NS_PER_MS));
	text_out__to(o, TAG_COL);
	text_out__put(o, e->tone, "%s", e->tag);
}

static void put_entry(struct sink_text *t, struct text_out *o, const struct entry *e)
{
	put_day(t, o, e->ts_ns);
	put_stamp(o, e);
	for (size_t i = 0; i < e->lines_len; i++) {
		enum entry_kind kind = e->lines[i].kind;
		const char *label = entry__label(kind);

		if (e->lines[i].minor && !t->opts.verbose)
			continue;
		text_out__to(o, BODY_COL);
		text_out__put(o, kind == ENTRY_HINT ? TONE_BOLD : TONE_PLAIN, "%s", label);
		o->indent = BODY_COL + (kind == ENTRY_HINT ? (int)strlen(label) : 0);
		entry__put_line(o, e, i, BODY_COL);
		text_out__newline(o);
	}
}

static int text__finding(struct sink *sink, const struct finding *f)
{
	struct sink_text *t = (struct sink_text *)sink;
	const struct entry *e;
	char *data = NULL;
	struct text_out o;
	size_t len = 0;
	FILE *m = open_memstream(&data, &len);
	int err;

	if (!m)
		return -ENOMEM;
	o = text_output(t, m);
	if (f->type == FINDING_SUMMARY && f->summary) {
		if (t->day[0])
			text_out__newline(&o);
		text__summary(&o, f->summary);
	} else {
		e = entries__add(&t->entries, f);
		if (e && (t->opts.verbose || !e->minor))
			put_entry(t, &o, e);
	}
	err = fclose(m) ? -ENOMEM : 0;
	if (!err && len)
		err = write_out(t->out, data, len);
	free(data);
	return err;
}

static void text__free(struct sink *sink)
{
	struct sink_text *t = (struct sink_text *)sink;

	fflush(t->out);
	free(t);
}

static const struct sink_ops text_ops = {
	.finding = text__finding,
	.free = text__free,
};

struct sink *sink_text__new(FILE *out, const struct text_options *opts)
{
	struct sink_text *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	tzset();
	t->sink.ops = &text_ops;
	t->out = out;
	t->opts = *opts;
	t->entries.every = opts->verbose;
	t->entries.utf8 = opts->utf8;
	return &t->sink;
}
