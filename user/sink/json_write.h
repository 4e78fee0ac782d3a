/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json_write.h - one finding as one line of JSON.
 */
#ifndef LEASEWATCH_JSON_WRITE_H
#define LEASEWATCH_JSON_WRITE_H

#include "model/finding.h"
#include "sink/json_text.h"

/* Begins the text again: t->data is the line then, with its newline. 0, -ENOMEM, or -EINVAL for a
 * finding that is none. */
int json_write(struct json_text *t, const struct finding *f);

#endif
