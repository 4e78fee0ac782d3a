/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * speaks.h - the protocol of a connection, by its first bytes.
 */
#ifndef LEASEWATCH_SPEAKS_H
#define LEASEWATCH_SPEAKS_H

/* Does a connection that begins with these bytes speak etcd's API, or ask another Patroni about
 * failsafe mode? Each prefix is eight bytes. */
static __always_inline bool looks_like_ours(const char *bytes)
{
	static const char prefixes[][8] __attribute__((aligned(8))) = {
		{'P', 'O', 'S', 'T', ' ', '/', 'v', '3'}, {'G', 'E', 'T', ' ', '/', 'v', 'e', 'r'},
		{'G', 'E', 'T', ' ', '/', 'v', '2', '/'}, {'P', 'U', 'T', ' ', '/', 'v', '2', '/'},
		{'P', 'O', 'S', 'T', ' ', '/', 'v', '2'}, {'D', 'E', 'L', 'E', 'T', 'E', ' ', '/'},
		{'P', 'O', 'S', 'T', ' ', '/', 'f', 'a'},
	};

#pragma unroll
	for (unsigned int i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (*(const __u64 *)bytes == *(const __u64 *)prefixes[i])
			return true;
	return false;
}

/*
 * TLS: a record of a known type and of version 3.x. A connection begins with a ClientHello, an
 * adopted one continues with data. PostgreSQL's connections begin with an SSLRequest.
 */
static __always_inline bool looks_like_tls(const char *bytes)
{
	return bytes[0] >= TLS_CHANGE_CIPHER_SPEC && bytes[0] <= TLS_APPLICATION_DATA &&
	       bytes[1] == TLS_MAJOR && (__u8)bytes[2] <= TLS_MINOR_MAX;
}

#endif
