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

#include "sink/text_private.h"

/* Narrower than this, wrapping does more harm than good. */
#define WRAP_MIN_COLUMNS 50

struct sink_text {
	struct sink sink;
	FILE *out;
	struct text_options opts;
	struct text_style style;
	uint32_t first_pid;
	struct text_repeats repeats;
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

static struct text_out compose(const struct sink_text *t, FILE *m)
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

	text__time(ts_ns, "%Y-%m-%d", day, sizeof(day));
	if (!strcmp(day, t->day))
		return;
	memcpy(t->day, day, sizeof(day));
	text_out__put(o, TEXT_DIM, "-- %s, times in %s --", day,
		      text__time(ts_ns, "%Z (UTC%z)", zone, sizeof(zone)));
	text_out__newline(o);
}

static void put_event(struct sink_text *t, struct text_out *o, const struct finding *f)
{
	char *body = NULL;
	size_t len = 0;
	struct text_out one = *o;

	t->style.untold = 0;
	if (!t->opts.verbose && text__is_repeated(&t->repeats, f, &t->style.untold))
		return;
	/* Composed apart, because only an event that has something to say may begin a new day. */
	one.stream = open_memstream(&body, &len);
	if (!one.stream)
		return;
	text__event(&one, &t->style, f);
	fclose(one.stream);
	if (len) {
		put_day(t, o, f->ts_ns);
		fwrite(body, 1, len, o->stream);
	}
	free(body);
}

static void notice_who(struct sink_text *t, const struct finding *f)
{
	if (!f->who.pid || f->type == FINDING_SUMMARY)
		return;
	if (!t->first_pid)
		t->first_pid = f->who.pid;
	t->style.several |= f->who.pid != t->first_pid;
}

static int text__finding(struct sink *sink, const struct finding *f)
{
	struct sink_text *t = (struct sink_text *)sink;
	char *data = NULL;
	struct text_out o;
	size_t len = 0;
	FILE *m = open_memstream(&data, &len);
	int err;

	if (!m)
		return -ENOMEM;
	notice_who(t, f);
	o = compose(t, m);
	if (f->type == FINDING_SUMMARY && f->summary) {
		if (t->day[0])
			text_out__newline(&o);
		text__summary(&o, f->summary);
	} else if (f->type != FINDING_SUMMARY) {
		put_event(t, &o, f);
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
	t->style.verbose = opts->verbose;
	return &t->sink;
}
