/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sink.h - where findings go. One file per output; each is a struct sink and nothing more.
 */
#ifndef LEASEWATCH_SINK_H
#define LEASEWATCH_SINK_H

#include <stdbool.h>
#include <stdio.h>

#include "model/finding.h"

struct sink;

struct sink_ops {
	/* Take one finding. 0, or -errno when it could not be written (the finding is lost whole).
	 */
	int (*finding)(struct sink *sink, const struct finding *f);
	void (*free)(struct sink *sink); /* flushes; never closes a stream it was handed */
};

struct sink {
	const struct sink_ops *ops;
};

struct text_options {
	bool color;   /* ANSI colours */
	bool verbose; /* every request, not only what matters */
	bool utf8;    /* characters beyond ASCII may be written */
	int width;    /* columns: sentences are wrapped there; 0 = never */
};

/*
 * What suits `out`: on a terminal its width, and colour unless NO_COLOR is set or TERM is "dumb";
 * the user's locale. Leaves `verbose` as it is. The sink follows a terminal that is resized.
 */
void text_options__detect(struct text_options *opts, FILE *out);

/* Text for a person. `out` stays the caller's. NULL with errno on failure. */
struct sink *sink_text__new(FILE *out, const struct text_options *opts);

/*
 * JSON, one object a line (DESIGN's contract), every line written with one write(2) to `fd`, so
 * that a reader never sees half a line unless the disk is full; then the half line is taken back
 * where the file allows it (ftruncate), -ENOSPC is returned and later lines are tried again.
 */
struct sink *sink_json__new(int fd);

/* Convenience over ops; a NULL sink takes everything and does nothing. */
int sink__finding(struct sink *sink, const struct finding *f);
void sink__free(struct sink *sink);

#endif
