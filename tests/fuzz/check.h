/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check.h - what must hold whatever the input: where it does not, the fuzzer stops and keeps the
 * input.
 */
#ifndef LEASEWATCH_FUZZ_CHECK_H
#define LEASEWATCH_FUZZ_CHECK_H

#include <stdlib.h>

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

#endif
