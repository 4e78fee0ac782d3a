/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * symbols.h - where functions are in a library's file. Sizes are checked before libelf is asked.
 */
#ifndef LEASEWATCH_SYMBOLS_H
#define LEASEWATCH_SYMBOLS_H

#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A library that can be read without trusting it: not mapped, because a file that becomes shorter
 * meanwhile would end us (SIGBUS). NULL: it is no ELF file. elf_end() it.
 */
Elf *symbols__open(int fd);

/* Of one file, all tables together that are read into memory. */
#define SYMBOLS_BYTES_MAX (32 << 20)

/*
 * May the section be read into memory, with the one that has its strings? Both count against the
 * budget, which begins at SYMBOLS_BYTES_MAX for a file.
 */
bool symbols__is_readable(Elf *elf, const GElf_Shdr *header, uint64_t *budget);

/*
 * The offsets in the file of n functions by their names; 0 = it has no such function. The file is
 * not trusted. 0, or -EBADF: it is no ELF file.
 */
int symbols__find(int fd, const char *const *names, size_t n, uint64_t *offsets);

#endif
