// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * json.c - the JSON sink: every finding becomes one line of a file, a pipe or stdout.
 */
#include <errno.h>
#include <stdlib.h>

#include "sink/json_out.h"
#include "sink/jsonline.h"
#include "sink/sink.h"

struct sink_json {
	struct sink sink;
	struct jsonline_file file;
};

static int json__finding(struct sink *sink, const struct finding *f)
{
	struct sink_json *j = (struct sink_json *)sink;
	json_t *tree;
	char *line;
	size_t len;
	int err = 0;

	tree = json_finding(f, &err);
	if (!tree)
		return err;
	err = jsonline__encode(tree, &line, &len);
	json_decref(tree);
	if (err)
		return err;
	err = jsonline__write(&j->file, line, len);
	free(line);
	return err;
}

static void json__free(struct sink *sink)
{
	free((struct sink_json *)sink);
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
