// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * jsonlog.c - one line of a JSON log, back to a finding. The log may be anybody's: nothing is
 * trusted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/histogram.h"
#include "sink/json_in.h"
#include "sink/json_read.h"
#include "sink/jsonlog.h"

#define SCHEMA_VERSION 1

struct jsonlog_line {
	json_t *root;
	struct finding finding;
	struct histogram latency; /* what a finding of requests borrows */
};

/* What the rows cannot say. */
static int complete(struct finding *f)
{
	struct finding_tls *tls = &f->connect.tls;

	switch (f->type) {
	case FINDING_START:
		return f->start.schema_version == SCHEMA_VERSION ? 0 : -ENOTSUP;
	case FINDING_CONNECT:
		tls->on = tls->server_name || tls->error || tls->duration_ns != LW_UNKNOWN;
		return 0;
	case FINDING_REQUESTS:
		return f->requests.rpc && f->requests.count ? 0 : -EBADMSG;
	default:
		return 0;
	}
}

static int read_finding(struct jsonlog_line *line)
{
	struct finding *f = &line->finding;
	const char *event = json_in__string(line->root, "event");
	int err;

	if (!event)
		return -EBADMSG;
	err = json_in__time(json_in__string(line->root, "ts"), &f->ts_ns);
	if (err)
		return err;
	for (size_t i = 0; i < FINDING_TYPES; i++) {
		if (strcmp(event_fields[i].name, event) != 0)
			continue;
		f->type = (enum finding_type)i;
		if (f->type == FINDING_REQUESTS)
			f->requests.latency = &line->latency;
		if (!event_fields[i].no_way_back)
			err = json_read(line->root, event_fields[i].rows, f);
		return err ? err : complete(f);
	}
	return -ENOMSG;
}

int jsonlog__parse(const char *text, size_t len, struct jsonlog_line **line)
{
	json_error_t error;
	struct jsonlog_line *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	l->root = json_loadb(text, len, 0, &error);
	if (!l->root)
		err = json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EBADMSG;
	else if (!json_is_object(l->root))
		err = -EBADMSG;
	else
		err = read_finding(l);
	if (err) {
		jsonlog__free(l);
		return err;
	}
	*line = l;
	return 0;
}

const struct finding *jsonlog__finding(const struct jsonlog_line *line)
{
	return &line->finding;
}

void jsonlog__free(struct jsonlog_line *line)
{
	if (!line)
		return;
	json_decref(line->root);
	free(line);
}
