/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stream.h - one TCP connection of the benchmark's, in the clear or with TLS by the shared libssl.
 *
 * TLS goes as Python's ssl module does it: the _ex functions, over a BIO on the socket. The
 * certificate is made at start, signed by itself, and checked by nobody.
 */
#ifndef LEASEWATCH_BENCH_STREAM_H
#define LEASEWATCH_BENCH_STREAM_H

#include <stddef.h>
#include <openssl/ssl.h>
#include <sys/types.h>

struct stream {
	int fd;	  /* -1 = closed */
	SSL *ssl; /* NULL = in the clear */
};

/* Both end the program when libssl cannot. */
SSL_CTX *stream__server_tls(void);
SSL_CTX *stream__client_tls(void);

/*
 * The stream takes the connected socket; `tls` NULL = in the clear. The client does its handshake
 * now, the server whenever stream__recv() finds something: its socket is made non-blocking.
 */
void stream__connected(struct stream *s, int fd, SSL_CTX *tls);
void stream__accepted(struct stream *s, int fd, SSL_CTX *tls);

/* As send() and recv(): bytes, or -1 and errno (EAGAIN; EPIPE = the peer has gone). */
ssize_t stream__send(struct stream *s, const void *data, size_t len);
ssize_t stream__recv(struct stream *s, void *data, size_t room, int flags);

void stream__close(struct stream *s);

#endif
