/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * speaks.h - what does a connection speak, judged by its first bytes?
 */
#ifndef LEASEWATCH_SPEAKS_H
#define LEASEWATCH_SPEAKS_H

/* Does a connection that begins with these bytes speak etcd's API, or ask another Patroni whether
 * it agrees to the failsafe mode? Each prefix is eight bytes. */
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
 * TLS: a record of a known type and of version 3.x. A connection begins with a ClientHello; one
 * that was adopted goes on with data. PostgreSQL's begin with a request of their own.
 */
static __always_inline bool looks_like_tls(const char *bytes)
{
	return bytes[0] >= TLS_CHANGE_CIPHER_SPEC && bytes[0] <= TLS_APPLICATION_DATA &&
	       bytes[1] == TLS_MAJOR && (__u8)bytes[2] <= TLS_MINOR_MAX;
}

#endif
