// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_symbols.c - functions in a library's file: in a real one, and in files that are written to
 * cost their reader time or memory.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/symbols.h"
#include "leasewatch/units.h"

#define SYMBOLS 700000

int main(void);

static const char *const names[] = {"main", "no_such_function"};
static uint64_t offsets[ARRAY_LEN(names)];

/* An empty file in memory, with a header that announces `n` sections at 64. */
static int elf_file(unsigned int n)
{
	Elf64_Ehdr h = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_shoff = 64,
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = (Elf64_Half)n,
	};
	int fd = memfd_create("elf", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &h, sizeof(h), 0), sizeof(h));
	assert_int_equal(ftruncate(fd, 64 + (off_t)sizeof(Elf64_Shdr) * (n ? n : 1)), 0);
	return fd;
}

static void put_section(int fd, int at, const Elf64_Shdr *section)
{
	assert_int_equal(pwrite(fd, section, sizeof(*section), 64 + at * (off_t)sizeof(*section)),
			 sizeof(*section));
}

static void expect(int fd, int result)
{
	memset(offsets, 0xff, sizeof(offsets));
	assert_int_equal(symbols__find(fd, names, ARRAY_LEN(names), offsets), result);
	close(fd);
}

/* The place in the file holds the bytes that are executed. */
static void test_finds_a_function(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	uint8_t code[16];

	(void)state;
	memset(offsets, 0xff, sizeof(offsets));
	assert_int_equal(symbols__find(fd, names, ARRAY_LEN(names), offsets), 0);
	assert_int_equal(pread(fd, code, sizeof(code), (off_t)offsets[0]), sizeof(code));
	assert_memory_equal(code, (const void *)(uintptr_t)main, sizeof(code));
	assert_int_equal(offsets[1], 0);
	close(fd);
}

/* A function whose section lies elsewhere in memory than in the file, and one that lies nowhere. */
static void test_counts_from_the_section(void **state)
{
	const Elf64_Shdr sections[] = {
		{0},
		{.sh_type = SHT_PROGBITS, .sh_addr = 0x402000, .sh_offset = 0x1000, .sh_size = 64},
		{.sh_type = SHT_DYNSYM,
		 .sh_offset = 0x2000,
		 .sh_size = 2 * sizeof(Elf64_Sym),
		 .sh_entsize = sizeof(Elf64_Sym),
		 .sh_link = 3},
		{.sh_type = SHT_STRTAB, .sh_offset = 0x3000, .sh_size = 23},
	};
	Elf64_Sym symbols[] = {
		{.st_name = 1, .st_value = 0x402010, .st_shndx = 1},
		{.st_name = 6, .st_value = 0x401fff, .st_shndx = 1},
	};
	int fd = elf_file(4);

	(void)state;
	for (int i = 0; i < 4; i++)
		put_section(fd, i, &sections[i]);
	for (int i = 0; i < 2; i++)
		symbols[i].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
	assert_int_equal(pwrite(fd, symbols, sizeof(symbols), 0x2000), sizeof(symbols));
	assert_int_equal(pwrite(fd, "\0main\0no_such_function", 23, 0x3000), 23);
	memset(offsets, 0xff, sizeof(offsets));
	assert_int_equal(symbols__find(fd, names, ARRAY_LEN(names), offsets), 0);
	assert_int_equal(offsets[0], 0x1010);
	assert_int_equal(offsets[1], 0);
	/* imported, or no function at all */
	symbols[0].st_shndx = SHN_UNDEF;
	symbols[1].st_value = 0x402000;
	symbols[1].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT);
	assert_int_equal(pwrite(fd, symbols, sizeof(symbols), 0x2000), sizeof(symbols));
	expect(fd, 0);
	assert_int_equal(offsets[0], 0);
	assert_int_equal(offsets[1], 0);
}

/* What a 32-bit header says stands elsewhere. */
static void test_checks_32_bit_headers(void **state)
{
	Elf32_Ehdr h = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = EM_386,
		.e_version = EV_CURRENT,
		.e_shoff = 64,
		.e_ehsize = sizeof(h),
		.e_shentsize = sizeof(Elf32_Shdr),
		.e_shnum = 2,
	};
	int fd = memfd_create("elf", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(pwrite(fd, &h, sizeof(h), 0), sizeof(h));
	assert_int_equal(ftruncate(fd, 64 + 2 * sizeof(Elf32_Shdr) - 1), 0);
	assert_int_equal(symbols__find(fd, names, ARRAY_LEN(names), offsets), -EBADF);
	assert_int_equal(ftruncate(fd, 64 + 2 * sizeof(Elf32_Shdr)), 0);
	expect(fd, 0);
}

static void test_refuses_what_is_no_library(void **state)
{
	int fd = memfd_create("text", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(write(fd, "#!/bin/sh\n", 10), 10);
	expect(fd, -EBADF);
	expect(open("/proc/self", O_RDONLY | O_CLOEXEC), -EBADF);
}

/* Section 0 may have their number, when there are more than a header can say. */
static void test_refuses_a_million_sections(void **state)
{
	const Elf64_Shdr first = {.sh_size = 1000000};
	int fd = elf_file(0);

	(void)state;
	put_section(fd, 0, &first);
	assert_int_equal(ftruncate(fd, 65000000), 0);
	expect(fd, -EBADF);
}

static void test_refuses_too_many_sections_and_those_beyond_the_end(void **state)
{
	int fd = elf_file(1025);

	(void)state;
	expect(fd, -EBADF);
	fd = elf_file(64);
	assert_int_equal(ftruncate(fd, 128), 0);
	expect(fd, -EBADF);
	expect(elf_file(1024), 0);
}

/* A symbol table over a table of strings in which no NUL is: minutes, if it were searched. */
static void test_refuses_strings_without_an_end(void **state)
{
	const Elf64_Shdr table = {
		.sh_type = SHT_DYNSYM,
		.sh_offset = 4096,
		.sh_size = SYMBOLS * sizeof(Elf64_Sym) / 2,
		.sh_entsize = sizeof(Elf64_Sym),
		.sh_link = 2,
	};
	Elf64_Shdr strings = {.sh_type = SHT_STRTAB, .sh_size = 16 << 20};
	Elf64_Sym *symbols = calloc(SYMBOLS / 2, sizeof(*symbols));
	char *text = malloc(strings.sh_size);
	int fd = elf_file(3);

	(void)state;
	assert_non_null(symbols);
	assert_non_null(text);
	memset(text, 'x', strings.sh_size);
	for (size_t i = 0; i < SYMBOLS / 2; i++)
		symbols[i] =
			(Elf64_Sym){.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), .st_shndx = 1};
	strings.sh_offset = table.sh_offset + table.sh_size;
	put_section(fd, 1, &table);
	put_section(fd, 2, &strings);
	assert_int_equal(pwrite(fd, symbols, table.sh_size, (off_t)table.sh_offset), table.sh_size);
	assert_int_equal(pwrite(fd, text, strings.sh_size, (off_t)strings.sh_offset),
			 strings.sh_size);
	free(symbols);
	free(text);
	alarm(30);
	expect(fd, 0);
	alarm(0);
	assert_int_equal(offsets[0], 0);
}

/* Many tables, each just small enough, each with strings of its own. */
static void test_reads_so_much_and_no_more(void **state)
{
	Elf64_Shdr table = {.sh_type = SHT_DYNSYM, .sh_size = 15 << 20, .sh_entsize = 24};
	Elf64_Shdr strings = {.sh_type = SHT_STRTAB, .sh_size = 15 << 20};
	int fd = elf_file(101);

	(void)state;
	table.sh_offset = strings.sh_offset = 8192;
	for (int i = 1; i < 101; i += 2) {
		table.sh_link = (Elf64_Word)i + 1;
		put_section(fd, i, &table);
		put_section(fd, i + 1, &strings);
	}
	assert_int_equal(ftruncate(fd, 16 << 20), 0);
	expect(fd, 0);
}

/* Whatever a file announces, it is read within so much memory. */
static int limit_memory(void **state)
{
	const struct rlimit limit = {128 << 20, 128 << 20};

	(void)state;
	return setrlimit(RLIMIT_AS, &limit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_a_function),
		cmocka_unit_test(test_counts_from_the_section),
		cmocka_unit_test(test_checks_32_bit_headers),
		cmocka_unit_test(test_refuses_what_is_no_library),
		cmocka_unit_test(test_refuses_a_million_sections),
		cmocka_unit_test(test_refuses_too_many_sections_and_those_beyond_the_end),
		cmocka_unit_test(test_refuses_strings_without_an_end),
		cmocka_unit_test(test_reads_so_much_and_no_more),
	};

	return cmocka_run_group_tests(tests, limit_memory, NULL);
}
