/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * summaries.h - a summary to be filled by a test.
 */
#ifndef LEASEWATCH_SUMMARIES_H
#define LEASEWATCH_SUMMARIES_H

#include "findings.h"

/* For cmocka: *state is a struct summary. */
int summary_setup(void **state);
int summary_teardown(void **state);

/* Fold it in; the test fails when that does. */
void add(struct summary *s, struct finding f);
/* What it amounts to, in words. */
void check_sentence(const struct summary *s, const char *expected);

#endif
