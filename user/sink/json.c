// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * json.c - the JSON sink: every finding becomes one line of a file, a pipe or stdout.
 */
#include <stdlib.h>

#include "sink/json_write.h"
#include "sink/jsonline.h"
#include "sink/sink.h"

struct sink_json {
	struct sink sink;
	struct json_text line;
	struct jsonline_file file;
};

static int json__finding(struct sink *sink, const struct finding *f)
{
	struct sink_json *j = (struct sink_json *)sink;
	int err = json_write(&j->line, f);

	return err ? err : jsonline__write(&j->file, j->line.data, j->line.len);
}

static void json__free(struct sink *sink)
{
	struct sink_json *j = (struct sink_json *)sink;

	json_text__free(&j->line);
	free(j);
}

static const struct sink_ops json_ops = {
	.finding = json__finding,
	.free = json__free,
};

struct sink *sink_json__new(int fd)
{
	struct sink_json *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->sink.ops = &json_ops;
	j->file.fd = fd;
	return &j->sink;
}
