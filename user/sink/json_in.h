/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json_in.h - one value out of a JSON object that may be anybody's. A key that is missing, of the
 * wrong type or out of its range is a value that is not known. Strings and keys are the object's.
 */
#ifndef LEASEWATCH_JSON_IN_H
#define LEASEWATCH_JSON_IN_H

#include <jansson.h>

#include "model/finding.h"

const char *json_in__string(const json_t *o, const char *key);		 /* NULL */
int64_t json_in__int(const json_t *o, const char *key, int64_t unknown); /* from 0 on */
uint64_t json_in__id(const json_t *o, const char *key);			 /* decimal string; 0 */
int64_t json_in__upto(const json_t *o, const char *key, int64_t max);	 /* 0..max, else 0 */
/* Seconds with six places, back to the very microsecond, as nanoseconds. */
int64_t json_in__seconds(const json_t *o, const char *key, int64_t unknown);
int64_t json_in__duration(const json_t *o, const char *key); /* LW_UNKNOWN; never below 0 */
/* "2026-01-02T03:04:05.123456Z", with none to nine places. 0 or -EBADMSG. */
int json_in__time(const char *text, uint64_t *ts_ns);
/* The members of "evidence" that are text or numbers, at most `max`. Returns how many. */
size_t json_in__evidence(const json_t *o, const char *key, struct evidence *list, size_t max);

#endif
