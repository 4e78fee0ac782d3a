// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * digest.c - a short list of kinds of requests, each with its histogram.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/digest.h"
#include "model/histogram.h"
#include "model/summary.h"

#define KINDS_MAX  128
#define NAME_BYTES 160

struct kind {
	char endpoint[NAME_BYTES], rpc[NAME_BYTES], scope[NAME_BYTES], member[NAME_BYTES];
	uint64_t count;
	struct histogram latency;
};

struct digest {
	int64_t slow_ns;
	uint64_t begin_ts_ns; /* of the first that was counted */
	size_t len;
	struct kind *kinds[KINDS_MAX];
};

struct digest *digest__new(int64_t slow_ns)
{
	struct digest *d = calloc(1, sizeof(*d));

	if (d)
		d->slow_ns = slow_ns;
	return d;
}

static void forget(struct digest *d)
{
	for (size_t i = 0; i < d->len; i++)
		free(d->kinds[i]);
	d->len = 0;
}

void digest__free(struct digest *d)
{
	if (!d)
		return;
	forget(d);
	free(d);
}

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

static bool fits(const char *s)
{
	return !s || strlen(s) < NAME_BYTES;
}

static struct kind *find(struct digest *d, const struct finding *f)
{
	for (size_t i = 0; i < d->len; i++) {
		struct kind *k = d->kinds[i];

		if (!strcmp(k->rpc, f->request.rpc) && !strcmp(k->endpoint, f->where.endpoint) &&
		    !strcmp(k->member, or_empty(f->who.member)) &&
		    !strcmp(k->scope, or_empty(f->who.scope)))
			return k;
	}
	return NULL;
}

static struct kind *add(struct digest *d, const struct finding *f)
{
	struct kind *k = d->len < KINDS_MAX ? calloc(1, sizeof(*k)) : NULL;

	if (!k)
		return NULL;
	snprintf(k->endpoint, sizeof(k->endpoint), "%s", f->where.endpoint);
	snprintf(k->rpc, sizeof(k->rpc), "%s", f->request.rpc);
	snprintf(k->scope, sizeof(k->scope), "%s", or_empty(f->who.scope));
	snprintf(k->member, sizeof(k->member), "%s", or_empty(f->who.member));
	if (!d->len)
		d->begin_ts_ns = f->ts_ns;
	d->kinds[d->len++] = k;
	return k;
}

static bool is_healthy(const struct digest *d, const struct finding *f)
{
	const struct finding_request *r = &f->request;

	if (f->type != FINDING_REQUEST || r->outcome != REQUEST_OK || !r->rpc || !f->where.endpoint)
		return false;
	if (summary__is_watch(r->rpc)) /* it may take as long as it likes */
		return true;
	/* A refresh that did not get its TTL is no good news. */
	if (summary__is_refresh(r->rpc) && r->ttl_s <= 0)
		return false;
	return r->duration_ns >= 0 && r->duration_ns < d->slow_ns;
}

bool digest__take(struct digest *d, const struct finding *f)
{
	struct kind *k;

	if (!is_healthy(d, f) || !fits(f->request.rpc) || !fits(f->where.endpoint) ||
	    !fits(f->who.scope) || !fits(f->who.member))
		return false;
	k = find(d, f);
	if (!k)
		k = add(d, f);
	if (!k)
		return false;
	k->count++;
	if (!summary__is_watch(k->rpc))
		histogram__record(&k->latency, f->request.duration_ns);
	return true;
}

void digest__flush(struct digest *d, uint64_t ts_ns,
		   void (*tell)(void *ctx, const struct finding *f), void *ctx)
{
	for (size_t i = 0; i < d->len; i++) {
		const struct kind *k = d->kinds[i];
		struct finding f = {
			.type = FINDING_REQUESTS,
			.ts_ns = ts_ns,
			.who = {.scope = k->scope[0] ? k->scope : NULL,
				.member = k->member[0] ? k->member : NULL},
			.where = {.endpoint = k->endpoint},
			.requests = {.rpc = k->rpc,
				     .count = k->count,
				     .interval_ns = ts_ns > d->begin_ts_ns
							    ? (int64_t)(ts_ns - d->begin_ts_ns)
							    : 0,
				     .latency = &k->latency},
		};

		tell(ctx, &f);
	}
	forget(d);
}
