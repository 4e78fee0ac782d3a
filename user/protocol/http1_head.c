// SPDX-License-Identifier: GPL-2.0-or-later
/* http1_head.c - the meaning of single lines of an HTTP/1 head (RFC 9112). */
#include "leasewatch/units.h"
#include "protocol/http1_head.h"

#include <ctype.h>
#include <string.h>

#include "protocol/text.h"

#define VERSION_LEN strlen("HTTP/1.1")

static const char version[] = "HTTP/1.";

/*
 * Decided as early as possible, to stop following connections to something else: a TLS record or
 * PostgreSQL's protocol may go on for long without a line feed. Methods are upper case by
 * registration, all of them.
 */
bool http1_start_is_plausible(const struct http1_parser *p, size_t fresh)
{
	size_t len = p->line_len;

	for (size_t i = len - fresh; i < len; i++) {
		unsigned char c = (unsigned char)p->line[i];

		if ((c < 0x20 && c != '\r' && c != '\t') || c == 0x7f)
			return false;
	}
	if (p->kind == HTTP1_RESPONSE)
		return !memcmp(p->line, version,
			       len < sizeof(version) - 1 ? len : sizeof(version) - 1);
	for (size_t i = 0; i < len && p->line[i] != ' '; i++) {
		char c = p->line[i];

		if (i == HTTP1_METHOD_BYTES - 1 || !((c >= 'A' && c <= 'Z') || c == '-'))
			return false;
	}
	return len == 0 || p->line[0] != ' ';
}

/* HTTP/1.0 closes unless it says otherwise; 1.1 and later do not. */
static bool read_version(struct http1_parser *p, const char *s, size_t len)
{
	if (len != VERSION_LEN || memcmp(s, version, sizeof(version) - 1) != 0 || s[7] < '0' ||
	    s[7] > '9')
		return false;
	p->msg.close = s[7] == '0';
	return true;
}

/* Through a proxy the target is a whole URL, which may carry a password before the host's name. */
static void copy_target(char *dst, size_t size, const char *s, size_t len)
{
	const char *host = memmem(s, len, "://", 3);
	const char *slash, *at;
	size_t kept;

	if (host && s[0] != '/') {
		host += 3;
		slash = memchr(host, '/', (size_t)(s + len - host));
		at = memrchr(host, '@', (size_t)((slash ? slash : s + len) - host));
		kept = (size_t)(host - s);
		if (at && kept < size) {
			text_copy_ascii(dst, size, s, kept);
			text_copy_ascii(dst + kept, size - kept, at + 1,
					(size_t)(s + len - at - 1));
			return;
		}
	}
	text_copy_ascii(dst, size, s, len);
}

static bool read_request_line(struct http1_parser *p)
{
	const char *line = p->line, *end = line + p->line_len;
	const char *method_end = memchr(line, ' ', p->line_len);
	const char *target, *target_end;

	if (!method_end)
		return false;
	target = method_end + 1;
	target_end = memrchr(target, ' ', (size_t)(end - target));
	/* A target longer than the buffer took the version with it: today's is as good as any. */
	if (p->line_cut)
		target_end = end;
	else if (!target_end || !read_version(p, target_end + 1, (size_t)(end - target_end - 1)))
		return false;
	if (target == target_end)
		return false;
	text_copy_ascii(p->msg.method, sizeof(p->msg.method), line, (size_t)(method_end - line));
	copy_target(p->msg.target, sizeof(p->msg.target), target, (size_t)(target_end - target));
	return true;
}

static bool read_status_line(struct http1_parser *p)
{
	const char *s = p->line + VERSION_LEN;
	uint64_t status;

	if (p->line_len < VERSION_LEN + 4 || !read_version(p, p->line, VERSION_LEN) ||
	    s[0] != ' ' || !text_u64(s + 1, 3, &status) || status < 100)
		return false;
	if (p->line_len > VERSION_LEN + 4 && s[4] != ' ')
		return false;
	p->msg.status = (int)status;
	return true;
}

bool http1_read_start(struct http1_parser *p)
{
	return p->kind == HTTP1_REQUEST ? read_request_line(p) : read_status_line(p);
}

/* Call `take` for each element of a comma-separated list; stops at the first false. */
static bool each(struct http1_parser *p, const char *s, size_t len,
		 bool (*take)(struct http1_parser *p, const char *s, size_t len))
{
	for (;;) {
		const char *comma = memchr(s, ',', len);
		size_t n = comma ? (size_t)(comma - s) : len;
		const char *element = s;
		size_t element_len = n;

		text_trim(&element, &element_len);
		if (!take(p, element, element_len))
			return false;
		if (!comma)
			return true;
		s += n + 1;
		len -= n + 1;
	}
}

/* Repeated equal lengths count once; different ones are an attack or a bug (RFC 9112, 6.3). */
static bool take_length(struct http1_parser *p, const char *s, size_t len)
{
	uint64_t length;

	if (!text_u64(s, len, &length) || length > INT64_MAX)
		return false;
	if (p->has_length && p->remaining != length)
		return false;
	p->has_length = true;
	p->remaining = length;
	return true;
}

static bool read_length(struct http1_parser *p, const char *s, size_t len)
{
	return !p->line_cut && each(p, s, len, take_length);
}

/* Only the last coding determines where the body ends. */
static bool take_coding(struct http1_parser *p, const char *s, size_t len)
{
	if (!len)
		return true;
	p->chunked = text_is(s, len, "chunked");
	p->other_coding = !p->chunked && !text_is(s, len, "identity");
	return true;
}

static bool read_coding(struct http1_parser *p, const char *s, size_t len)
{
	return !p->line_cut && each(p, s, len, take_coding);
}

static bool take_connection(struct http1_parser *p, const char *s, size_t len)
{
	if (text_is(s, len, "close")) {
		p->close_said = true;
		p->msg.close = true;
	} else if (text_is(s, len, "keep-alive") && !p->close_said) {
		p->msg.close = false;
	}
	return true;
}

static bool read_connection(struct http1_parser *p, const char *s, size_t len)
{
	return each(p, s, len, take_connection);
}

static bool read_host(struct http1_parser *p, const char *s, size_t len)
{
	text_copy_ascii(p->msg.host, sizeof(p->msg.host), s, len);
	return true;
}

static bool read_agent(struct http1_parser *p, const char *s, size_t len)
{
	text_copy_ascii(p->msg.agent, sizeof(p->msg.agent), s, len);
	return true;
}

static bool read_raft_term(struct http1_parser *p, const char *s, size_t len)
{
	if (!p->line_cut)
		text_u64(s, len, &p->msg.raft_term);
	return true;
}

/* Up to 16 hexadecimal digits. */
static bool read_cluster_id(struct http1_parser *p, const char *s, size_t len)
{
	uint64_t id = 0;

	if (p->line_cut || len > 16)
		return true;
	for (size_t i = 0; i < len; i++) {
		if (!isxdigit((unsigned char)s[i]))
			return true;
		id = id << 4 | (unsigned int)(s[i] <= '9' ? s[i] - '0' : (s[i] | 0x20) - 'a' + 10);
	}
	p->msg.cluster_id = id;
	return true;
}

#define IN_REQUEST  (1u << HTTP1_REQUEST)
#define IN_RESPONSE (1u << HTTP1_RESPONSE)

static const struct {
	const char *name;
	unsigned kinds;
	bool (*read)(struct http1_parser *p, const char *s, size_t len);
} headers[] = {
	{"content-length", IN_REQUEST | IN_RESPONSE, read_length},
	{"transfer-encoding", IN_REQUEST | IN_RESPONSE, read_coding},
	{"connection", IN_REQUEST | IN_RESPONSE, read_connection},
	{"host", IN_REQUEST, read_host},
	{"user-agent", IN_REQUEST, read_agent},
	{"x-raft-term", IN_RESPONSE, read_raft_term},
	{"x-etcd-cluster-id", IN_RESPONSE, read_cluster_id},
};

bool http1_read_header(struct http1_parser *p)
{
	const char *colon = memchr(p->line, ':', p->line_len);
	const char *name = p->line, *value;
	size_t name_len, value_len;

	if (!colon) /* not a header; harmless, and seen in the wild */
		return true;
	name_len = (size_t)(colon - name);
	text_trim(&name, &name_len);
	value = colon + 1;
	value_len = p->line_len - (size_t)(value - p->line);
	text_trim(&value, &value_len);
	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		if ((headers[i].kinds & 1u << p->kind) && text_is(name, name_len, headers[i].name))
			return headers[i].read(p, value, value_len);
	}
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

bool http1_read_chunk_size(const struct http1_parser *p, uint64_t *size)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < p->line_len && hex_digit(p->line[i]) >= 0; i++) {
		if (value > INT64_MAX >> 4)
			return false;
		value = value << 4 | (uint64_t)hex_digit(p->line[i]);
	}
	/* Digits, then nothing or an extension; digits that go on behind the cut are no number. */
	if (!i || (i == p->line_len ? p->line_cut : !strchr("; \t", p->line[i])))
		return false;
	*size = value;
	return true;
}
