/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * world_tls.h - records about TLS, for the engine's tests.
 */
#ifndef LEASEWATCH_TEST_WORLD_TLS_H
#define LEASEWATCH_TEST_WORLD_TLS_H

#include "tls_samples.h"
#include "world.h"

/* Raw bytes, as a hook on the socket reports them; all of them are captured. */
void world_tls__sent(struct world *w, uint64_t cookie, const uint8_t *bytes, size_t len);
void world_tls__received(struct world *w, uint64_t cookie, const uint8_t *bytes, size_t len);
/* What libssl says: enum lw_tls_what. */
void world_tls__said(struct world *w, uint64_t cookie, uint32_t what, uint64_t code);

/* Connect, and the handshake up to its end, which takes 3 ms; libssl's word for it is left out. */
void world_tls__connect(struct world *w, uint64_t cookie);
/* A request, and its answer, that nobody reads. */
void world_tls__asks(struct world *w, uint64_t cookie);
void world_tls__is_answered(struct world *w, uint64_t cookie);

/* OpenSSL 3's error codes. */
#define OPENSSL_BAD_CERTIFICATE 0x0a000086
#define OPENSSL_ALERT(n)	(0x0a000000 + 1000 + (n))
#define OPENSSL_UNEXPECTED_EOF	0x0a000126

#endif
