// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_manual.c - the manual has every key of the JSON log and of evidence, with what it means.
 *
 * With --write it rewrites that section: `make man-fields`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "manual.h"
#include "sink/evidence.h"
#include "sink/field.h"

static char *read_manual(void)
{
	FILE *in = fopen(MANUAL_PATH, "re");
	char *text = NULL;
	size_t size = 0;

	if (!in)
		return NULL;
	if (getdelim(&text, &size, '\0', in) < 0) {
		free(text);
		text = NULL;
	}
	fclose(in);
	return text;
}

/* Where the section begins and ends; false when a mark is missing. */
static bool find_section(char *manual, char **begin, char **end)
{
	*begin = strstr(manual, MANUAL_BEGIN);
	*end = strstr(manual, MANUAL_END);
	if (!*begin || !*end || *end < *begin)
		return false;
	*begin += strlen(MANUAL_BEGIN);
	return true;
}

static void test_the_manual_follows_the_tables(void **state)
{
	char *manual = read_manual(), *fields = manual__fields(), *begin, *end;

	(void)state;
	assert_non_null(manual);
	assert_non_null(fields);
	assert_true(find_section(manual, &begin, &end));
	*end = '\0';
	if (strcmp(begin, fields) != 0)
		fail_msg("%s is older than the tables of keys; run: make man-fields", MANUAL_PATH);
	free(manual);
	free(fields);
}

/* A sentence, and not by accident another row's. */
static void check_meaning(const char *key, const char *meaning)
{
	if (strlen(meaning) < 10 || meaning[strlen(meaning) - 1] != '.')
		fail_msg("%s: its meaning is no sentence: %s", key, meaning);
}

static void check_rows(const struct field *rows)
{
	for (const struct field *f = rows; !field__is_last(f); f++) {
		if (f->key)
			check_meaning(f->key, f->meaning);
		for (const struct field *g = rows; f->key && g < f; g++)
			if (g->key && !strcmp(g->key, f->key))
				fail_msg("%s is there twice", f->key);
		if (f->rows)
			check_rows(f->rows);
	}
}

static void test_every_key_has_a_meaning(void **state)
{
	(void)state;
	for (size_t i = 0; i < FINDING_TYPES; i++) {
		assert_non_null(event_fields[i].name);
		check_meaning(event_fields[i].name, event_fields[i].meaning);
		check_rows(event_fields[i].rows);
	}
	for (size_t i = 0; i < evidence_rows_len; i++) {
		check_meaning(evidence_rows[i].key, evidence_rows[i].meaning);
		assert_ptr_equal(evidence__row(evidence_rows[i].key), &evidence_rows[i]);
	}
}

static int write_section(void)
{
	char *manual = read_manual(), *fields = manual__fields(), *begin, *end;
	FILE *out;
	int err;

	if (!manual || !fields || !find_section(manual, &begin, &end)) {
		fprintf(stderr, "%s: no such file, or not its two marks\n", MANUAL_PATH);
		return 1;
	}
	out = fopen(MANUAL_PATH, "we");
	if (!out) {
		perror(MANUAL_PATH);
		return 1;
	}
	fprintf(out, "%.*s%s%s", (int)(begin - manual), manual, fields, end);
	err = fclose(out);
	free(manual);
	free(fields);
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_manual_follows_the_tables),
		cmocka_unit_test(test_every_key_has_a_meaning),
	};

	if (argc == 2 && !strcmp(argv[1], "--write"))
		return write_section();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
