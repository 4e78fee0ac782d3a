/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * manual.h - the section JSON of leasewatch.1, from the tables of fields and of evidence.
 */
#ifndef LEASEWATCH_TEST_MANUAL_H
#define LEASEWATCH_TEST_MANUAL_H

#define MANUAL_PATH  "tools/packaging/man/leasewatch.1"
#define MANUAL_BEGIN ".\\\" begin: JSON fields\n"
#define MANUAL_END   ".\\\" end: JSON fields\n"

/* What stands between the two marks; to be freed. */
char *manual__fields(void);

#endif
