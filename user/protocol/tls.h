/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tls.h - what a TLS connection shows in the clear: its records, the server name in a ClientHello,
 * alerts; and OpenSSL's errors in words.
 *
 * RFC 8446 (TLS 1.3), RFC 5246 (1.2), RFC 6066 (server_name).
 */
#ifndef LEASEWATCH_PROTOCOL_TLS_H
#define LEASEWATCH_PROTOCOL_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLS_NAME_BYTES	 256
#define TLS_HEADER_BYTES 5

enum tls_content {
	TLS_CONTENT_CHANGE_CIPHER_SPEC = 20,
	TLS_CONTENT_ALERT = 21,
	TLS_CONTENT_HANDSHAKE = 22,
	TLS_CONTENT_DATA = 23, /* TLS 1.3: also what is left of the handshake, and alerts */
};

#define TLS_CLIENT_HELLO       1 /* the first byte of a handshake message */
#define TLS_ALERT_CLOSE_NOTIFY 0

/* A part of one record's body. */
struct tls_piece {
	uint8_t type;	      /* enum tls_content */
	uint16_t len;	      /* of the record's whole body */
	uint16_t at;	      /* where in the body the part begins */
	size_t total;	      /* bytes of the part on the wire */
	size_t captured;      /* how many of them are at `bytes`, from the part's beginning */
	const uint8_t *bytes; /* borrowed from what was fed */
};

enum tls_status {
	TLS_MORE,  /* everything was consumed, a header goes on */
	TLS_PIECE, /* *piece is set; feed again with the rest, if there is any */
	TLS_LOST,  /* no TLS, or a header was not captured: everything was consumed */
};

/* One direction of one connection. Zeroed: at the beginning of a record. */
struct tls_framer {
	uint8_t header[TLS_HEADER_BYTES];
	uint8_t header_len; /* bytes of it seen */
	uint32_t left;	    /* of the body */
	bool lost;
};

/*
 * Feed `captured` bytes at `data`, followed on the wire by `total - captured` that were not
 * captured. *consumed says how many of `total` were used up. After TLS_LOST it resumes when a later
 * feed begins with a record.
 */
enum tls_status tls_feed(struct tls_framer *f, const void *data, size_t captured, size_t total,
			 size_t *consumed, struct tls_piece *piece);

/*
 * The server name in a ClientHello; "" = it has none (an address was asked for). `body` is the
 * beginning of a handshake record's body. 0; -EAGAIN: cut before one could be found; -EBADMSG: no
 * ClientHello. *name is untouched then.
 */
int tls_client_hello_name(const uint8_t *body, size_t len, char name[TLS_NAME_BYTES]);

/* "bad certificate"; NULL = there is no such alert. */
const char *tls_alert_text(uint8_t description);

/* What OpenSSL's error code says, see ERR_GET_LIB(3) and its header openssl/sslerr.h. */
enum tls_openssl_kind {
	TLS_OPENSSL_NOTHING, /* nothing about TLS: the connection's end, a system call's error */
	TLS_OPENSSL_ALERT,   /* the peer sent an alert: `code` is its description */
	TLS_OPENSSL_CERTIFICATE, /* the peer's certificate was refused */
	TLS_OPENSSL_PROTOCOL,	 /* anything else: `code` is OpenSSL's reason */
};

/* As ERR_peek_error() returned it. Both ways of packing are read: 1.1's and 3's. */
enum tls_openssl_kind tls_openssl_error(uint64_t packed, unsigned int *code);

/* "wrong version number"; NULL = unknown. */
const char *tls_openssl_reason_text(unsigned int reason);

/* X509_V_ERR_*, see X509_verify_cert_error_string(3). NULL = none that we have words for. */
const char *tls_verify_text(unsigned int code);

#endif
