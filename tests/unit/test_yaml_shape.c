// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_yaml_shape.c - YAML that is written to cost its reader time or memory.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/patroni.h"

static struct patroni_config cfg;

static void yaml(const char *text, int expected)
{
	memset(&cfg, 0, sizeof(cfg));
	assert_int_equal(patroni_config__parse_yaml(text, strlen(text), &cfg), expected);
}

static void survives_bombs(void **state)
{
	static char text[1024 * 1024 + 2];
	size_t used;

	(void)state;
	/* aliases of aliases: 10^9 nodes were they copied; and merges of merges */
	strcpy(text, "a0: &a0 {x: y}\n");
	for (int i = 1; i < 10; i++) {
		used = strlen(text);
		used += (size_t)sprintf(text + used, "a%d: &a%d {<<: [*a%d", i, i, i - 1);
		for (int k = 0; k < 9; k++)
			used += (size_t)sprintf(text + used, ", *a%d", i - 1);
		strcpy(text + used, "]}\n");
	}
	strcat(text, "etcd3: {<<: *a9}\nscope: x\n");
	yaml(text, 0);
	/* nested beyond reason */
	memset(text, '[', 100000);
	text[100000] = '\0';
	yaml(text, -EBADMSG);
	/* too many nodes */
	for (used = 0; used < 400000; used += 2)
		memcpy(text + used, "-\n", 2);
	text[used] = '\0';
	yaml(text, -EBADMSG);
	/* as much as is taken, and one more */
	memset(text, ' ', sizeof(text));
	memcpy(text, "scope: x\n#", 10);
	text[1024 * 1024] = '\0';
	yaml(text, 0);
	assert_string_equal(cfg.scope, "x");
	text[1024 * 1024] = ' ';
	text[1024 * 1024 + 1] = '\0';
	yaml(text, -EBADMSG);
}

/* Mappings m1 to m4, each of which merges the one before it `fan` times; and the root merges m4. */
static void write_merges(char *text, size_t fan)
{
	char *at = text + sprintf(text, "scope: demo\nm0: &m0 {q: 1}\n");

	for (int level = 1; level <= 4; level++) {
		at += sprintf(at, "m%d: &m%d {<<: [", level, level);
		for (size_t i = 0; i < fan; i++)
			at += sprintf(at, "%s*m%d", i ? ", " : "", level - 1);
		at += sprintf(at, "]}\n");
	}
	strcpy(at, "<<: *m4\n");
}

/* 120^4 lookups take 12 s, 300^4 forever: an alarm ends the program if they are made. */
static void has_one_budget_for_merges(void **state)
{
	static char text[16384];

	(void)state;
	alarm(30);
	write_merges(text, 2);
	yaml(text, 0);
	assert_string_equal(cfg.scope, "demo");
	write_merges(text, 120);
	yaml(text, -EBADMSG);
	write_merges(text, 300);
	yaml(text, -EBADMSG);
	alarm(0);
}

static void bounds_anchors_and_aliases(void **state)
{
	static char text[64 * 1024];
	char *at;

	(void)state;
	at = text + sprintf(text, "scope: x\nlist:\n");
	for (int i = 0; i < 257; i++)
		at += sprintf(at, "- &a%d v\n", i);
	yaml(text, -EBADMSG);
	at = text + sprintf(text, "scope: &s x\nlist:\n");
	for (int i = 0; i < 1025; i++)
		at += sprintf(at, "- *s\n");
	yaml(text, -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(survives_bombs),
		cmocka_unit_test(has_one_budget_for_merges),
		cmocka_unit_test(bounds_anchors_and_aliases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
