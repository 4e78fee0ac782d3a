/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * names.h - the words of an enum: one table, read in both directions, so that what is written can
 * always be read back.
 */
#ifndef LEASEWATCH_NAMES_H
#define LEASEWATCH_NAMES_H

#include <stddef.h>

struct enum_names {
	const char *const *names; /* by value, no holes */
	size_t len;
	size_t stride; /* bytes from one name to the next: they may be part of rows */
};

/* Define `struct enum_names variable` with exactly `count` names: ENUM_NAMES(v, N, [A] = "a"); */
#define ENUM_NAMES(variable, count, ...)                                                           \
	static const char *const variable##_table[] = {__VA_ARGS__};                               \
	_Static_assert(sizeof(variable##_table) / sizeof(char *) == (count), "a name is missing"); \
	const struct enum_names variable = {variable##_table, count, sizeof(char *)}

/* The initializer of a `struct enum_names` whose names are the `field` of an array's rows. */
#define ENUM_NAMES_OF(rows, field)                                                                 \
	{                                                                                          \
		&(rows)[0].field, sizeof(rows) / sizeof((rows)[0]), sizeof((rows)[0])              \
	}

/* NULL when the value is out of range. */
const char *enum_name(const struct enum_names *names, unsigned int value);
/* -1 when no value has this name; `name` may be NULL. */
int enum_value(const struct enum_names *names, const char *name);

#endif
