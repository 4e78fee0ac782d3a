// SPDX-License-Identifier: GPL-2.0-or-later
/* etcd_message.c - an error text made fit to be shown (see etcd_message.h). */
#include "leasewatch/units.h"
#include "protocol/etcd_message.h"

#include <stdbool.h>
#include <string.h>

#include "protocol/text.h"

struct writer {
	char *dst;
	size_t size, len;
};

static void put(struct writer *w, const char *src, size_t len)
{
	size_t room = w->size - 1 - w->len;
	size_t n = len < room ? len : room;

	text_copy_ascii(w->dst + w->len, n + 1, src, n);
	w->len += n;
}

/* Letters that a token, a password hash or a base64 text is made of. */
static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("+/_.~=-", c));
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* etcd's simple token: 16 letters, a dot, a number (auth/simple_token.go). */
static bool is_simple_token(const char *word, size_t len)
{
	if (len < 18 || word[16] != '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		bool letter = (word[i] | 0x20) >= 'a' && (word[i] | 0x20) <= 'z';

		if (i != 16 && (i < 16 ? !letter : !is_digit(word[i])))
			return false;
	}
	return true;
}

/* Long, and of a mixture that no host name, path or word of a message has. */
static bool is_opaque(const char *word, size_t len)
{
	bool upper = false, lower = false, digit = false;

	for (size_t i = 0; i < len; i++) {
		upper |= word[i] >= 'A' && word[i] <= 'Z';
		lower |= word[i] >= 'a' && word[i] <= 'z';
		digit |= is_digit(word[i]);
	}
	return len >= 24 && upper && lower && digit;
}

static bool is_secret(const char *word, size_t len)
{
	/* A JSON web token is base64 of '{"', whatever follows. */
	bool jwt = len >= 12 && !memcmp(word, "eyJ", 3);

	return jwt || is_simple_token(word, len) || is_opaque(word, len);
}

/* "Authorization: x", "Bearer x", "password=x": how far does the announcement reach? */
static bool announces_secret(const char *word, size_t len)
{
	static const char *const words[] = {
		"authorization", "bearer", "basic", "password", "passwd", "pwd", "secret", "cookie",
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (text_is(word, len, words[i]))
			return true;
	}
	return false;
}

/* A word may carry its announcement in itself: "password=x". Returns where the value begins. */
static size_t announcement(const char *word, size_t len)
{
	const char *equals = memchr(word, '=', len);

	if (!equals || equals == word + len - 1)
		return 0;
	return announces_secret(word, (size_t)(equals - word)) ? (size_t)(equals - word) + 1 : 0;
}

/* "password: x" and "password=x" are announcements, "password authentication failed" is none. */
static bool is_announced(const char *between, size_t len)
{
	return memchr(between, ':', len) || memchr(between, '=', len) || memchr(between, '"', len);
}

/* A secret that was announced may hold any character: it ends where its place in the text ends. */
static size_t secret_len(const char *src, size_t len)
{
	size_t n = 0;

	while (n < len && (unsigned char)src[n] > ' ' && !strchr("\"',;&}", src[n]))
		n++;
	return n;
}

static void put_line(struct writer *w, const char *src, size_t len)
{
	bool hide_next = false, scheme = false; /* scheme: no more than a space has to follow */
	size_t between = 0;			/* where the last word ended */

	for (size_t i = 0; i < len; between = i) {
		size_t n = 0, value;

		while (i < len && !is_word(src[i]))
			put(w, src + i++, 1);
		while (i + n < len && is_word(src[i + n]))
			n++;
		value = announcement(src + i, n);
		if (hide_next && !announces_secret(src + i, n) &&
		    (scheme || is_announced(src + between, i - between))) {
			n = secret_len(src + i, len - i);
			put(w, "***", n ? 3 : 0);
			hide_next = false;
		} else if (value) {
			put(w, src + i, value);
			put(w, "***", 3);
			n = value + secret_len(src + i + value, len - i - value);
			hide_next = false;
		} else if (is_secret(src + i, n)) {
			put(w, "***", 3);
			hide_next = false;
		} else {
			put(w, src + i, n);
			scheme = text_is(src + i, n, "bearer") || text_is(src + i, n, "basic");
			hide_next =
				announces_secret(src + i, n) ||
				(n && src[i + n - 1] == '=' && announces_secret(src + i, n - 1));
			scheme |= n && src[i + n - 1] == '=';
		}
		i += n;
	}
}

/* A proxy's error page: go on to the text, that is its title. */
static size_t skip_blank_and_tags(const char *src, size_t len)
{
	size_t i = 0;

	while (i < len) {
		const char *end = src[i] == '<' ? memchr(src + i, '>', len - i) : NULL;

		if (end)
			i = (size_t)(end - src) + 1;
		else if ((unsigned char)src[i] <= ' ')
			i++;
		else
			break;
	}
	return i;
}

void etcd_message_clean(char *dst, size_t size, const char *src, size_t len)
{
	struct writer w = {dst, size, 0};
	size_t begin = skip_blank_and_tags(src, len);
	size_t end = begin;

	dst[0] = '\0';
	while (end < len && src[end] != '\n' && src[end] != '\r' && src[end] != '\0')
		end++;
	/* What follows the title of an HTML page on the same line is its next tag. */
	if (begin && src[begin - 1] == '>' && begin < end) {
		const char *tag = memchr(src + begin, '<', end - begin);

		end = tag ? (size_t)(tag - src) : end;
	}
	put_line(&w, src + begin, end - begin);
}
