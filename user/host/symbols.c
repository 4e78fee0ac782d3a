// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * symbols.c - see symbols.h. The table that the dynamic linker uses comes first; what is not in it
 * may be in the other, which a stripped library lacks.
 */
#include <errno.h>
#include <string.h>

#include "host/symbols.h"

/* Those of a libcrypto with all its symbols have less than a tenth of it. */
#define SECTION_BYTES_MAX (16 << 20)

struct search {
	Elf *elf;
	const char *const *names;
	size_t n;
	uint64_t *offsets;
};

Elf *symbols__open(int fd)
{
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF)
		return elf;
	elf_end(elf);
	return NULL;
}

/* What is compressed could become anything. */
static bool is_small(const GElf_Shdr *header)
{
	return header->sh_size <= SECTION_BYTES_MAX && !(header->sh_flags & SHF_COMPRESSED);
}

bool symbols__is_readable(Elf *elf, const GElf_Shdr *header)
{
	Elf_Scn *strings = elf_getscn(elf, header->sh_link);
	GElf_Shdr linked;

	return is_small(header) && strings && gelf_getshdr(strings, &linked) && is_small(&linked);
}

/* From an address to a place in the file, by the section that the symbol is in. */
static uint64_t file_offset(Elf *elf, const GElf_Sym *symbol)
{
	Elf_Scn *section = elf_getscn(elf, symbol->st_shndx);
	GElf_Shdr header;

	if (!section || !gelf_getshdr(section, &header) || symbol->st_value < header.sh_addr)
		return 0;
	return symbol->st_value - header.sh_addr + header.sh_offset;
}

static void search_table(struct search *s, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t n = header->sh_entsize ? header->sh_size / header->sh_entsize : 0;
	GElf_Sym symbol;

	for (size_t i = 0; data && i < n && gelf_getsym(data, (int)i, &symbol); i++) {
		const char *name;

		if (GELF_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF)
			continue;
		name = elf_strptr(s->elf, header->sh_link, symbol.st_name);
		for (size_t k = 0; name && k < s->n; k++)
			if (!s->offsets[k] && !strcmp(name, s->names[k]))
				s->offsets[k] = file_offset(s->elf, &symbol);
	}
}

static void search_tables(struct search *s, GElf_Word type)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(s->elf, section)))
		if (gelf_getshdr(section, &header) && header.sh_type == type &&
		    symbols__is_readable(s->elf, &header))
			search_table(s, section, &header);
}

int symbols__find(int fd, const char *const *names, size_t n, uint64_t *offsets)
{
	struct search s = {.names = names, .n = n, .offsets = offsets};

	s.elf = symbols__open(fd);
	if (!s.elf)
		return -EBADF;
	memset(offsets, 0, n * sizeof(*offsets));
	search_tables(&s, SHT_DYNSYM);
	search_tables(&s, SHT_SYMTAB);
	elf_end(s.elf);
	return 0;
}
