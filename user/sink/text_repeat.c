// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * text_repeat.c - say once what happens again and again.
 */
#include "sink/text_private.h"

#define REPEAT_NS 10000000000ULL

static uint64_t hash_of(const struct finding *f)
{
	uint64_t hash = 5381 + f->who.pid;

	for (const char *s = f->where.endpoint; *s; s++)
		hash = hash * 33 + (unsigned char)*s;
	return hash * 33 + f->connect.outcome + 1;
}

bool text__is_repeated(struct text_repeats *r, const struct finding *f, uint64_t *untold)
{
	struct text_repeat *one = NULL;
	uint64_t hash;

	*untold = 0;
	if (f->type != FINDING_CONNECT || f->connect.outcome == CONNECT_OK || !f->where.endpoint)
		return false;
	hash = hash_of(f);
	for (size_t i = 0; i < TEXT_REPEATS && !one; i++)
		if (r->last[i].hash == hash)
			one = &r->last[i];
	if (one && f->ts_ns - one->told_ns < REPEAT_NS) {
		one->untold++;
		return true;
	}
	if (one) {
		*untold = one->untold;
	} else {
		one = &r->last[r->next];
		r->next = (r->next + 1) % TEXT_REPEATS;
	}
	*one = (struct text_repeat){.hash = hash, .told_ns = f->ts_ns};
	return false;
}
