// SPDX-License-Identifier: GPL-2.0-or-later
/* patroni_version.c - see patroni_version.h. */
#include <ctype.h>
#include <stdlib.h>

#include "model/patroni_version.h"

#define RANGES_MAX 2

static const struct {
	const char *fixed_in;
	struct {
		uint32_t since, until; /* from the one on, before the other */
	} ranges[RANGES_MAX];
} bugs[PATRONI_BUGS] = {
	[PATRONI_BUG_STAYS] = {"3.3.7 and 4.0.6",
			       {{PATRONI_VERSION(0, 0, 1), PATRONI_VERSION(3, 3, 7)},
				{PATRONI_VERSION(4, 0, 0), PATRONI_VERSION(4, 0, 6)}}},
};

uint32_t patroni_version__parse(const char *text)
{
	uint32_t version = 0;

	for (int i = 0; i < 3; i++) {
		char *end;
		unsigned long part;

		if (!isdigit((unsigned char)*text))
			return i < 2 ? 0 : version; /* "4.1.dev1" is one, "4" is none */
		part = strtoul(text, &end, 10);
		if (part > UINT8_MAX)
			return 0;
		version |= (uint32_t)part << (16 - 8 * i);
		if (*end != '.')
			return i < 1 ? 0 : version;
		text = end + 1;
	}
	return version;
}

bool patroni_bug__is_in(enum patroni_bug bug, uint32_t version)
{
	for (int i = 0; i < RANGES_MAX; i++)
		if (version >= bugs[bug].ranges[i].since && version < bugs[bug].ranges[i].until)
			return version != 0;
	return false;
}

const char *patroni_bug__fixed_in(enum patroni_bug bug)
{
	return bugs[bug].fixed_in;
}
