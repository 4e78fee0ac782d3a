/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json_read.h - the way back from json_write.c.
 */
#ifndef LEASEWATCH_JSON_READ_H
#define LEASEWATCH_JSON_READ_H

#include <jansson.h>

#include "sink/field.h"

/*
 * Fill what the rows describe, but a summary, from an object that may be anybody's; strings are the
 * object's. A histogram that is borrowed must be there, empty. 0, or -ENOMSG when a word is missing
 * or new.
 */
int json_read(const json_t *o, const struct field *rows, void *base);

#endif
