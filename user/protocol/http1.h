/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http1.h - the framing of observed HTTP/1.1: where a message begins and ends, and its first bytes.
 *
 * The traffic between Patroni and etcd arrives in pieces cut anywhere, and a piece longer than
 * LW_CAPTURE_BYTES lacks its tail. One parser follows one direction of one connection, one message
 * at a time. It keeps only what the model needs: no header but those named below ever leaves it
 * (Authorization and cookies are skipped unread, and wiped).
 *
 * Bytes that were not captured: inside a body whose length is known they are counted and skipped;
 * where they hide framing (a header, a chunk size) the message's end cannot be known: HTTP1_LOST,
 * and the caller restarts with the next message. Nothing is ever guessed.
 */
#ifndef LEASEWATCH_HTTP1_H
#define LEASEWATCH_HTTP1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP1_METHOD_BYTES 16
#define HTTP1_TARGET_BYTES 256
#define HTTP1_HOST_BYTES   128
#define HTTP1_AGENT_BYTES  64
#define HTTP1_BODY_BYTES   4096
#define HTTP1_LINE_BYTES   1024

enum http1_kind { HTTP1_REQUEST, HTTP1_RESPONSE };

enum http1_status {
	HTTP1_MORE, /* everything was consumed, the message goes on */
	HTTP1_HEAD, /* the headers are complete; feed again with the rest (also when it is empty) */
	HTTP1_DONE, /* the message is complete; the rest belongs to the next one */
	HTTP1_BAD,  /* this is not HTTP/1: the connection cannot be followed */
	HTTP1_LOST, /* framing bytes were not captured: the message's end is not known */
};

/*
 * What is known of a message so far. Strings end with NUL; one that was too long is cut; a byte
 * that is not printable ASCII is shown as '?'.
 */
struct http1_message {
	char method[HTTP1_METHOD_BYTES]; /* request */
	char target[HTTP1_TARGET_BYTES]; /* request: as sent, query included; no "user:password@" */
	char host[HTTP1_HOST_BYTES];	 /* request */
	char agent[HTTP1_AGENT_BYTES];	 /* request: User-Agent */
	int status;			 /* response: 100..999, 0 = not known yet */
	uint64_t raft_term;		 /* response: X-Raft-Term (etcd v2), 0 = none */
	uint64_t cluster_id;		 /* response: X-Etcd-Cluster-Id, 0 = none */
	bool close;			 /* Connection: close, or HTTP/1.0 without keep-alive */
	bool head_done;
	bool body_truncated;		/* body[] lacks bytes that were there */
	uint64_t body_total;		/* body bytes so far, without chunk framing */
	size_t body_len;		/* bytes in body[] */
	uint8_t body[HTTP1_BODY_BYTES]; /* the first bytes of the body, without chunk framing */
};

struct http1_parser {
	enum http1_kind kind;
	/* For the caller to set after http1_reset, which clears them. */
	bool no_body;	   /* response: the request was HEAD. Before the first feed */
	bool discard_body; /* count the body, keep nothing of it (a password). At HTTP1_HEAD */
	struct http1_message msg;
	/* private */
	unsigned state;
	uint64_t remaining; /* of the body, or of the chunk */
	bool has_length, chunked, other_coding, close_said, line_cut;
	size_t line_len;
	char line[HTTP1_LINE_BYTES];
};

/* Begin a new message. Keeps nothing of the last one. Cheap: no buffer is cleared. */
void http1_reset(struct http1_parser *p, enum http1_kind kind);

/*
 * Feed a piece: `captured` bytes at `data`, followed on the wire by `total - captured` bytes that
 * were not captured. *consumed says how many of `total` belong to this message (always all of them
 * with HTTP1_MORE; never more than `total`). Answers 100-continue style (1xx, but 101) are skipped
 * inside: the final one counts. An answer with neither Content-Length nor chunked goes on until
 * http1_eof. How the bytes are split into pieces makes no difference. After DONE, BAD and LOST the
 * answer stays the same until http1_reset. `data` may be NULL when captured is 0.
 */
enum http1_status http1_feed(struct http1_parser *p, const void *data, size_t captured,
			     size_t total, size_t *consumed);

/*
 * The peer closed. HTTP1_DONE if that ends the message (or it had ended), else HTTP1_BAD: it was
 * cut short, or had not begun. HTTP1_LOST stays HTTP1_LOST.
 */
enum http1_status http1_eof(struct http1_parser *p);

#endif
