// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * text_summary.c - the end of a trace, and the whole of a report: tables, and one sentence.
 */
#include <inttypes.h>
#include <string.h>

#include "leasewatch/units.h"
#include "model/summary.h"
#include "sink/text_private.h"

/* "  cluster/member/list" and "etcd2.lab:2379  half_healthy" both fit the first columns. */
#define STATE_COLUMNS 12
#define NAME_MIN      16
#define NAME_MAX      40

/* Where the columns of numbers end, counted from the end of the state's column. */
enum {
	REQUESTS_END = 9,
	FAILED_END = 17,
	TIMEOUTS_END = 27,
	P50_END = 35,
	P99_END = 43,
	MAX_END = 51
};

static void put_window(struct text_out *o, const struct summary *s)
{
	char from[40], to[40], d[HUMAN_BYTES], from_day[16], to_day[16];
	bool one_day;

	human_time(s->begin_ts_ns, "%Y-%m-%d", from_day, sizeof(from_day));
	human_time(s->end_ts_ns, "%Y-%m-%d", to_day, sizeof(to_day));
	one_day = !strcmp(from_day, to_day);
	text_out__put(o, TONE_BOLD, "Summary");
	text_out__put(o, TONE_PLAIN, "  %s to %s (%s)",
		      human_time(s->begin_ts_ns, "%Y-%m-%d %H:%M:%S", from, sizeof(from)),
		      human_time(s->end_ts_ns, one_day ? "%H:%M:%S %Z" : "%Y-%m-%d %H:%M:%S %Z", to,
				 sizeof(to)),
		      human_duration_utf8(o->utf8, d, (int64_t)(s->end_ts_ns - s->begin_ts_ns)));
	text_out__newline(o);
}

static int name_columns(const struct text_out *o, const struct summary *s)
{
	int columns = NAME_MIN;

	for (size_t i = 0; i < s->endpoints_len; i++) {
		int n = text_out__columns(o, s->endpoints[i].endpoint);

		columns = n > columns ? n : columns;
	}
	return columns < NAME_MAX ? columns : NAME_MAX;
}

static void put_number(struct text_out *o, int end, uint64_t n, bool bad)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, n);
	text_out__right(o, bad && n ? TONE_BAD : TONE_PLAIN, end, text);
}

static void put_quantiles(struct text_out *o, int base, const struct histogram *h)
{
	static const struct {
		int end;
		double q;
	} columns[] = {{P50_END, 0.50}, {P99_END, 0.99}, {MAX_END, 1}};
	char d[HUMAN_BYTES];

	for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
		int64_t ns = histogram__quantile_ns(h, columns[i].q);

		text_out__right(o, TONE_PLAIN, base + columns[i].end,
				ns < 0 ? "-" : human_duration_utf8(o->utf8, d, ns));
	}
	text_out__newline(o);
}

static void put_header(struct text_out *o, int state_col)
{
	static const struct {
		int end;
		const char *text;
	} columns[] = {{REQUESTS_END, "requests"}, {FAILED_END, "failed"},
		       {TIMEOUTS_END, "timeouts"}, {P50_END, "p50"},
		       {P99_END, "p99"},	   {MAX_END, "max"}};

	text_out__put(o, TONE_DIM, "endpoint");
	text_out__to(o, state_col);
	text_out__put(o, TONE_DIM, "state");
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		text_out__right(o, TONE_DIM, state_col + STATE_COLUMNS + columns[i].end,
				columns[i].text);
	text_out__newline(o);
}

static void put_rpc(struct text_out *o, int base, const struct summary_rpc *r)
{
	text_out__to(o, 2);
	text_out__put(o, TONE_PLAIN, "%s", r->rpc);
	put_number(o, base + REQUESTS_END, summary_rpc__requests(r), false);
	put_number(o, base + FAILED_END, summary_rpc__failed(r), true);
	put_number(o, base + TIMEOUTS_END, r->outcomes[REQUEST_TIMEOUT], true);
	put_quantiles(o, base, &r->latency);
}

static void put_matrix(struct text_out *o, const struct summary_endpoint *end)
{
	struct entry e;

	entry__begin(&e, 0, TONE_PLAIN, "");
	entry__add_matrix(&e, end->matrix);
	if (!e.spans_len)
		return;
	text_out__put(o, TONE_PLAIN, "  at the end: ");
	entry__put_line(o, &e, 1, 0);
	text_out__newline(o);
}

static void put_endpoint_row(struct text_out *o, int state_col, const struct summary_endpoint *e)
{
	int base = state_col + STATE_COLUMNS;
	const char *state = enum_name(&endpoint_state_names, e->state);

	text_out__put(o, TONE_BOLD, "%s", e->endpoint);
	text_out__to(o, state_col);
	text_out__put(o, tone__state(e->state), "%s",
		      e->state == ENDPOINT_UNKNOWN || !state ? "-" : state);
	put_number(o, base + REQUESTS_END, e->requests, false);
	put_number(o, base + FAILED_END, e->failed, true);
	put_number(o, base + TIMEOUTS_END, e->timeouts, true);
	put_quantiles(o, base, &e->latency);
	for (size_t i = 0; i < e->rpcs_len; i++)
		put_rpc(o, base, &e->rpcs[i]);
	if (e->connects_failed) {
		text_out__to(o, 2);
		text_out__put(o, TONE_PLAIN, "connect");
		put_number(o, base + REQUESTS_END, e->connects, false);
		put_number(o, base + FAILED_END, e->connects_failed, true);
		text_out__newline(o);
	}
	if (e->state > ENDPOINT_HEALTHY)
		put_matrix(o, e);
}

static void put_endpoint_table(struct text_out *o, const struct summary *s)
{
	int state_col = name_columns(o, s) + 1;

	if (!s->endpoints_len)
		return;
	text_out__newline(o);
	put_header(o, state_col);
	for (size_t i = 0; i < s->endpoints_len; i++)
		put_endpoint_row(o, state_col, &s->endpoints[i]);
}

/* The table of stalls: where its columns stand. */
struct stall_table {
	const char *time_format;
	int lasted_end, cause_col, endpoint_col, left_end, result_col, member_col;
	bool several; /* members */
};

/* As summary_stall__where(), in fewer columns. */
static const char *stall_where(const struct summary_stall *st, char *buf, size_t size)
{
	if (!st->endpoint[0])
		return "-";
	if (!st->elsewhere)
		return st->endpoint;
	snprintf(buf, size, "%s +%u", st->endpoint, st->elsewhere);
	return buf;
}

static int widest(int columns, const char *text)
{
	int n = text ? (int)strlen(text) : 0;

	return n > columns ? n : columns;
}

static struct stall_table lay_out_stalls(const struct text_out *o, const struct summary *s)
{
	bool dated = s->end_ts_ns - s->begin_ts_ns >= NS_PER_DAY;
	struct stall_table t = {.time_format = dated ? "%m-%d %H:%M:%S" : "%H:%M:%S"};
	int endpoint = 8, cause = 5, result = 6;
	char where[SUMMARY_NAME_BYTES + 32];

	for (size_t i = 0; i < s->stall_list_len; i++) {
		const struct summary_stall *st = &s->stall_list[i];
		int n = text_out__columns(o, stall_where(st, where, sizeof(where)));

		endpoint = n > endpoint ? n : endpoint;
		cause = widest(cause, enum_name(&cause_names, st->cause));
		result = widest(result, enum_name(&stall_result_names, st->result));
		t.several |= strcmp(st->member, s->stall_list[0].member) != 0;
	}
	t.lasted_end = (dated ? 14 : 8) + 12;
	t.cause_col = t.lasted_end + 2;
	t.endpoint_col = t.cause_col + cause + 2;
	t.left_end = t.endpoint_col + (endpoint < NAME_MAX ? endpoint : NAME_MAX) + 12;
	t.result_col = t.left_end + 2;
	t.member_col = t.result_col + result + 2;
	return t;
}

static void put_stall_header(struct text_out *o, const struct stall_table *t)
{
	text_out__put(o, TONE_DIM, "stall at");
	text_out__right(o, TONE_DIM, t->lasted_end, "lasted");
	text_out__to(o, t->cause_col);
	text_out__put(o, TONE_DIM, "cause");
	text_out__to(o, t->endpoint_col);
	text_out__put(o, TONE_DIM, "endpoint");
	text_out__right(o, TONE_DIM, t->left_end, "least left");
	text_out__to(o, t->result_col);
	text_out__put(o, TONE_DIM, "result");
	if (t->several) {
		text_out__to(o, t->member_col);
		text_out__put(o, TONE_DIM, "member");
	}
	text_out__newline(o);
}

static void put_left(struct text_out *o, int end, const struct summary_stall *st)
{
	char d[HUMAN_BYTES];

	if (st->worst_remaining_ns == LW_UNKNOWN_REMAINING)
		text_out__right(o, TONE_PLAIN, end, "-");
	else if (st->worst_remaining_ns <= 0)
		text_out__right(o, TONE_ALARM, end, "none");
	else
		text_out__right(o, TONE_PLAIN, end,
				human_duration_utf8(o->utf8, d, st->worst_remaining_ns));
}

static void put_stall_row(struct text_out *o, const struct stall_table *t,
			  const struct summary_stall *st)
{
	const char *result = enum_name(&stall_result_names, st->result),
		   *cause = enum_name(&cause_names, st->cause);
	char time[32], d[HUMAN_BYTES], where[SUMMARY_NAME_BYTES + 32];

	text_out__put(o, TONE_PLAIN, "%s",
		      human_time(st->begin_ts_ns, t->time_format, time, sizeof(time)));
	text_out__right(o, TONE_PLAIN, t->lasted_end,
			st->duration_ns < 0 ? "-"
					    : human_duration_utf8(o->utf8, d, st->duration_ns));
	text_out__to(o, t->cause_col);
	text_out__put(o, tone__severity(st->severity), "%s", cause ? cause : "unknown");
	text_out__to(o, t->endpoint_col);
	text_out__put(o, TONE_PLAIN, "%s", stall_where(st, where, sizeof(where)));
	put_left(o, t->left_end, st);
	text_out__to(o, t->result_col);
	text_out__put(o, st->result == STALL_RECOVERED ? TONE_GOOD : TONE_WARN, "%s",
		      result ? result : "-");
	if (t->several) {
		text_out__to(o, t->member_col);
		text_out__put(o, TONE_PLAIN, "%s", st->member);
	}
	text_out__newline(o);
}

static void put_stall_table(struct text_out *o, const struct summary *s)
{
	struct stall_table t;

	if (!s->stall_list_len)
		return;
	t = lay_out_stalls(o, s);
	text_out__newline(o);
	put_stall_header(o, &t);
	for (size_t i = 0; i < s->stall_list_len; i++)
		put_stall_row(o, &t, &s->stall_list[i]);
	if (s->stalls > s->stall_list_len) {
		text_out__put(o, TONE_PLAIN, "%" PRIu64 " earlier stalls are not listed.",
			      s->stalls - s->stall_list_len);
		text_out__newline(o);
	}
}

static void put_verdict(struct text_out *o, const struct summary *s)
{
	static const enum tone tones[] = {
		[VERDICT_HEALTHY] = TONE_GOOD,
		[VERDICT_STALLED] = TONE_ALARM,
		[VERDICT_NO_TRAFFIC] = TONE_WARN,
	};
	char sentence[SUMMARY_SENTENCE_BYTES];

	summary__verdict_sentence(s, sentence, sizeof(sentence));
	o->indent = 0;
	text_out__newline(o);
	text_out__put(o, tones[s->verdict], "%s", sentence);
	text_out__newline(o);
}

void text__summary(struct text_out *o, const struct summary *s)
{
	int width = o->width;

	put_window(o, s);
	if (s->events_lost) {
		text_out__put(o, TONE_WARN, "%" PRIu64 " events were lost: counts are too low",
			      s->events_lost);
		text_out__newline(o);
	}
	o->width = 0; /* a table that is broken is worse than one that is too wide */
	put_endpoint_table(o, s);
	o->width = width;
	text__summary_dns(o, &s->dns);
	o->width = 0;
	put_stall_table(o, s);
	o->width = width;
	put_verdict(o, s);
}
