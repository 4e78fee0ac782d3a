// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tls.c - see tls.h.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "host/library.h"
#include "host/symbols.h"
#include "kernel/tls.h"
#include "leasewatch/event.h"

static const char *const libraries[] = {
	"libssl.so*", "libssl-*.so*", "libcrypto.so*", "libcrypto-*.so*", NULL,
};

static const char *const libssl[] = {"libssl.so*", "libssl-*.so*", NULL};
static const char none[] = "the process has no libssl mapped";

/*
 * pyca/cryptography's module, which pyOpenSSL uses: Debian's is linked with libssl, the one in its
 * wheels contains OpenSSL.
 */
static const char *const bindings[] = {"_rust*.so", "_openssl*.so", NULL};

/* Entries of a library's dynamic section that are looked at; pyca/cryptography's has 30. */
#define DYNAMIC_MAX 4096

/* How a connection that speaks TLS begins. */
#define TLS_HANDSHAKE_RECORD 0x16

/* The return first: what an entry without a return leaves behind means nothing. */
enum {
	READ,
	READ_ENTER,
	READ_EX,
	READ_EX_ENTER,
	WRITE,
	WRITE_ENTER,
	WRITE_EX,
	WRITE_EX_ENTER,
	HANDSHAKE,
	HANDSHAKE_ENTER,
	VERIFY,
	ERROR,
	SHUTDOWN,
	POINTS,
};

struct uprobes *tls__new(const struct tls_programs *p, bool together)
{
	struct uprobe_set set = {
		.libraries = libraries,
		.copies_max = UPROBE_COPIES_MAX,
		.points_len = POINTS,
		.points =
			{
				[READ] = {"SSL_read", p->leave, true, LW_TLS_READ},
				[READ_ENTER] = {"SSL_read", p->enter, false, LW_TLS_READ},
				[READ_EX] = {"SSL_read_ex", p->leave, true, LW_TLS_READ_EX},
				[READ_EX_ENTER] = {"SSL_read_ex", p->enter, false, LW_TLS_READ_EX},
				[WRITE] = {"SSL_write", p->leave, true, LW_TLS_WRITE},
				[WRITE_ENTER] = {"SSL_write", p->enter, false, LW_TLS_WRITE},
				[WRITE_EX] = {"SSL_write_ex", p->leave, true, LW_TLS_WRITE_EX},
				[WRITE_EX_ENTER] = {"SSL_write_ex", p->enter, false,
						    LW_TLS_WRITE_EX},
				[HANDSHAKE] = {"SSL_do_handshake", p->leave, true,
					       LW_TLS_DO_HANDSHAKE},
				[HANDSHAKE_ENTER] = {"SSL_do_handshake", p->enter, false,
						     LW_TLS_DO_HANDSHAKE},
				[VERIFY] = {"X509_STORE_CTX_get_error", p->verify, true,
					    LW_TLS_OTHER},
				[ERROR] = {"ERR_peek_error", p->error, true, LW_TLS_OTHER},
				[SHUTDOWN] = {"SSL_get_shutdown", p->shutdown, true, LW_TLS_OTHER},
			},
		.essential = READ,
		.together = together,
		.what = "libssl",
		.none = none,
	};

	_Static_assert(POINTS <= UPROBE_POINTS_MAX, "more points than a set can have");
	return uprobes__new(&set);
}

enum uprobes_sign tls__sign(const struct lw_event *event)
{
	const struct lw_event_data *data = (const struct lw_event_data *)event;

	if (event->type != LW_EVENT_TLS_SEND)
		return UPROBES_LIFE;
	return data->captured && data->payload[0] == TLS_HANDSHAKE_RECORD ? UPROBES_NEW
									  : UPROBES_USE;
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
static bool has_own_openssl(pid_t tgid, char *why, size_t size)
{
	struct library found[2];
	int n = library__open(tgid, bindings, found, 2);
	bool own = n > 0;

	for (int i = 0; i < n; i++)
		own = own && !needs_libssl(found[i].fd);
	if (own)
		snprintf(why, size, "pyOpenSSL has an OpenSSL of its own, inside %s",
			 found[0].name);
	if (n > 0)
		library__close(found, (size_t)n);
	return own;
}

const char *tls__trouble(const struct uprobes *u, pid_t tgid, char *buf, size_t size)
{
	const uint32_t pair = 1U << READ | 1U << READ_ENTER | 1U << WRITE | 1U << WRITE_ENTER;
	const uint32_t pair_ex =
		1U << READ_EX | 1U << READ_EX_ENTER | 1U << WRITE_EX | 1U << WRITE_EX_ENTER;
	const char *trouble;

	if (has_own_openssl(tgid, buf, size))
		return buf;
	trouble = uprobes__trouble(u, tgid, pair_ex);
	return trouble ? uprobes__trouble(u, tgid, pair) : NULL;
}

bool tls__outlook(pid_t tgid, char *buf, size_t size)
{
	struct library found;
	int n;

	if (has_own_openssl(tgid, buf, size))
		return false;
	n = library__open(tgid, libssl, &found, 1);
	snprintf(buf, size, "%s", n > 0 ? found.name : n < 0 ? strerror(-n) : none);
	if (n > 0)
		library__close(&found, 1);
	return n > 0;
}
