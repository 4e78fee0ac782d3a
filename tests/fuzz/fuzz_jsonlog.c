// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_jsonlog.c - any bytes as a JSON log, all the way through: parsed, folded, shown as text, and
 * written as JSON again, which must then be a log itself.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "model/summary.h"
#include "sink/jsonlog.h"
#include "sink/sink.h"

struct outputs {
	FILE *stream;
	int fd;
	struct sink *text, *json;
	struct summary *summary;
};

static struct outputs open_outputs(void)
{
	struct text_options opts = {.color = true, .verbose = true, .utf8 = true, .width = 80};
	struct outputs o = {.stream = fopen("/dev/null", "w"),
			    .fd = memfd_create("json", MFD_CLOEXEC),
			    .summary = summary__new()};

	if (!o.stream || o.fd < 0 || !o.summary)
		abort();
	o.text = sink_text__new(o.stream, &opts);
	o.json = sink_json__new(o.fd);
	if (!o.text || !o.json)
		abort();
	return o;
}

static void close_outputs(struct outputs *o)
{
	sink__free(o->text);
	sink__free(o->json);
	summary__free(o->summary);
	fclose(o->stream);
	close(o->fd);
}

/* What was written from this offset on, and its length; to be freed. */
static char *written(int fd, off_t from, size_t *len)
{
	char *text;

	*len = (size_t)(lseek(fd, 0, SEEK_CUR) - from);
	text = malloc(*len);
	if (!text || !*len || pread(fd, text, *len, from) != (ssize_t)*len)
		abort();
	return text;
}

/*
 * What the JSON sink wrote last, from this offset on, must be one whole line that is ours, and that
 * is written just so again when it has been read. (Not a summary: it is counted, never read.)
 */
static void check_written(struct outputs *o, off_t from)
{
	struct jsonlog_line *line;
	char *text, *again;
	size_t len, again_len;
	off_t next;

	text = written(o->fd, from, &len);
	if (memchr(text, '\n', len) != text + len - 1)
		abort();
	if (jsonlog__parse(text, len - 1, &line))
		abort();
	if (jsonlog__finding(line)->type != FINDING_SUMMARY) {
		next = lseek(o->fd, 0, SEEK_CUR);
		if (sink__finding(o->json, jsonlog__finding(line)))
			abort();
		again = written(o->fd, next, &again_len);
		if (again_len != len || memcmp(again, text, len))
			abort();
		free(again);
	}
	jsonlog__free(line);
	free(text);
}

static void take_line(struct outputs *o, const char *text, size_t len)
{
	off_t before = lseek(o->fd, 0, SEEK_CUR);
	struct jsonlog_line *line;
	const struct finding *f;

	if (jsonlog__parse(text, len, &line))
		return;
	f = jsonlog__finding(line);
	if (summary__add(o->summary, f))
		abort();
	sink__finding(o->text, f);
	if (f->type != FINDING_SUMMARY) {
		if (sink__finding(o->json, f))
			abort();
		check_written(o, before);
	}
	jsonlog__free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outputs o = open_outputs();
	struct finding end = {.type = FINDING_SUMMARY, .summary = o.summary};
	const char *p = (const char *)data, *stop = p + size, *newline;
	char sentence[64];
	off_t before;

	for (; p < stop; p = newline + 1) {
		newline = memchr(p, '\n', (size_t)(stop - p));
		if (!newline)
			newline = stop;
		take_line(&o, p, (size_t)(newline - p));
		if (newline == stop)
			break;
	}
	summary__finish(o.summary, o.summary->end_ts_ns);
	summary__verdict_sentence(o.summary, sentence, sizeof(sentence));
	end.ts_ns = o.summary->end_ts_ns;
	before = lseek(o.fd, 0, SEEK_CUR);
	if (sink__finding(o.text, &end) || sink__finding(o.json, &end))
		abort();
	check_written(&o, before);
	close_outputs(&o);
	return 0;
}
