// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * address.c - network addresses as bytes and as text.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

void address__from_v4(uint8_t addr[16], const uint8_t v4[4])
{
	memcpy(addr, mapped, sizeof(mapped));
	memcpy(addr + sizeof(mapped), v4, 4);
}

const char *address__text(const uint8_t addr[16], char text[ADDRESS_BYTES])
{
	bool is_v4 = memcmp(addr, mapped, sizeof(mapped)) == 0;

	return inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? addr + sizeof(mapped) : addr, text,
			 ADDRESS_BYTES);
}

bool address__parse(const char *text, uint8_t addr[16])
{
	uint8_t v4[4];

	if (inet_pton(AF_INET, text, v4) != 1)
		return inet_pton(AF_INET6, text, addr) == 1;
	address__from_v4(addr, v4);
	return true;
}

void address__with_port(char *buf, size_t size, const char *text, uint16_t port)
{
	snprintf(buf, size, strchr(text, ':') ? "[%s]:%u" : "%s:%u", text, port);
}

uint16_t address__port(const char *endpoint, size_t *host_len)
{
	const char *colon = strrchr(endpoint, ':');
	unsigned long port;
	char *end;

	*host_len = strlen(endpoint);
	if (!colon || colon == endpoint || colon[1] < '0' || colon[1] > '9')
		return 0;
	if (colon != strchr(endpoint, ':') && colon[-1] != ']')
		return 0;
	port = strtoul(colon + 1, &end, 10);
	if (*end || port > UINT16_MAX)
		return 0;
	*host_len = (size_t)(colon - endpoint);
	return (uint16_t)port;
}
