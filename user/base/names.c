// SPDX-License-Identifier: GPL-2.0-or-later
/* names.c - see names.h. */
#include <string.h>

#include "base/names.h"

static const char *name_at(const struct enum_names *names, size_t i)
{
	return *(const char *const *)((const char *)names->names + i * names->stride);
}

const char *enum_name(const struct enum_names *names, unsigned int value)
{
	return value < names->len ? name_at(names, value) : NULL;
}

int enum_value(const struct enum_names *names, const char *name)
{
	for (size_t i = 0; name && i < names->len; i++)
		if (!strcmp(name_at(names, i), name))
			return (int)i;
	return -1;
}
