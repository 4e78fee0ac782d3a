// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_cause_row.c - every cause has a whole row, and README and the manual say what the rows say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/cause_row.h"

/* Of the source tree, in which the tests are run. */
#define README "README.md"
#define MANUAL "tools/packaging/man/leasewatch.1"

static char *read_whole(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (!f)
		fail_msg("%s: the tests are run in the source tree", path);
	if (getdelim(&text, &size, '\0', f) < 0)
		fail_msg("%s cannot be read", path);
	fclose(f);
	return text;
}

static void test_rows_are_whole(void **state)
{
	(void)state;
	for (int c = CAUSE_UNKNOWN; c < CAUSES; c++) {
		const struct cause_row *row = cause_row(c);

		assert_non_null(row->name);
		assert_non_null(row->headline);
		assert_non_null(row->hint);
		assert_string_equal(enum_name(&cause_names, c), row->name);
		assert_int_equal(row->side == SIDE_UNKNOWN, c == CAUSE_UNKNOWN);
		assert_int_equal(!row->meaning, c == CAUSE_UNKNOWN);
		assert_int_equal(!row->where_to_look, c == CAUSE_UNKNOWN);
	}
	assert_ptr_equal(cause_row(CAUSES), cause_row(CAUSE_UNKNOWN));
}

/* Its table of causes is the rows, in their order, and nothing else. */
static void test_readme(void **state)
{
	static const char head[] = "| cause | what it means | where to look |\n|---|---|---|\n";
	char *text = read_whole(README), *at = strstr(text, head), line[512];

	(void)state;
	assert_non_null(at);
	at += sizeof(head) - 1;
	for (int c = CAUSE_UNKNOWN + 1; c < CAUSES; c++) {
		const struct cause_row *row = cause_row(c);
		size_t len = (size_t)snprintf(line, sizeof(line), "| `%s` | %s | %s |\n", row->name,
					      row->meaning, row->where_to_look);

		if (strncmp(at, line, len) != 0)
			fail_msg("%s should say:\n%sand says:\n%.*s", README, line,
				 (int)strcspn(at, "\n"), at);
		at += len;
	}
	assert_int_equal(*at, '\n');
	free(text);
}

/* The section CAUSES has a paragraph for each, in the order of the rows; the one without a cause is
 * the last. */
static void test_manual(void **state)
{
	char *text = read_whole(MANUAL), *at = strstr(text, "\n.SH CAUSES\n"), *end, want[64];

	(void)state;
	assert_non_null(at);
	end = strstr(at + 1, "\n.SH ");
	assert_non_null(end);
	*end = '\0';
	for (int c = CAUSE_UNKNOWN + 1; c <= CAUSES; c++) {
		snprintf(want, sizeof(want), "\n.TP\n.B %s\n", cause_row(c)->name);
		at = strstr(at, "\n.TP\n");
		if (!at || strncmp(at, want, strlen(want)) != 0)
			fail_msg("%s should go on with %s", MANUAL, cause_row(c)->name);
		at += strlen(want) - 1;
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_are_whole),
		cmocka_unit_test(test_readme),
		cmocka_unit_test(test_manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
