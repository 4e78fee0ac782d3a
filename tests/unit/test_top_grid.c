// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_top_grid.c - cells: what is cut, wrapped, wide, or not let through.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/human.h"
#include "sink/top/private.h"

/* A row as ASCII: the right half of a wide character is '_', what is beyond ASCII '*'. */
static const char *row_of(const struct top_grid *g, int row)
{
	static char line[256];

	for (int col = 0; col < g->cols; col++) {
		uint32_t c = top_grid__cell(g, row, col)->c;

		line[col] = c == 0 ? '_' : c < 0x80 ? (char)c : '*';
	}
	line[g->cols] = '\0';
	return line;
}

static struct top_grid *blank(int rows, int cols, bool utf8)
{
	static struct top_grid g;

	g.utf8 = utf8;
	assert_int_equal(top_grid__resize(&g, rows, cols), 0);
	return &g;
}

static void test_a_field_cuts_and_marks(void **state)
{
	struct top_grid *g = blank(3, 10, false);

	(void)state;
	assert_int_equal(top_grid__put(g, 0, 1, 5, TONE_BOLD, "abcde"), 6);
	assert_string_equal(row_of(g, 0), " abcde    ");
	assert_int_equal(top_grid__put(g, 1, 1, 5, TONE_BOLD, "abcdef"), 6);
	assert_string_equal(row_of(g, 1), " abcd~    ");
	assert_int_equal(top_grid__cell(g, 1, 1)->style, TONE_BOLD);
	assert_int_equal(top_grid__cell(g, 1, 6)->style, TONE_PLAIN);
	top_grid__put(g, 2, 7, 50, TONE_PLAIN, "abcdef");
	assert_string_equal(row_of(g, 2), "       ab~");
	top_grid__put_right(g, 2, 0, 6, TONE_PLAIN, "12.3");
	assert_string_equal(row_of(g, 2), "  12.3 ab~");
	/* Outside: nothing happens. */
	top_grid__put(g, 3, 0, 5, TONE_PLAIN, "abc");
	top_grid__put(g, -1, 0, 5, TONE_PLAIN, "abc");
	top_grid__put(g, 0, 12, 5, TONE_PLAIN, "abc");
	top_grid__put(g, 0, 1, 0, TONE_PLAIN, "xyz");
	top_grid__paint(g, 7, TONE_BAR);
	assert_string_equal(row_of(g, 0), " abcde    ");
}

static void test_wide_characters(void **state)
{
	struct top_grid *g = blank(4, 6, true);

	(void)state;
	assert_int_equal(top_grid__columns(g, "a\u6f22b"), 4);
	assert_int_equal(top_grid__columns(g, "e\u0301"), 1); /* an accent apart */
	top_grid__put(g, 0, 0, 6, TONE_PLAIN, "a\u6f22b");
	assert_string_equal(row_of(g, 0), "a*_b  ");
	/* No half of one stands anywhere: not at the cut, not at the edge, not when overwritten. */
	top_grid__put(g, 1, 0, 4, TONE_PLAIN, "ab\u6f22\u6f22");
	assert_string_equal(row_of(g, 1), "ab*   ");
	assert_int_equal(top_grid__cell(g, 1, 2)->c, 0x2026);
	top_grid__put(g, 2, 0, 6, TONE_PLAIN, "\u6f22\u6f22\u6f22");
	assert_string_equal(row_of(g, 2), "*_*_*_");
	top_grid__put(g, 2, 1, 2, TONE_PLAIN, "xy");
	assert_string_equal(row_of(g, 2), " xy *_");
	top_grid__put(g, 3, 5, 1, TONE_PLAIN, "\u6f22");
	assert_string_equal(row_of(g, 3), "     *");
	g->utf8 = false;
	top_grid__put(g, 3, 0, 6, TONE_PLAIN, "a\u6f22b");
	assert_string_equal(row_of(g, 3), "a?b  *");
}

static int wrap(struct top_grid *g, struct top_wrap how, const char *text)
{
	return top_grid__wrap(g, &how, text);
}

static void test_wrapping(void **state)
{
	struct top_grid *g = blank(4, 12, false);

	(void)state;
	assert_int_equal(wrap(g, (struct top_wrap){.rows = 4, .col = 2, .width = 10, .first = 4},
			      "one two three four"),
			 2);
	assert_string_equal(row_of(g, 0), "    one two ");
	assert_string_equal(row_of(g, 1), "  three four");
	assert_string_equal(row_of(g, 2), "            ");
}

static void test_wrapping_what_is_too_long(void **state)
{
	struct top_grid *g = blank(4, 12, false);

	(void)state;
	assert_int_equal(wrap(g, (struct top_wrap){.rows = 2, .width = 12}, "one two three four"),
			 2);
	g = blank(4, 12, false);
	assert_int_equal(
		wrap(g, (struct top_wrap){.rows = 2, .width = 12}, "one two three four five six"),
		3);
	assert_string_equal(row_of(g, 0), "one two     ");
	assert_string_equal(row_of(g, 1), "three four~ ");
	assert_string_equal(row_of(g, 2), "            ");
	/* A word longer than a row is broken where it must be. */
	g = blank(4, 12, false);
	assert_int_equal(wrap(g, (struct top_wrap){.rows = 4, .width = 12}, "a 0123456789abcdef b"),
			 3);
	assert_string_equal(row_of(g, 1), "0123456789ab");
	assert_string_equal(row_of(g, 2), "cdef b      ");
	/* Only measured: nothing is drawn. */
	g = blank(4, 12, false);
	assert_int_equal(wrap(g, (struct top_wrap){.rows = 0, .width = 4}, "one two three"), 4);
	assert_string_equal(row_of(g, 0), "            ");
	assert_int_equal(wrap(g, (struct top_wrap){.rows = 4, .width = 0}, "one"), 0);
	assert_int_equal(wrap(g, (struct top_wrap){.row = 3, .rows = 9, .width = 3}, "a b c d e"),
			 3);
}

static void test_columns_make_room(void **state)
{
	struct top_column c[] = {
		{.title = "a", .least = 4, .most = 10},
		{.title = "b", .least = 8, .most = 40, .rest = true},
		{.title = "c", .least = 6, .drop = 1},
		{.title = "d", .least = 6, .drop = 2},
	};

	(void)state;
	top_table__fit(c, 4, 60);
	assert_int_equal(c[0].width, 10);
	assert_int_equal(c[1].at, 11);
	assert_int_equal(c[1].width, 35);
	assert_int_equal(c[3].at + c[3].width, 60);
	top_table__fit(c, 4, 26);
	assert_int_equal(c[3].width, 0);
	assert_int_equal(c[0].width, 10); /* before the one that takes the rest */
	assert_int_equal(c[2].at + c[2].width, 26);
	top_table__fit(c, 4, 5);
	assert_int_equal(c[2].width, 0);
	assert_int_equal(c[1].width, 8); /* cut at the edge by the grid */
}

static void check_latency(int64_t ns, const char *expected)
{
	char buf[HUMAN_BYTES];

	assert_string_equal(top_latency(buf, ns), expected);
	assert_true(strlen(buf) <= 5);
}

static void test_latencies_are_short(void **state)
{
	(void)state;
	check_latency(-1, "-");
	check_latency(0, "<1ms");
	check_latency(999999, "<1ms");
	check_latency(4600000, "4.6ms");
	check_latency(9960000, "10ms");
	check_latency(999400000, "999ms");
	check_latency(999600000, "1.00s");
	check_latency(7043000000, "7.04s");
	check_latency(9996000000, "10.0s");
	check_latency(99960000000, "100s");
	check_latency(599000000000, "599s");
	check_latency(600000000000, "10min");
	check_latency(INT64_C(7200) * 1000000000, "2h");
	check_latency(INT64_C(3000000) * 1000000000, "35d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_field_cuts_and_marks),
		cmocka_unit_test(test_wide_characters),
		cmocka_unit_test(test_wrapping),
		cmocka_unit_test(test_wrapping_what_is_too_long),
		cmocka_unit_test(test_columns_make_room),
		cmocka_unit_test(test_latencies_are_short),
	};

	setlocale(LC_CTYPE, "C.UTF-8"); /* for wcwidth() */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
