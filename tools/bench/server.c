// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * server.c - answers lease keepalives as etcd's gateway does, or does not: what it does is said by
 * each request's own header, so that the side that asks decides when a fault begins.
 *
 *   Bench: ttl=30 delay=1500 status=503     any of them; `never` = no answer at all
 *
 * server PORT [THREADS] [tls]   listens on all addresses; says `ready`
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "stream.h"

#define REQUEST_BYTES 2048
#define THREADS_MAX   16

struct client {
	struct stream stream;
	bool waiting; /* its answer is held back until due_ns */
	int status, ttl_s;
	unsigned long long lease;
	uint64_t due_ns;
	size_t len;
	char bytes[REQUEST_BYTES];
	struct client *next, *previous; /* of those that wait */
};

struct worker {
	int epoll;
	struct client *waiting;
};

static const char *word_of(const char *header, const char *end, const char *name)
{
	const char *at = memmem(header, end - header, name, strlen(name));

	return at ? at + strlen(name) : NULL;
}

static void send_answer(struct client *c)
{
	char body[512], answer[1024];
	int n;

	if (c->status == 200)
		n = snprintf(body, sizeof(body),
			     "{\"result\":{\"header\":{\"cluster_id\":\"14841639068965178418\","
			     "\"member_id\":\"10276657743932975437\",\"revision\":\"7\","
			     "\"raft_term\":\"2\"},\"ID\":\"%llu\",\"TTL\":\"%d\"}}\n",
			     c->lease, c->ttl_s);
	else
		n = snprintf(body, sizeof(body),
			     "{\"error\":\"etcdserver: request timed out\",\"message\":"
			     "\"etcdserver: request timed out\",\"code\":14}");
	n = snprintf(answer, sizeof(answer),
		     "HTTP/1.1 %d %s\r\nAccess-Control-Allow-Origin: *\r\n"
		     "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
		     "%x\r\n%s\r\n0\r\n\r\n",
		     c->status, c->status == 200 ? "OK" : "Service Unavailable", n, body);
	if (stream__send(&c->stream, answer, n) < 0 && errno != EPIPE && errno != ECONNRESET)
		die("send");
}

static void hold_back(struct worker *w, struct client *c, int delay_ms)
{
	c->waiting = true;
	c->due_ns = now_ns(CLOCK_MONOTONIC) + delay_ms * (NS_PER_S / 1000);
	c->previous = NULL;
	c->next = w->waiting;
	if (c->next)
		c->next->previous = c;
	w->waiting = c;
}

static void let_go(struct worker *w, struct client *c)
{
	if (!c->waiting)
		return;
	c->waiting = false;
	if (c->next)
		c->next->previous = c->previous;
	if (c->previous)
		c->previous->next = c->next;
	else
		w->waiting = c->next;
}

/* Do what the request's header says. */
static void serve(struct worker *w, struct client *c, const char *end, const char *body_end)
{
	const char *header = word_of(c->bytes, end, "\r\nBench:");
	const char *word = word_of(end, body_end, "{\"ID\": \"");
	int delay_ms = 0;

	c->status = 200;
	c->ttl_s = 30;
	c->lease = word ? strtoull(word, NULL, 10) : 0;
	if (header) {
		if (word_of(header, end, " never"))
			return;
		if ((word = word_of(header, end, " ttl=")))
			c->ttl_s = atoi(word);
		if ((word = word_of(header, end, " status=")))
			c->status = atoi(word);
		if ((word = word_of(header, end, " delay=")))
			delay_ms = atoi(word);
	}
	if (delay_ms)
		hold_back(w, c, delay_ms);
	else
		send_answer(c);
}

/* Bytes of the first whole request, 0 = more is needed. */
static size_t whole_request(const struct client *c, const char **head_end)
{
	const char *end = memmem(c->bytes, c->len, "\r\n\r\n", 4), *length;
	size_t size;

	if (!end)
		return 0;
	length = word_of(c->bytes, end, "Content-Length: ");
	size = end + 4 - c->bytes + (length ? strtoul(length, NULL, 10) : 0);
	*head_end = end;
	return c->len >= size ? size : 0;
}

static void forget(struct worker *w, struct client *c)
{
	let_go(w, c);
	stream__close(&c->stream);
	free(c);
}

static void on_readable(struct worker *w, struct client *c)
{
	ssize_t n = stream__recv(&c->stream, c->bytes + c->len, sizeof(c->bytes) - c->len,
				 MSG_DONTWAIT);
	const char *end;
	size_t used;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		forget(w, c);
		return;
	}
	c->len += n;
	while ((used = whole_request(c, &end))) {
		serve(w, c, end, c->bytes + used);
		c->len -= used;
		memmove(c->bytes, c->bytes + used, c->len);
	}
}

/* Answer what is due; milliseconds until the next one is, -1 = none waits. */
static int answer_due(struct worker *w)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC), next = UINT64_MAX;
	struct client *c, *after;

	for (c = w->waiting; c; c = after) {
		after = c->next;
		if (c->due_ns > now) {
			next = c->due_ns < next ? c->due_ns : next;
			continue;
		}
		let_go(w, c);
		send_answer(c);
	}
	return next == UINT64_MAX ? -1 : (int)((next - now) / (NS_PER_S / 1000)) + 1;
}

static void *work(void *arg)
{
	struct epoll_event events[64];
	struct worker *w = arg;

	for (;;) {
		int n = epoll_wait(w->epoll, events, 64, answer_due(w));

		for (int i = 0; i < n; i++)
			on_readable(w, events[i].data.ptr);
	}
	return NULL;
}

static int listen_on(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 4096))
		die("cannot listen on port %d", port);
	return fd;
}

static void add_client(struct worker *w, int fd, SSL_CTX *tls)
{
	struct client *c = calloc(1, sizeof(*c));
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
	int one = 1;

	if (!c)
		die("no memory");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	stream__accepted(&c->stream, fd, tls);
	if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event))
		die("epoll_ctl");
}

int main(int argc, char **argv)
{
	struct rlimit files = {1 << 16, 1 << 16};
	int threads = argc > 2 ? atoi(argv[2]) : 1, fd, listener;
	struct worker workers[THREADS_MAX] = {0};
	SSL_CTX *tls = NULL;
	pthread_t thread;

	if (argc < 2 || threads < 1 || threads > THREADS_MAX)
		die("usage: server PORT [THREADS, at most %d] [tls]", THREADS_MAX);
	if (argc > 3 && !strcmp(argv[3], "tls"))
		tls = stream__server_tls();
	setrlimit(RLIMIT_NOFILE, &files);
	listener = listen_on(atoi(argv[1]));
	for (int i = 0; i < threads; i++) {
		workers[i].epoll = epoll_create1(EPOLL_CLOEXEC);
		if (workers[i].epoll < 0 || pthread_create(&thread, NULL, work, &workers[i]))
			die("cannot start a thread");
	}
	reply("ready");
	for (unsigned int i = 0; (fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0; i++)
		add_client(&workers[i % threads], fd, tls);
	die("accept");
}
