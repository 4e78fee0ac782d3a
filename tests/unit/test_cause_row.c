// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_cause_row.c - every cause has a whole row; README and the manual say what the rows
 * say, and the alerts' runbook knows them all.
 */
#include <ctype.h>
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
#define RULES  "tools/packaging/prometheus/leasewatch.rules.yml"

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

/* The plain text of a row as the manual has it: without the marks of Markdown, hyphens escaped. */
static void put_as_roff(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (; *text && n + 2 < size; text++) {
		if (*text == '`')
			continue;
		if (*text == '-')
			out[n++] = '\\';
		out[n++] = *text;
	}
	out[n] = '\0';
}

/* It may be wrapped; its first letter may be large. */
static bool begins_with_text(const char *at, const char *text)
{
	for (size_t i = 0; text[i]; i++) {
		char c = at[i] == '\n' ? ' ' : at[i];

		if (c != text[i] && (i || c != toupper((unsigned char)*text)))
			return false;
	}
	return true;
}

static void check_paragraph(const char *at, const struct cause_row *row)
{
	static const char look[] = "\n.br\nWhere to look: ";
	char want[512], text[256];
	const char *where = strstr(at, look);

	put_as_roff(text, sizeof(text), row->meaning);
	snprintf(want, sizeof(want), "%s. .br ", text);
	if (!begins_with_text(at, want))
		fail_msg("%s should say of %s: %s", MANUAL, row->name, text);
	put_as_roff(text, sizeof(text), row->where_to_look);
	snprintf(want, sizeof(want), "%s. ", text);
	if (!where || where > strstr(at, "\n.TP\n") ||
	    !begins_with_text(where + strlen(look), want))
		fail_msg("%s should say where to look for %s: %s", MANUAL, row->name, text);
}

/*
 * The section CAUSES has a paragraph for each, in the order of the rows and with what they say; the
 * one without a cause is the last.
 */
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
		if (c < CAUSES)
			check_paragraph(at + 1, cause_row(c));
	}
	free(text);
}

/* "dns: ...", "local_delay, not_attempted: ...": the causes that begin a sentence; where it goes
 * on. */
static const char *count_causes(const char *at, int seen[CAUSES])
{
	char name[32];

	for (;;) {
		size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz_");
		int cause;

		snprintf(name, sizeof(name), "%.*s", (int)len, at);
		cause = enum_value(&cause_names, name);
		if (cause <= CAUSE_UNKNOWN)
			fail_msg("%s: '%.30s': there is no such cause", RULES, at);
		seen[cause]++;
		at += len;
		if (*at != ',')
			break;
		at += 1 + strspn(at + 1, " \n");
	}
	assert_int_equal(*at, ':');
	return at;
}

/* The runbook of LeasewatchStall goes through the causes: each once, and no other. */
static void test_rules(void **state)
{
	static const char head[] = "By cause, check:";
	char *text = read_whole(RULES);
	const char *at = strstr(text, head);
	int seen[CAUSES] = {0};

	(void)state;
	assert_non_null(at);
	at += sizeof(head) - 1;
	for (at += strspn(at, " \n"); *at && *at != '-'; at += strspn(at, " \n")) {
		at = count_causes(at, seen);
		at += strcspn(at, ".?");
		at += *at != '\0';
	}
	for (int c = CAUSE_UNKNOWN + 1; c < CAUSES; c++)
		if (seen[c] != 1)
			fail_msg("%s: %s is there %d times", RULES, cause_row(c)->name, seen[c]);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_are_whole),
		cmocka_unit_test(test_readme),
		cmocka_unit_test(test_manual),
		cmocka_unit_test(test_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
