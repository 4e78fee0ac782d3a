// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rollup.c - healthy requests by kind, each kind with its histogram.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/rollup.h"
#include "model/histogram.h"
#include "model/summary.h"

#define KINDS_MAX  128
#define NAME_BYTES 160

struct kind {
	char endpoint[NAME_BYTES], rpc[NAME_BYTES], scope[NAME_BYTES], member[NAME_BYTES];
	uint64_t count;
	struct histogram latency;
};

struct rollup {
	int64_t slow_ns;
	uint64_t begin_ts_ns; /* of the first that was counted */
	size_t len;
	struct kind *kinds[KINDS_MAX];
};

struct rollup *rollup__new(int64_t slow_ns)
{
	struct rollup *r = calloc(1, sizeof(*r));

	if (r)
		r->slow_ns = slow_ns;
	return r;
}

static void forget_kinds(struct rollup *r)
{
	for (size_t i = 0; i < r->len; i++)
		free(r->kinds[i]);
	r->len = 0;
}

void rollup__free(struct rollup *r)
{
	if (!r)
		return;
	forget_kinds(r);
	free(r);
}

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

static bool fits(const char *s)
{
	return !s || strlen(s) < NAME_BYTES;
}

static struct kind *find_kind(struct rollup *r, const struct finding *f)
{
	for (size_t i = 0; i < r->len; i++) {
		struct kind *k = r->kinds[i];

		if (!strcmp(k->rpc, f->request.rpc) && !strcmp(k->endpoint, f->where.endpoint) &&
		    !strcmp(k->member, or_empty(f->who.member)) &&
		    !strcmp(k->scope, or_empty(f->who.scope)))
			return k;
	}
	return NULL;
}

static struct kind *add_kind(struct rollup *r, const struct finding *f)
{
	struct kind *k = r->len < KINDS_MAX ? calloc(1, sizeof(*k)) : NULL;

	if (!k)
		return NULL;
	snprintf(k->endpoint, sizeof(k->endpoint), "%s", f->where.endpoint);
	snprintf(k->rpc, sizeof(k->rpc), "%s", f->request.rpc);
	snprintf(k->scope, sizeof(k->scope), "%s", or_empty(f->who.scope));
	snprintf(k->member, sizeof(k->member), "%s", or_empty(f->who.member));
	if (!r->len)
		r->begin_ts_ns = f->ts_ns;
	r->kinds[r->len++] = k;
	return k;
}

static bool is_healthy(const struct rollup *u, const struct finding *f)
{
	const struct finding_request *r = &f->request;

	if (f->type != FINDING_REQUEST || r->outcome != REQUEST_OK || !r->rpc || !f->where.endpoint)
		return false;
	if (summary__is_watch(r->rpc)) /* it ends when something changes */
		return true;
	/* A renewal without a TTL has failed. */
	if (summary__is_refresh(r->rpc) && r->ttl_s <= 0)
		return false;
	return r->duration_ns >= 0 && r->duration_ns < u->slow_ns;
}

bool rollup__take(struct rollup *r, const struct finding *f)
{
	struct kind *k;

	if (!is_healthy(r, f) || !fits(f->request.rpc) || !fits(f->where.endpoint) ||
	    !fits(f->who.scope) || !fits(f->who.member))
		return false;
	k = find_kind(r, f);
	if (!k)
		k = add_kind(r, f);
	if (!k)
		return false;
	k->count++;
	if (!summary__is_watch(k->rpc))
		histogram__record(&k->latency, f->request.duration_ns);
	return true;
}

void rollup__flush(struct rollup *r, uint64_t ts_ns,
		   void (*emit)(void *ctx, const struct finding *f), void *ctx)
{
	for (size_t i = 0; i < r->len; i++) {
		const struct kind *k = r->kinds[i];
		struct finding f = {
			.type = FINDING_REQUESTS,
			.ts_ns = ts_ns,
			.who = {.scope = k->scope[0] ? k->scope : NULL,
				.member = k->member[0] ? k->member : NULL},
			.where = {.endpoint = k->endpoint},
			.requests = {.rpc = k->rpc,
				     .count = k->count,
				     .interval_ns = ts_ns > r->begin_ts_ns
							    ? (int64_t)(ts_ns - r->begin_ts_ns)
							    : 0,
				     .latency = &k->latency},
		};

		emit(ctx, &f);
	}
	forget_kinds(r);
}
