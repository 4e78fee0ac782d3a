// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * summaries.c - see summaries.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "summaries.h"

int summary_setup(void **state)
{
	*state = summary__new();
	return *state ? 0 : -1;
}

int summary_teardown(void **state)
{
	summary__free(*state);
	return 0;
}

void add(struct summary *s, struct finding f)
{
	assert_int_equal(summary__add(s, &f), 0);
}

void check_sentence(const struct summary *s, const char *expected)
{
	char text[512];

	summary__verdict_sentence(s, text, sizeof(text));
	assert_string_equal(text, expected);
}
