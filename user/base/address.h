/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * address.h - network addresses as bytes and as text. An address is IPv6 in network byte order; an
 * IPv4 one is mapped (::ffff:192.0.2.1) and written without that.
 */
#ifndef LEASEWATCH_ADDRESS_H
#define LEASEWATCH_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDRESS_BYTES 46 /* its text, with the NUL: INET6_ADDRSTRLEN */

void address__from_v4(uint8_t addr[16], const uint8_t v4[4]);
/* Returns text. */
const char *address__text(const uint8_t addr[16], char text[ADDRESS_BYTES]);
/* False: it is none, and addr may have changed. */
bool address__parse(const char *text, uint8_t addr[16]);

/* "192.0.2.1:2379" or "[2001:db8::1]:2379" of an address's text. */
void address__with_port(char *buf, size_t size, const char *text, uint16_t port);
/* The port of "host:port", and how long the host is; 0 when there is none ("fd00::2"). */
uint16_t address__port(const char *endpoint, size_t *host_len);

#endif
