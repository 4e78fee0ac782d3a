// SPDX-License-Identifier: GPL-2.0-or-later
/* names.c - see names.h. */
#include <string.h>

#include "base/names.h"

const char *enum_name(const struct enum_names *names, unsigned int value)
{
	return value < names->len ? names->names[value] : NULL;
}

int enum_value(const struct enum_names *names, const char *name)
{
	for (size_t i = 0; name && i < names->len; i++)
		if (!strcmp(names->names[i], name))
			return (int)i;
	return -1;
}
