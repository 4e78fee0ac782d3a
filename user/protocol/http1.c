// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * http1.c - where an observed HTTP/1 message begins and ends (see http1.h; framing: RFC 9112, 6 and
 * 7).
 *
 * A state machine with one step per state; a step consumes what it can of the piece. Lines are
 * collected in p->line until their line feed; a carriage return before it is optional, and dropped.
 */
#include "protocol/http1.h"

#include <string.h>

#include "protocol/http1_head.h"

enum state {
	START,	    /* in the first line, or before it */
	HEADER,	    /* in a header's line */
	NEXT,	    /* at the first byte after a header's line: it may go on (folded) */
	LENGTH,	    /* in a body of known length */
	UNTIL_EOF,  /* in a body that ends with the connection */
	CHUNK_SIZE, /* in a chunk's first line */
	CHUNK_DATA,
	CHUNK_CR, /* after a chunk's data */
	CHUNK_LF,
	TRAILER, /* in a line after the last chunk */
	DONE,
	BAD,
	LOST,
};

struct piece {
	const uint8_t *data;
	size_t len, pos;
};

/* A new line. Forget the last one: it may have been an Authorization header. */
static void clear_line(struct http1_parser *p)
{
	memset(p->line, 0, p->line_len);
	p->line_len = 0;
	p->line_cut = false;
}

static void begin_message(struct http1_parser *p)
{
	struct http1_message *msg = &p->msg;

	msg->method[0] = msg->target[0] = msg->host[0] = msg->agent[0] = '\0';
	msg->status = 0;
	msg->raft_term = msg->cluster_id = 0;
	msg->close = msg->head_done = msg->body_truncated = false;
	msg->body_total = 0;
	msg->body_len = 0;
	p->state = START;
	p->remaining = 0;
	p->has_length = p->chunked = p->other_coding = p->close_said = p->line_cut = false;
	p->line_len = 0;
}

void http1_reset(struct http1_parser *p, enum http1_kind kind)
{
	p->kind = kind;
	p->no_body = p->discard_body = false;
	begin_message(p);
}

static enum http1_status fail_message(struct http1_parser *p)
{
	p->state = BAD;
	return HTTP1_BAD;
}

static enum http1_status finish(struct http1_parser *p)
{
	p->state = DONE;
	return HTTP1_DONE;
}

/* Gather the piece's bytes up to a line feed. True: the line is complete. */
static bool take_head_line(struct http1_parser *p, struct piece *in)
{
	const uint8_t *from = in->data + in->pos;
	const uint8_t *lf = memchr(from, '\n', in->len - in->pos);
	size_t take = lf ? (size_t)(lf - from) : in->len - in->pos;
	size_t room = sizeof(p->line) - p->line_len;
	size_t n = take < room ? take : room;

	memcpy(p->line + p->line_len, from, n);
	p->line_len += n;
	if (n < take)
		p->line_cut = true;
	in->pos += take + (lf ? 1 : 0);
	if (lf && !p->line_cut && p->line_len && p->line[p->line_len - 1] == '\r')
		p->line_len--;
	return lf;
}

static enum http1_status step_start(struct http1_parser *p, struct piece *in)
{
	size_t had = p->line_len;
	bool complete;

	/* Ignore empty lines before a message (RFC 9112, 2.2). */
	if (!had && (in->data[in->pos] == '\r' || in->data[in->pos] == '\n')) {
		in->pos++;
		return HTTP1_MORE;
	}
	complete = take_head_line(p, in);
	if (!http1_start_is_plausible(p, p->line_len > had ? p->line_len - had : 0))
		return fail_message(p);
	if (!complete)
		return HTTP1_MORE;
	if (!http1_read_start(p))
		return fail_message(p);
	clear_line(p);
	p->state = HEADER;
	return HTTP1_MORE;
}

/* The state in which the body is read; false: its end cannot be determined. */
static bool choose_body(struct http1_parser *p)
{
	int status = p->msg.status;

	/* Whatever the headers say (RFC 9112, 6.3); after 101 it is no longer HTTP. */
	if (p->kind == HTTP1_RESPONSE &&
	    (p->no_body || status == 101 || status == 204 || status == 304))
		p->state = DONE;
	else if (p->chunked)
		p->state = CHUNK_SIZE;
	else if (p->other_coding)
		p->state = p->kind == HTTP1_RESPONSE ? UNTIL_EOF : BAD;
	else if (p->has_length)
		p->state = p->remaining ? LENGTH : DONE;
	else
		p->state = p->kind == HTTP1_RESPONSE ? UNTIL_EOF : DONE;
	return p->state != BAD;
}

static enum http1_status end_head(struct http1_parser *p)
{
	int status = p->msg.status;

	if (p->kind == HTTP1_RESPONSE && status < 200 && status != 101) {
		begin_message(p);
		return HTTP1_MORE;
	}
	if (!choose_body(p))
		return fail_message(p);
	p->msg.head_done = true;
	return HTTP1_HEAD;
}

static enum http1_status step_header(struct http1_parser *p, struct piece *in)
{
	if (!take_head_line(p, in))
		return HTTP1_MORE;
	if (!p->line_len && !p->line_cut)
		return end_head(p);
	p->state = NEXT;
	return HTTP1_MORE;
}

static enum http1_status step_next(struct http1_parser *p, struct piece *in)
{
	uint8_t c = in->data[in->pos];

	p->state = HEADER;
	if (c == ' ' || c == '\t') /* a folded header: the white space joins the two lines */
		return HTTP1_MORE;
	if (!http1_read_header(p))
		return fail_message(p);
	clear_line(p);
	return HTTP1_MORE;
}

/* body[] holds the first bytes without a gap: once some are missing, none are added. */
static void keep_body(struct http1_parser *p, const uint8_t *data, size_t len)
{
	struct http1_message *msg = &p->msg;
	size_t room = sizeof(msg->body) - msg->body_len;
	size_t n = len < room ? len : room;

	msg->body_total += len;
	if (p->discard_body || msg->body_truncated)
		n = 0;
	memcpy(msg->body + msg->body_len, data, n);
	msg->body_len += n;
	if (n < len)
		msg->body_truncated = true;
}

/* The counted bytes, of the body or of this chunk, are complete. */
static enum http1_status end_counted(struct http1_parser *p)
{
	if (p->state == LENGTH)
		return finish(p);
	p->state = CHUNK_CR;
	return HTTP1_MORE;
}

static enum http1_status step_counted(struct http1_parser *p, struct piece *in)
{
	size_t n = in->len - in->pos;

	if (n > p->remaining)
		n = (size_t)p->remaining;
	keep_body(p, in->data + in->pos, n);
	in->pos += n;
	p->remaining -= n;
	return p->remaining ? HTTP1_MORE : end_counted(p);
}

static enum http1_status step_until_eof(struct http1_parser *p, struct piece *in)
{
	keep_body(p, in->data + in->pos, in->len - in->pos);
	in->pos = in->len;
	return HTTP1_MORE;
}

static enum http1_status step_chunk_size(struct http1_parser *p, struct piece *in)
{
	if (!take_head_line(p, in))
		return HTTP1_MORE;
	if (!http1_read_chunk_size(p, &p->remaining))
		return fail_message(p);
	clear_line(p);
	p->state = p->remaining ? CHUNK_DATA : TRAILER;
	return HTTP1_MORE;
}

static enum http1_status step_chunk_end(struct http1_parser *p, struct piece *in)
{
	uint8_t c = in->data[in->pos++];

	if (c == '\n')
		p->state = CHUNK_SIZE;
	else if (c == '\r' && p->state == CHUNK_CR)
		p->state = CHUNK_LF;
	else
		return fail_message(p);
	return HTTP1_MORE;
}

static enum http1_status step_trailer(struct http1_parser *p, struct piece *in)
{
	bool empty;

	if (!take_head_line(p, in))
		return HTTP1_MORE;
	empty = !p->line_len && !p->line_cut;
	clear_line(p);
	return empty ? finish(p) : HTTP1_MORE;
}

static enum http1_status step(struct http1_parser *p, struct piece *in)
{
	switch ((enum state)p->state) {
	case START:
		return step_start(p, in);
	case HEADER:
		return step_header(p, in);
	case NEXT:
		return step_next(p, in);
	case LENGTH:
	case CHUNK_DATA:
		return step_counted(p, in);
	case UNTIL_EOF:
		return step_until_eof(p, in);
	case CHUNK_SIZE:
		return step_chunk_size(p, in);
	case CHUNK_CR:
	case CHUNK_LF:
		return step_chunk_end(p, in);
	case TRAILER:
		return step_trailer(p, in);
	case DONE:
	case BAD:
	case LOST:
		break;
	}
	return fail_message(p);
}

/* Bytes that were not captured: harmless inside a body whose end is known, or has none. */
static enum http1_status skip_body(struct http1_parser *p, size_t gap, size_t *skipped)
{
	size_t n = gap;

	*skipped = gap;
	if (!gap)
		return HTTP1_MORE;
	if (p->state == UNTIL_EOF) {
		p->msg.body_total += gap;
		p->msg.body_truncated = true;
		return HTTP1_MORE;
	}
	if (p->state != LENGTH && (p->state != CHUNK_DATA || gap > p->remaining)) {
		p->state = LOST;
		return HTTP1_LOST;
	}
	if (n > p->remaining)
		n = (size_t)p->remaining;
	*skipped = n;
	p->remaining -= n;
	p->msg.body_total += n;
	p->msg.body_truncated = true;
	return p->remaining ? HTTP1_MORE : end_counted(p);
}

enum http1_status http1_feed(struct http1_parser *p, const void *data, size_t captured,
			     size_t total, size_t *consumed)
{
	struct piece in = {data, captured < total ? captured : total, 0};
	enum http1_status status = HTTP1_MORE;
	size_t skipped = 0;

	*consumed = 0;
	if (p->state == DONE)
		return HTTP1_DONE;
	if (p->state == BAD || p->state == LOST) {
		*consumed = total;
		return p->state == BAD ? HTTP1_BAD : HTTP1_LOST;
	}
	while (status == HTTP1_MORE && in.pos < in.len)
		status = step(p, &in);
	if (status == HTTP1_MORE)
		status = skip_body(p, total - in.len, &skipped);
	*consumed = status == HTTP1_BAD ? total : in.pos + skipped;
	return status;
}

enum http1_status http1_eof(struct http1_parser *p)
{
	if (p->state == LOST)
		return HTTP1_LOST;
	if (p->state == UNTIL_EOF || p->state == DONE)
		return finish(p);
	return fail_message(p);
}
