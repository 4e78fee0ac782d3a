// SPDX-License-Identifier: GPL-2.0-or-later
/* tls.c - records, and the name in a ClientHello (see tls.h). */
#include "protocol/tls.h"

#include <errno.h>
#include <string.h>

#include "protocol/text.h"

/* RFC 8446 5.2: ciphertext may be this long; RFC 5246 allowed some more. */
#define RECORD_MAX	(16384 + 2048)
#define EXT_SERVER_NAME 0
#define NAME_HOST	0

static bool is_header(const uint8_t *h)
{
	unsigned int len = (unsigned int)h[3] << 8 | h[4];

	return h[0] >= TLS_CONTENT_CHANGE_CIPHER_SPEC && h[0] <= TLS_CONTENT_DATA && h[1] == 3 &&
	       h[2] <= 4 && len && len <= RECORD_MAX;
}

static enum tls_status lose(struct tls_framer *f, size_t total, size_t *consumed)
{
	f->lost = true;
	f->header_len = 0;
	f->left = 0;
	*consumed = total;
	return TLS_LOST;
}

static enum tls_status feed_header(struct tls_framer *f, const uint8_t *data, size_t captured,
				   size_t total, size_t *consumed)
{
	size_t n = TLS_HEADER_BYTES - f->header_len;

	if (n > total)
		n = total;
	if (n > captured)
		return lose(f, total, consumed);
	if (n)
		memcpy(f->header + f->header_len, data, n);
	f->header_len += n;
	*consumed = n;
	if (f->header_len < TLS_HEADER_BYTES)
		return TLS_MORE;
	if (!is_header(f->header))
		return lose(f, total, consumed);
	f->left = (uint32_t)f->header[3] << 8 | f->header[4];
	return TLS_PIECE;
}

enum tls_status tls_feed(struct tls_framer *f, const void *data, size_t captured, size_t total,
			 size_t *consumed, struct tls_piece *piece)
{
	const uint8_t *at = data;
	enum tls_status status;
	size_t used = 0;

	if (f->lost && (captured < TLS_HEADER_BYTES || !is_header(at)))
		return lose(f, total, consumed);
	f->lost = false;
	if (!f->left) {
		status = feed_header(f, at, captured, total, &used);
		if (status != TLS_PIECE) {
			*consumed = used;
			return status;
		}
		at += used;
		captured -= used;
		total -= used;
	}
	piece->type = f->header[0];
	piece->len = (uint16_t)(f->header[3] << 8 | f->header[4]);
	piece->at = (uint16_t)(piece->len - f->left);
	piece->total = total < f->left ? total : f->left;
	piece->captured = captured < piece->total ? captured : piece->total;
	piece->bytes = piece->captured ? at : NULL;
	f->left -= (uint32_t)piece->total;
	if (!f->left)
		f->header_len = 0;
	*consumed = used + piece->total;
	return TLS_PIECE;
}

/* A message that ends where it was cut. */
struct reader {
	const uint8_t *at;
	size_t left;
	bool cut;
};

static unsigned int take_bytes(struct reader *r, unsigned int bytes)
{
	unsigned int value = 0;

	if (r->left < bytes) {
		r->cut = true;
		r->left = 0;
		return 0;
	}
	for (; bytes; bytes--, r->left--)
		value = value << 8 | *r->at++;
	return value;
}

static void skip_bytes(struct reader *r, size_t bytes)
{
	if (r->left < bytes) {
		r->cut = true;
		bytes = r->left;
	}
	r->at += bytes;
	r->left -= bytes;
}

/* server_name_list: the only name type there ever was is a host name. */
static int read_names(struct reader *r, char name[TLS_NAME_BYTES])
{
	unsigned int type, len;

	take_bytes(r, 2);
	type = take_bytes(r, 1);
	len = take_bytes(r, 2);
	if (r->cut || r->left < len)
		return -EAGAIN;
	if (type != NAME_HOST || len == 0 || len >= TLS_NAME_BYTES)
		return -EBADMSG;
	text_copy_ascii(name, TLS_NAME_BYTES, (const char *)r->at, len);
	return 0;
}

int tls_client_hello_name(const uint8_t *body, size_t len, char name[TLS_NAME_BYTES])
{
	struct reader r = {.at = body, .left = len};
	unsigned int type = take_bytes(&r, 1), message = take_bytes(&r, 3), extensions;
	bool whole = message <= r.left;

	if (len && type != TLS_CLIENT_HELLO)
		return -EBADMSG;
	skip_bytes(&r, 2 + 32);		   /* version, random */
	skip_bytes(&r, take_bytes(&r, 1)); /* session id */
	skip_bytes(&r, take_bytes(&r, 2)); /* cipher suites */
	skip_bytes(&r, take_bytes(&r, 1)); /* compression methods */
	if (r.cut)
		return -EAGAIN;
	if (!r.left && !whole)
		return -EAGAIN;
	if (!r.left) {
		name[0] = '\0'; /* no extensions at all: TLS before 1.3 */
		return 0;
	}
	extensions = take_bytes(&r, 2);
	while (!r.cut && extensions >= 4) {
		unsigned int kind = take_bytes(&r, 2), size = take_bytes(&r, 2);

		if (r.cut || size > extensions - 4)
			break;
		if (kind == EXT_SERVER_NAME)
			return read_names(&r, name);
		extensions -= 4 + size;
		skip_bytes(&r, size);
	}
	if (r.cut)
		return -EAGAIN;
	if (extensions)
		return -EBADMSG;
	name[0] = '\0';
	return 0;
}
