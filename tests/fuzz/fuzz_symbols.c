// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_symbols.c - any bytes as a library. The first two stretch the file by as many times 256
 * bytes of a hole: a header may then promise what a short input cannot hold.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "host/symbols.h"
#include "leasewatch/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"SSL_read", "SSL_write_ex", "getaddrinfo"};
	uint64_t offsets[ARRAY_LEN(names)];
	static int fd = -1;
	size_t hole;

	if (size < 2)
		return 0;
	if (fd < 0)
		fd = memfd_create("library", MFD_CLOEXEC);
	hole = (size_t)(data[0] | data[1] << 8) * 256;
	size -= 2;
	CHECK(fd >= 0 && !ftruncate(fd, 0));
	CHECK(pwrite(fd, data + 2, size, 0) == (ssize_t)size);
	CHECK(!ftruncate(fd, (off_t)(size + hole)));
	symbols__find(fd, names, ARRAY_LEN(names), offsets);
	return 0;
}
