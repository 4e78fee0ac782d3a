// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * json_in.c - how each kind of value is read from JSON: the way back from json_text.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "leasewatch/units.h"
#include "sink/json_in.h"

/* Far beyond any measured duration, and safe to compute with: 285 years. */
#define SECONDS_LIMIT 9e9

const char *json_in__string(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

int64_t json_in__int(const json_t *o, const char *key, int64_t unknown)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) && json_integer_value(v) >= 0 ? json_integer_value(v) : unknown;
}

uint64_t json_in__id(const json_t *o, const char *key)
{
	const char *text = json_in__string(o, key);
	unsigned long long id;
	char *end;

	if (!text)
		return (uint64_t)json_in__int(o, key, 0);
	if (text[0] < '0' || text[0] > '9')
		return 0;
	errno = 0;
	id = strtoull(text, &end, 10);
	return *end || errno ? 0 : id;
}

int64_t json_in__seconds(const json_t *o, const char *key, int64_t unknown)
{
	const json_t *v = json_object_get(o, key);
	double s;

	if (!json_is_number(v))
		return unknown;
	s = json_number_value(v);
	if (!(s > -SECONDS_LIMIT && s < SECONDS_LIMIT))
		return unknown;
	return (int64_t)(s * 1e6 + (s < 0 ? -0.5 : 0.5)) * 1000;
}

int64_t json_in__duration(const json_t *o, const char *key)
{
	int64_t ns = json_in__seconds(o, key, LW_UNKNOWN);

	return ns < 0 ? LW_UNKNOWN : ns;
}

int json_in__time(const char *text, uint64_t *ts_ns)
{
	uint64_t fraction = 0, unit = 100000000;
	struct tm tm = {0};
	const char *p;
	time_t seconds;

	p = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	if (!p)
		return -EBADMSG;
	if (*p == '.') {
		p++;
		if (*p < '0' || *p > '9')
			return -EBADMSG;
		for (; *p >= '0' && *p <= '9'; p++, unit /= 10)
			fraction += (uint64_t)(*p - '0') * unit;
	}
	seconds = timegm(&tm);
	/* Nanoseconds since 1970 fit 64 bits until 2554. */
	if (strcmp(p, "Z") || seconds < 0 || tm.tm_year > 2500 - 1900)
		return -EBADMSG;
	*ts_ns = (uint64_t)seconds * NS_PER_S + fraction;
	return 0;
}

int64_t json_in__upto(const json_t *o, const char *key, int64_t max)
{
	int64_t value = json_in__int(o, key, 0);

	return value <= max ? value : 0;
}

size_t json_in__evidence(const json_t *o, const char *key, struct evidence *list, size_t max)
{
	json_t *evidence = json_object_get(o, key);
	size_t len = 0;

	for (void *i = json_object_iter(evidence); i && len < max;
	     i = json_object_iter_next(evidence, i)) {
		const json_t *value = json_object_iter_value(i);

		if (json_is_string(value) || json_is_number(value))
			list[len++] = (struct evidence){.key = json_object_iter_key(i),
							.text = json_string_value(value),
							.number = json_number_value(value)};
	}
	return len;
}
