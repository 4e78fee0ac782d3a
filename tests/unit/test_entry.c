// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_entry.c - a finding in words: what both text and the live screen are made of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "findings.h"
#include "sink/entry.h"

static const struct entry_line *line_of(const struct entry *e, enum entry_kind kind)
{
	for (size_t i = 0; i < e->lines_len; i++)
		if (e->lines[i].kind == kind)
			return &e->lines[i];
	return NULL;
}

static void test_a_stall_is_headline_cause_evidence_hint(void **state)
{
	static struct entries s;
	struct finding f = sample_stall(STALL_BEGIN);
	const struct entry *e = entries__add(&s, &f);

	(void)state;
	assert_string_equal(e->tag, "STALL");
	assert_int_equal(e->tone, TONE_WARN);
	assert_int_equal(e->ts_ns, SAMPLE_TS_NS);
	assert_int_equal(e->lines_len, 4);
	assert_false(e->minor);
	for (size_t i = 0; i < 4; i++)
		assert_false(e->lines[i].minor);
	assert_string_equal(e->text + e->spans[line_of(e, ENTRY_TEXT)->span].at, f.stall.headline);
	assert_string_equal(e->text + e->spans[line_of(e, ENTRY_CAUSE)->span].at,
			    "endpoint_silent");
	assert_string_equal(e->text + e->spans[line_of(e, ENTRY_HINT)->span].at, f.stall.hint);
	/* An update with the same cause: the evidence is a detail, the hint is known. */
	f.stall.phase = STALL_UPDATE;
	e = entries__add(&s, &f);
	assert_string_equal(e->tag, "STALLED");
	assert_true(line_of(e, ENTRY_EVIDENCE)->minor);
	assert_null(line_of(e, ENTRY_HINT));
}

static void test_what_the_headline_quotes_is_no_evidence(void **state)
{
	static struct entries s;
	struct finding f = sample_stall(STALL_BEGIN);

	(void)state;
	f.stall.headline = "etcd2 answered 503 \"request timed out\"";
	f.stall.evidence_len = 1;
	f.stall.evidence[0] =
		(struct evidence){.key = "etcd.error.message", .text = "request timed out"};
	assert_null(line_of(entries__add(&s, &f), ENTRY_EVIDENCE));
	f.stall.evidence[0].text = "no leader";
	assert_non_null(line_of(entries__add(&s, &f), ENTRY_EVIDENCE));
}

static void test_a_repeat_is_minor(void **state)
{
	static struct entries s, every = {.every = true};
	struct finding f = sample_connect(CONNECT_REFUSED);

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(entries__add(&s, &f)->minor, i > 0);
		assert_false(entries__add(&every, &f)->minor);
	}
}

/* What a log holds may be of any length: it is cut, and what was said before stays. */
static void test_more_than_there_is_room_for(void **state)
{
	static struct entries s;
	static char text[4096];
	struct finding f = sample_stall(STALL_BEGIN);
	const struct entry *e;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	f.stall.headline = "headline";
	f.stall.evidence_len = EVIDENCE_MAX;
	for (int i = 0; i < EVIDENCE_MAX; i++)
		f.stall.evidence[i] = (struct evidence){.key = "key", .text = text};
	for (int i = 0; i < 2; i++) {
		e = entries__add(&s, &f);
		assert_true(e->text_len < ENTRY_BYTES);
		assert_true(e->spans_len < ENTRY_SPANS);
		for (size_t k = 0; k < e->spans_len; k++) {
			assert_true(e->spans[k].at < ENTRY_BYTES);
			assert_true(strlen(e->text + e->spans[k].at) < 2048);
		}
		assert_string_equal(e->text, "headline");
		assert_int_equal(e->lines[e->lines_len - 1].span +
					 e->lines[e->lines_len - 1].spans_len,
				 e->spans_len);
	}
}

/* A line breaks at its spaces only, wherever the tone changes. */
static void test_no_line_begins_with_what_belongs_to_the_one_before(void **state)
{
	struct finding f = sample_stall(STALL_BEGIN);

	(void)state;
	f.who.member = "a-member-with-a-long-name";
	for (int width = 60; width < 120; width++) {
		struct text_options opts = {.width = width};
		char *text = text_of(&f, 1, &opts);

		for (const char *line = text; line; line = strchr(line, '\n')) {
			line += strspn(line, "\n ");
			assert_null(strchr(";,)", *line ? *line : 'x'));
		}
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_stall_is_headline_cause_evidence_hint),
		cmocka_unit_test(test_what_the_headline_quotes_is_no_evidence),
		cmocka_unit_test(test_a_repeat_is_minor),
		cmocka_unit_test(test_more_than_there_is_room_for),
		cmocka_unit_test(test_no_line_begins_with_what_belongs_to_the_one_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
