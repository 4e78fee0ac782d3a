/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * symbols.h - where functions are in a library's file.
 */
#ifndef LEASEWATCH_SYMBOLS_H
#define LEASEWATCH_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

/*
 * The offsets in the file of n functions by their names; 0 = it has no such function. The file is
 * not trusted. 0, or -EBADF: it is no ELF file.
 */
int symbols__find(int fd, const char *const *names, size_t n, uint64_t *offsets);

#endif
