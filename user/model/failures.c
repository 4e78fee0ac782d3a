// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * failures.c - see failures.h.
 */
#include <stdbool.h>

#include "model/cause_row.h"
#include "model/failures.h"

void failures__add(struct failures *t, enum cause cause, const struct address *address)
{
	if (!address || !cause_row(cause)->same_everywhere)
		return;
	for (size_t i = 0; i < t->len; i++)
		if (t->met[i].cause == cause && t->met[i].address == address)
			return;
	if (t->len == FAILURES_MAX)
		return;
	t->met[t->len].cause = cause;
	t->met[t->len++].address = address;
}

void failures__answered(struct failures *t, const struct endpoint *endpoint)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->len; i++) {
		if (t->met[i].address->endpoint != endpoint ||
		    t->met[i].cause == CAUSE_ENDPOINT_SILENT)
			t->met[kept++] = t->met[i];
	}
	t->len = kept;
}

size_t failures__elsewhere(const struct failures *t, enum cause cause,
			   const struct endpoint *endpoint, const char **names, size_t max)
{
	const struct endpoint *found[FAILURES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < t->len; i++) {
		const struct endpoint *e = t->met[i].address->endpoint;
		bool counted = t->met[i].cause != cause || e == endpoint;

		for (size_t k = 0; k < n && !counted; k++)
			counted = found[k] == e;
		if (counted)
			continue;
		if (n < max)
			names[n] = e->name;
		found[n++] = e;
	}
	return n;
}
