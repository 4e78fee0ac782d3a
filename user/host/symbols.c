// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * symbols.c - see symbols.h. The table that the dynamic linker uses comes first; what is not in it
 * may be in the other, which a stripped library lacks.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/symbols.h"

/*
 * What a library may be. Debian's libcrypto has 30 sections and, with its full symbol table, 30,000
 * symbols in 2 MiB; a static CPython 40,000.
 */
#define FILE_BYTES_MAX	  (1LL << 30)
#define SECTIONS_MAX	  1024
#define SECTION_BYTES_MAX (16 << 20)

struct search {
	Elf *elf;
	const char *const *names;
	size_t n;
	uint64_t *offsets;
	uint64_t budget;
};

/*
 * libelf believes the header: for the million sections that one can announce, it takes 270 MB
 * before it looks at the first. So the header is read by hand first.
 */
static bool has_sane_header(int fd)
{
	union {
		Elf64_Ehdr wide;
		Elf32_Ehdr narrow;
		unsigned char ident[EI_NIDENT];
	} h;
	uint64_t at, end;
	struct stat st;
	unsigned int n, size;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > FILE_BYTES_MAX ||
	    pread(fd, &h, sizeof(h), 0) != sizeof(h) || memcmp(h.ident, ELFMAG, SELFMAG) != 0)
		return false;
	if (h.ident[EI_DATA] != (__BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB))
		return false;
	if (h.ident[EI_CLASS] == ELFCLASS64) {
		at = h.wide.e_shoff;
		n = h.wide.e_shnum;
		size = h.wide.e_shentsize;
	} else {
		at = h.narrow.e_shoff;
		n = h.narrow.e_shnum;
		size = h.narrow.e_shentsize;
	}
	/* No section at all is fine; 0 with an offset means that section 0 has the number. */
	return (n || !at) && n <= SECTIONS_MAX &&
	       !__builtin_add_overflow(at, (uint64_t)n * size, &end) && end <= (uint64_t)st.st_size;
}

Elf *symbols__open(int fd)
{
	Elf *elf;

	if (!has_sane_header(fd))
		return NULL;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF)
		return elf;
	elf_end(elf);
	return NULL;
}

/* A compressed section could expand to any size. */
static bool is_small(const GElf_Shdr *header)
{
	return header->sh_size <= SECTION_BYTES_MAX && !(header->sh_flags & SHF_COMPRESSED);
}

/* Without a NUL at its end, libelf looks for one in the whole table, once for each string. */
static bool ends_in_nul(Elf_Scn *strings)
{
	const Elf_Data *data = elf_getdata(strings, NULL);

	return data && data->d_size && !((const char *)data->d_buf)[data->d_size - 1];
}

bool symbols__is_readable(Elf *elf, const GElf_Shdr *header, uint64_t *budget)
{
	Elf_Scn *strings = elf_getscn(elf, header->sh_link);
	GElf_Shdr linked;

	if (!is_small(header) || !strings || !gelf_getshdr(strings, &linked) ||
	    linked.sh_type != SHT_STRTAB || !is_small(&linked) ||
	    header->sh_size + linked.sh_size > *budget)
		return false;
	*budget -= header->sh_size + linked.sh_size;
	return ends_in_nul(strings);
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
		    symbols__is_readable(s->elf, &header, &s->budget))
			search_table(s, section, &header);
}

int symbols__find(int fd, const char *const *names, size_t n, uint64_t *offsets)
{
	struct search s = {.names = names, .n = n, .offsets = offsets, .budget = SYMBOLS_BYTES_MAX};

	s.elf = symbols__open(fd);
	if (!s.elf)
		return -EBADF;
	memset(offsets, 0, n * sizeof(*offsets));
	search_tables(&s, SHT_DYNSYM);
	search_tables(&s, SHT_SYMTAB);
	elf_end(s.elf);
	return 0;
}
