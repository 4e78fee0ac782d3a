// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * library_set.c - see library_set.h. Called in a reader's worker: what it parses, the process has
 * chosen.
 */
#include <errno.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "host/library_set.h"
#include "host/symbols.h"
#include "leasewatch/units.h"

/* Entries of a library's dynamic section that are looked at; pyca/cryptography's has 30. */
#define DYNAMIC_MAX 4096

static const char *const openssl[] = {
	"libssl.so*", "libssl-*.so*", "libcrypto.so*", "libcrypto-*.so*", NULL,
};

/*
 * pyca/cryptography's module, which pyOpenSSL uses: Debian's is linked with libssl, the one in its
 * wheels contains OpenSSL.
 */
static const char *const bindings[] = {"_rust*.so", "_openssl*.so", NULL};

static const struct {
	const char *const *patterns;
	size_t copies_max, symbols_len;
	const char *symbols[LIBRARY_SYMBOLS_MAX];
} sets[LIBRARY_SETS] = {
	[LIBRARY_LIBC] = {library_libc, 1, 1, {"getaddrinfo"}},
	[LIBRARY_OPENSSL] =
		{
			openssl,
			LIBRARY_COPIES_MAX,
			8,
			{"SSL_read", "SSL_read_ex", "SSL_write", "SSL_write_ex", "SSL_do_handshake",
			 "X509_STORE_CTX_get_error", "ERR_peek_error", "SSL_get_shutdown"},
		},
};

int library_set__symbol(enum library_set set, const char *name)
{
	for (size_t i = 0; i < sets[set].symbols_len; i++)
		if (!strcmp(sets[set].symbols[i], name))
			return (int)i;
	return -1;
}

/*
 * To hook a function, the kernel reads its page, and waits for it: a file system whose server is a
 * process, or a host that is far away, may never bring it.
 */
static bool may_not_answer(int fd)
{
	static const uint32_t types[] = {
		FUSE_SUPER_MAGIC, NFS_SUPER_MAGIC,  SMB_SUPER_MAGIC,
		CIFS_SUPER_MAGIC, SMB2_SUPER_MAGIC, AFS_SUPER_MAGIC,
		AFS_FS_MAGIC,	  CODA_SUPER_MAGIC, CEPH_SUPER_MAGIC,
	};
	struct statfs fs;

	if (fstatfs(fd, &fs))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if ((uint32_t)fs.f_type == types[i])
			return true;
	return false;
}

static void read_copy(enum library_set set, const struct library *library, struct library_copy *c)
{
	c->dev = library->dev;
	c->ino = library->ino;
	memcpy(c->name, library->name, sizeof(c->name));
	c->err = may_not_answer(library->fd) ? -EREMOTE
					     : symbols__find(library->fd, sets[set].symbols,
							     sets[set].symbols_len, c->offsets);
}

static bool names_libssl(Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t n = header->sh_entsize ? header->sh_size / header->sh_entsize : 0;
	GElf_Dyn dyn;

	for (size_t i = 0; data && i < n && i < DYNAMIC_MAX && gelf_getdyn(data, (int)i, &dyn);
	     i++) {
		const char *name = dyn.d_tag == DT_NEEDED
					   ? elf_strptr(elf, header->sh_link, dyn.d_un.d_val)
					   : NULL;

		if (name && !strncmp(name, "libssl", 6))
			return true;
	}
	return false;
}

/* Is the library linked with a libssl? If unknown, yes. */
static bool needs_libssl(int fd)
{
	Elf_Scn *section = NULL;
	bool needs = false, told = false;
	uint64_t budget = SYMBOLS_BYTES_MAX;
	GElf_Shdr header;
	Elf *elf = symbols__open(fd);

	while (elf && (section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_DYNAMIC ||
		    !symbols__is_readable(elf, &header, &budget))
			continue;
		told = true;
		needs = needs || names_libssl(elf, section, &header);
	}
	elf_end(elf);
	return needs || !told;
}

/* One of the two binds OpenSSL; a version of cryptography has both, or the first alone. */
static void find_own_openssl(pid_t pid, char own[LIBRARY_NAME_BYTES])
{
	struct library found[2];
	int n = library__open(pid, bindings, found, 2);
	bool is_own = n > 0;

	for (int i = 0; i < n; i++)
		is_own = is_own && !needs_libssl(found[i].fd);
	if (is_own)
		memcpy(own, found[0].name, LIBRARY_NAME_BYTES);
	if (n > 0)
		library__close(found, (size_t)n);
}

size_t library_set__find(enum library_set set, pid_t pid, struct library_copies *out,
			 int fds[LIBRARY_COPIES_MAX])
{
	struct library found[LIBRARY_COPIES_MAX];
	int n = library__open(pid, sets[set].patterns, found, sets[set].copies_max);
	size_t usable = 0;

	memset(out, 0, sizeof(*out));
	out->err = n < 0 ? n : 0;
	out->len = n < 0 ? 0 : (uint32_t)n;
	for (size_t i = 0; i < out->len; i++) {
		read_copy(set, &found[i], &out->copies[i]);
		if (out->copies[i].err)
			close(found[i].fd);
		else
			fds[usable++] = found[i].fd;
	}
	if (set == LIBRARY_OPENSSL)
		find_own_openssl(pid, out->own);
	return usable;
}
