/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http1_samples.h - HTTP/1 messages, good and bad, for test_http1. What etcd says in them was
 * recorded from etcd 3.4.23, what Patroni says from 3.0.2 (secrets and ids replaced).
 */
#ifndef LEASEWATCH_TESTS_HTTP1_SAMPLES_H
#define LEASEWATCH_TESTS_HTTP1_SAMPLES_H

#include "protocol/http1.h"

#define ETCD_HEAD                                                                                  \
	"HTTP/1.1 200 OK\r\n"                                                                      \
	"Access-Control-Allow-Headers: accept, content-type, authorization\r\n"                    \
	"Content-Type: application/json\r\nGrpc-Metadata-Content-Type: application/grpc\r\n"       \
	"Date: Mon, 23 Nov 2026 09:48:39 GMT\r\n"
#define OK "HTTP/1.1 200 OK\r\n"
#define R  HTTP1_RESPONSE
#define Q  HTTP1_REQUEST

/* One message, and how it ends. `rest` bytes of the text belong to the next message. */
struct sample {
	const char *name, *text;
	size_t len;
	enum http1_kind kind;
	enum http1_status end; /* MORE: it goes on forever */
	const char *body;      /* NULL = none */
	int status;
	size_t rest;
	bool no_body, eof, close;
	uint64_t raft_term, cluster_id;
};

#define SAMPLE(n, t, k, e, ...)                                                                    \
	{                                                                                          \
		.name = n, .text = t, .len = sizeof(t) - 1, .kind = k, .end = e, ##__VA_ARGS__     \
	}

static const struct sample samples[] = {
	SAMPLE("keepalive answer of etcd 3.4.23",
	       ETCD_HEAD
	       "Transfer-Encoding: chunked\r\n\r\n"
	       "85\r\n{\"result\":{\"header\":{\"cluster_id\":\"324952591200643719\",\"member_id\":"
	       "\"3319814642761637952\",\"revision\":\"1\",\"raft_term\":\"2\"},\"ID\":\"78\"}}\n"
	       "\r\n0\r\n\r\n",
	       R, HTTP1_DONE,
	       .body = "{\"result\":{\"header\":{\"cluster_id\":\"324952591200643719\",\"member_"
		       "id\":"
		       "\"3319814642761637952\",\"revision\":\"1\",\"raft_term\":\"2\"},\"ID\":"
		       "\"78\"}}\n",
	       .status = 200),
	SAMPLE("error of etcd 3.4.23, with a trailer",
	       "HTTP/1.1 404 Not Found\r\nTrailer: Grpc-Trailer-Content-Type\r\n"
	       "Transfer-Encoding: chunked\r\n\r\n"
	       "6c\r\n{\"error\":\"etcdserver: requested lease not "
	       "found\",\"message\":\"etcdserver: "
	       "requested lease not found\",\"code\":5}\r\n0\r\n"
	       "Grpc-Trailer-Content-Type: application/grpc\r\n\r\n",
	       R, HTTP1_DONE,
	       .body = "{\"error\":\"etcdserver: requested lease not "
		       "found\",\"message\":\"etcdserver: requested "
		       "lease not found\",\"code\":5}",
	       .status = 404),
	SAMPLE("100-continue of etcd 3.4.23",
	       "HTTP/1.1 100 Continue\r\n\r\n" ETCD_HEAD "Content-Length: 2\r\n\r\n{}", R,
	       HTTP1_DONE, .body = "{}", .status = 200),
	SAMPLE("two informational answers",
	       "HTTP/1.1 103 Early\r\nContent-Length: 9\r\n\r\n"
	       "HTTP/1.1 102 Processing\r\nConnection: close\r\n\r\n" OK
	       "Content-Length: 1\r\n\r\nx",
	       R, HTTP1_DONE, .body = "x", .status = 200),
	SAMPLE("switching protocols ends it", "HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\nPRI",
	       R, HTTP1_DONE, .status = 101, .rest = 3),
	SAMPLE("the next answer follows", OK "Content-Length: 2\r\n\r\n{}" OK, R, HTTP1_DONE,
	       .body = "{}", .status = 200, .rest = sizeof(OK) - 1),
	SAMPLE("204", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", R, HTTP1_DONE,
	       .status = 204),
	SAMPLE("304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", R, HTTP1_DONE,
	       .status = 304),
	SAMPLE("HEAD", OK "Content-Length: 45\r\n\r\n", R, HTTP1_DONE, .status = 200,
	       .no_body = true),
	SAMPLE("no length: until the end", "HTTP/1.0 200 OK\r\n\r\nall of it", R, HTTP1_DONE,
	       .body = "all of it", .status = 200, .eof = true, .close = true),
	SAMPLE("no length, nothing comes", OK "\r\n", R, HTTP1_DONE, .status = 200, .eof = true),
	SAMPLE("compressed: until the end",
	       OK "Transfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\nzip", R, HTTP1_DONE,
	       .body = "zip", .status = 200, .eof = true),
	SAMPLE("cut short by the peer", OK "Content-Length: 5\r\n\r\nabc", R, HTTP1_BAD,
	       .body = "abc", .status = 200, .eof = true),
	SAMPLE("closed before it began", "", R, HTTP1_BAD, .status = 0, .eof = true),
	SAMPLE("HTTP/1.0 kept alive",
	       "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n", R,
	       HTTP1_DONE, .status = 200),
	SAMPLE("close wins",
	       OK "Connection: close\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", R,
	       HTTP1_DONE, .status = 200, .close = true),
	SAMPLE("close in a list", OK "CONNECTION: foo , Close\r\ncontent-length:0\r\n\r\n", R,
	       HTTP1_DONE, .status = 200, .close = true),
	SAMPLE("no reason phrase", "HTTP/1.1 503\r\nContent-Length: 0\r\n\r\n", R, HTTP1_DONE,
	       .status = 503),
	SAMPLE("line feeds only", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3\nabc\n0\n\n", R,
	       HTTP1_DONE, .body = "abc", .status = 200),
	SAMPLE("empty lines first", "\r\n\n" OK "Content-Length: 0\r\n\r\n", R, HTTP1_DONE,
	       .status = 200),
	SAMPLE("chunks, extensions, trailers",
	       OK "Transfer-Encoding: gzip, Chunked\r\n\r\n3;a=b\r\nabc\r\n00A \r\n0123456789\r\n"
		  "0;last\r\nX: y\r\n folded\r\n\r\nHTTP",
	       R, HTTP1_DONE, .body = "abc0123456789", .status = 200, .rest = 4),
	SAMPLE("chunked beats a length",
	       OK "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"
		  "0\r\n\r\n",
	       R, HTTP1_DONE, .body = "x", .status = 200),
	SAMPLE("a watch never ends", OK "Transfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n", R,
	       HTTP1_MORE, .body = "{}\n", .status = 200),
	SAMPLE("folded framing header",
	       OK "Transfer-Encoding:\r\n\t chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", R, HTTP1_DONE,
	       .body = "x", .status = 200),
	SAMPLE("folded length", OK "Content-Length: \r\n  2\r\n\r\nok", R, HTTP1_DONE, .body = "ok",
	       .status = 200),
	SAMPLE("equal lengths", OK "Content-Length: 2, 2\r\nContent-Length: 2\r\n\r\nok", R,
	       HTTP1_DONE, .body = "ok", .status = 200),
	SAMPLE("etcd v2",
	       OK "X-Etcd-Cluster-Id: 7fA9000000000001\r\nX-Raft-Term: 17\r\nContent-Length: "
		  "2\r\n\r\n{}",
	       R, HTTP1_DONE, .body = "{}", .status = 200, .raft_term = 17,
	       .cluster_id = 0x7fa9000000000001),
	SAMPLE("no cluster id",
	       OK "X-Etcd-Cluster-Id: 12x\r\nX-Etcd-Cluster-Id: 00000000000000001\r\n"
		  "Content-Length: 2\r\n\r\n{}",
	       R, HTTP1_DONE, .body = "{}", .status = 200),
	SAMPLE("a header without a colon", OK "garbage\r\nContent-Length: 1\r\n\r\nx", R,
	       HTTP1_DONE, .body = "x", .status = 200),
	SAMPLE("identity", OK "Transfer-Encoding: identity\r\nContent-Length: 1\r\n\r\nx", R,
	       HTTP1_DONE, .body = "x", .status = 200),
	SAMPLE("empty elements in a list",
	       OK "Transfer-Encoding: , gzip,,chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", R, HTTP1_DONE,
	       .body = "x", .status = 200),
	SAMPLE("the last coding decides", OK "Transfer-Encoding: chunked, gzip\r\n\r\n1\r\n", R,
	       HTTP1_DONE, .body = "1\r\n", .status = 200, .eof = true),
	SAMPLE("the longest length", OK "Content-Length: 9223372036854775807\r\n\r\nx", R,
	       HTTP1_MORE, .body = "x", .status = 200),
	SAMPLE("the longest chunk", OK "Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\nx", R,
	       HTTP1_MORE, .body = "x", .status = 200),
	SAMPLE("hexadecimal in either case",
	       OK "Transfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\nC\r\n0123456789ab\r\n"
		  "0\r\n\r\n",
	       R, HTTP1_DONE, .body = "0123456789a0123456789ab", .status = 200),
	SAMPLE("negative length", OK "Content-Length: -1\r\n\r\nx", R, HTTP1_BAD, .status = 200),
	SAMPLE("signed length", OK "Content-Length: +1\r\n\r\nx", R, HTTP1_BAD, .status = 200),
	SAMPLE("empty length", OK "Content-Length: \r\n\r\nx", R, HTTP1_BAD, .status = 200),
	SAMPLE("absurd length", OK "Content-Length: 9223372036854775808\r\n\r\nx", R, HTTP1_BAD,
	       .status = 200),
	SAMPLE("overflowing length", OK "Content-Length: 18446744073709551618\r\n\r\nx", R,
	       HTTP1_BAD, .status = 200),
	SAMPLE("different lengths", OK "Content-Length: 1\r\nContent-Length: 2\r\n\r\nx", R,
	       HTTP1_BAD, .status = 200),
	SAMPLE("absurd chunk", OK "Transfer-Encoding: chunked\r\n\r\n8000000000000000\r\n", R,
	       HTTP1_BAD, .status = 200),
	SAMPLE("negative chunk", OK "Transfer-Encoding: chunked\r\n\r\n-1\r\n", R, HTTP1_BAD,
	       .status = 200),
	SAMPLE("no chunk size", OK "Transfer-Encoding: chunked\r\n\r\n\r\n", R, HTTP1_BAD,
	       .status = 200),
	SAMPLE("chunk size with a tail", OK "Transfer-Encoding: chunked\r\n\r\n1x\r\n", R,
	       HTTP1_BAD, .status = 200),
	SAMPLE("chunk longer than it says", OK "Transfer-Encoding: chunked\r\n\r\n1\r\nab", R,
	       HTTP1_BAD, .body = "a", .status = 200),
	SAMPLE("two ends of a chunk", OK "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\r\n0\r\n\r\n",
	       R, HTTP1_BAD, .body = "a", .status = 200),
	SAMPLE("torn end of a chunk", OK "Transfer-Encoding: chunked\r\n\r\n1\r\na\rb", R,
	       HTTP1_BAD, .body = "a", .status = 200),
	SAMPLE("HTTP/2", "HTTP/2 200\r\n\r\n", R, HTTP1_BAD),
	SAMPLE("HTTP/1.9", "HTTP/1.9 200\r\nContent-Length: 0\r\n\r\n", R, HTTP1_DONE,
	       .status = 200),
	SAMPLE("a version that is no number", "HTTP/1.: 200 OK\r\n\r\n", R, HTTP1_BAD),
	SAMPLE("another such", "HTTP/1./ 200 OK\r\n\r\n", R, HTTP1_BAD),
	SAMPLE("a version without a dot", "GET / HTTP/1x1\r\n\r\n", Q, HTTP1_BAD),
	SAMPLE("a version too long", "GET / HTTP/1.10\r\n\r\n", Q, HTTP1_BAD),
	SAMPLE("no status", "HTTP/1.1 \r\n\r\n", R, HTTP1_BAD),
	SAMPLE("status too short", "HTTP/1.1 20\r\n\r\n", R, HTTP1_BAD),
	SAMPLE("status too long", "HTTP/1.1 2000 OK\r\n\r\n", R, HTTP1_BAD),
	SAMPLE("status too long, and nothing behind it", "HTTP/1.1 2000\r\n\r\n", R, HTTP1_BAD),
	SAMPLE("status below 100", "HTTP/1.1 099 OK\r\n\r\n", R, HTTP1_BAD),
	SAMPLE("a TLS alert", "\x15\x03\x03\x00\x02\x02\x28", R, HTTP1_BAD),
	SAMPLE("a request where an answer should be", "GET / HTTP/1.1\r\n", R, HTTP1_BAD),
	SAMPLE("keepalive of Patroni 3.0.2",
	       "POST /v3/lease/keepalive HTTP/1.1\r\nHost: etcd1.lab:2379\r\nAccept-Encoding: "
	       "identity\r\n"
	       "Content-Length: 28\r\nuser-agent: Patroni/3.0.2 Python/3.11.2 Linux\r\n"
	       "authorization: AbCdEfGhIjKlMnOp.18\r\nContent-Type: application/json\r\n\r\n"
	       "{\"ID\": \"335512345678901234\"}",
	       Q, HTTP1_DONE, .body = "{\"ID\": \"335512345678901234\"}"),
	SAMPLE("request without a body", "GET /version HTTP/1.1\r\nHost: a\r\n\r\nGET", Q,
	       HTTP1_DONE, .rest = 3),
	SAMPLE("chunked request",
	       "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", Q,
	       HTTP1_DONE, .body = "{}"),
	SAMPLE("HTTP/1.0 request", "GET / HTTP/1.0\r\n\r\n", Q, HTTP1_DONE, .close = true),
	SAMPLE("compressed request", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", Q,
	       HTTP1_BAD),
	SAMPLE("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Q, HTTP1_BAD),
	SAMPLE("HTTP/0.9", "GET /\r\n", Q, HTTP1_BAD),
	SAMPLE("no target", "GET  HTTP/1.1\r\n\r\n", Q, HTTP1_BAD),
	SAMPLE("a method too long", "ABCDEFGHIJKLMNOP / HTTP/1.1\r\n\r\n", Q, HTTP1_BAD),
	SAMPLE("a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", Q, HTTP1_BAD),
	SAMPLE("PostgreSQL", "Q\x00\x00\x00\x0cSELECT 1", Q, HTTP1_BAD),
	SAMPLE("the middle of a body", "\": \"x\"}}", Q, HTTP1_BAD),
};

#endif
