// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * screens.c - made-up moments for the tests of the live screen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "screens.h"
#include "base/utf8.h"

static const struct finding_where etcds[] = {
	{.endpoint = "etcd1.lab:2379", .address = "127.0.0.11", .port = 2379},
	{.endpoint = "etcd2.lab:2379", .address = "127.0.0.12", .port = 2379},
	{.endpoint = "etcd3.lab:2379", .address = "127.0.0.13", .port = 2379},
};

struct status *sample_status(void)
{
	static struct status s;

	memset(&s, 0, sizeof(s));
	s.now_ns = SAMPLE_TS_NS;
	s.members_len = 2;
	s.members[0] = (struct member_status){
		.who = {.pid = 4242,
			.scope = "demo",
			.member = "patroni1",
			.role = "leader",
			.version = "3.0.2"},
		.where = etcds[0],
		.lease_id = 0x7587862094000001,
		.ttl_s = 70,
		.remaining_ns = 66900000000,
		.cadence_ns = 5 * SCREEN_S,
		.since_sent_ns = 3100000000,
	};
	s.members[1] = (struct member_status){
		.who = {.pid = 4300, .scope = "demo", .member = "patroni2", .role = "replica"},
		.ttl_s = LW_UNKNOWN,
		.remaining_ns = LW_UNKNOWN_REMAINING,
		.cadence_ns = LW_UNKNOWN,
		.since_sent_ns = LW_UNKNOWN,
	};
	s.endpoints_len = 3;
	for (int i = 0; i < 3; i++)
		s.endpoints[i] = (struct endpoint_status){
			.where = etcds[i],
			.state = i ? ENDPOINT_UNKNOWN : ENDPOINT_HEALTHY,
			.last_ns = i ? LW_UNKNOWN : 43 * SCREEN_S / 1000,
			.p50_ns = i ? LW_UNKNOWN : 45 * SCREEN_S / 1000,
			.p99_ns = i ? LW_UNKNOWN : 48 * SCREEN_S / 1000,
			.max_ns = i ? LW_UNKNOWN : 48 * SCREEN_S / 1000,
			.requests = i ? 0 : 12,
			.oldest_ns = LW_UNKNOWN,
			.in_use = !i,
		};
	memcpy(s.endpoints[0].matrix,
	       (enum matrix_cell[MATRIX_COLUMNS]){CELL_OK, CELL_OK, CELL_OK, CELL_OK, CELL_OK},
	       sizeof(s.endpoints[0].matrix));
	s.dns = (struct dns_status){.lookups = 12, .last_ns = 800000, .oldest_ns = LW_UNKNOWN};
	return &s;
}

struct status *sample_incident(void)
{
	struct status *s = sample_status();
	struct member_status *m = &s->members[0];
	struct endpoint_status *e = &s->endpoints[0];

	m->remaining_ns = 57800000000;
	m->since_sent_ns = 1200000000;
	m->stalled = true;
	m->stall_where = etcds[0];
	m->stall = (struct finding_stall){
		.phase = STALL_UPDATE,
		.cause = CAUSE_ENDPOINT_ERROR,
		.severity = STALL_WARNING,
		.stall_id = 1,
		.ttl_s = 70,
		.remaining_ns = m->remaining_ns,
		.evidence_len = 5,
		.evidence = {{.key = "waiting_for", .text = "lease/keepalive"},
			     {.key = "attempt_s", .number = 7.04},
			     {.key = "http.response.status_code", .number = 503},
			     {.key = "etcd.error.message", .text = "etcdserver: request timed out"},
			     {.key = "other_requests", .text = "answered"}},
		.headline = "etcd1.lab:2379 answered the renewal after 7.04 s with 503 "
			    "\"etcdserver: request timed out\" (code 14); lease expires in 57.8 s",
		.hint = "Renewals through this member fail: it probably cannot reach the etcd "
			"leader's peer URL. Check DNS and port 2380 from that member, or restart "
			"Patroni to move away from it.",
	};
	e->state = ENDPOINT_HALF_HEALTHY;
	e->matrix[MATRIX_CONNECT] = CELL_UNKNOWN;
	e->matrix[MATRIX_KEEPALIVE] = CELL_ERROR;
	e->last_ns = e->p99_ns = e->max_ns = 7040000000;
	e->failed = 1;
	e->in_flight = 1;
	e->oldest_ns = 1200000000;
	e->oldest_rpc = "lease/keepalive";
	return s;
}

void view__open(struct view *v, bool utf8)
{
	struct top_options opts = {.host = "db1", .interval_ns = SCREEN_S, .utf8 = utf8};

	memset(v, 0, sizeof(*v));
	v->top = top__new(&opts);
	v->grid.utf8 = utf8;
	assert_non_null(v->top);
}

void view__close(struct view *v)
{
	sink__free(top__sink(v->top));
	top_grid__free(&v->grid);
	free(v->rows);
}

void view__status(struct view *v, const struct status *s)
{
	top__status(v->top, s);
}

void view__finding(struct view *v, const struct finding *f)
{
	assert_int_equal(sink__finding(top__sink(v->top), f), 0);
}

static void put_utf8(FILE *out, uint32_t c)
{
	if (c < 0x80)
		fputc((int)c, out);
	else if (c < 0x800)
		fprintf(out, "%c%c", (int)(0xC0 | c >> 6), (int)(0x80 | (c & 0x3F)));
	else
		fprintf(out, "%c%c%c", (int)(0xE0 | c >> 12), (int)(0x80 | (c >> 6 & 0x3F)),
			(int)(0x80 | (c & 0x3F)));
}

static void write_row(const struct top_grid *g, int row, FILE *out)
{
	int end = g->cols;

	while (end && top_grid__cell(g, row, end - 1)->c == ' ')
		end--;
	for (int col = 0; col < g->cols; col++) {
		const struct top_cell *cell = top_grid__cell(g, row, col);

		assert_true(cell->style < TONES);
		if (!cell->c)
			continue; /* the right half of a wide character */
		assert_true(!utf8__is_control(cell->c) && cell->c != UTF8_INVALID);
		assert_true(g->utf8 || cell->c < 0x80);
		if (col < end)
			put_utf8(out, cell->c);
	}
	fputc('\n', out);
}

void view__draw(struct view *v, int rows, int cols, int64_t later_ns)
{
	size_t size;
	FILE *out;

	assert_int_equal(top_grid__resize(&v->grid, rows, cols), 0);
	top__draw(v->top, SAMPLE_TS_NS + (uint64_t)later_ns, &v->grid);
	free(v->rows);
	v->rows = NULL;
	out = open_memstream(&v->rows, &size);
	assert_non_null(out);
	for (int row = 0; row < v->grid.rows; row++)
		write_row(&v->grid, row, out);
	fclose(out);
}

const char *view__row(const struct view *v, int row)
{
	static char line[4096];
	const char *p = v->rows;

	if (row < 0)
		row += v->grid.rows;
	while (row-- > 0)
		p = strchr(p, '\n') + 1;
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(p, "\n"), p);
	return line;
}

int view__find(const struct view *v, const char *text)
{
	const char *found = strstr(v->rows, text);
	int row = 0;

	if (!found)
		return -1;
	for (const char *p = v->rows; p < found; p++)
		row += *p == '\n';
	return row;
}

void view__expect(const struct view *v, const char *text)
{
	if (!strstr(v->rows, text))
		fail_msg("not on the screen: '%s'\n%s", text, v->rows);
}

void view__expect_not(const struct view *v, const char *text)
{
	if (strstr(v->rows, text))
		fail_msg("on the screen: '%s'\n%s", text, v->rows);
}

void view__expect_row(const struct view *v, int row, const char *text)
{
	if (strcmp(view__row(v, row), text))
		fail_msg("row %d is '%s', not '%s'\n%s", row, view__row(v, row), text, v->rows);
}
