// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * metrics_http.c - libevent's evhttp on a short leash: few connections, little memory for each, one
 * request for each, and an end to each whatever it sends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "cmd/metrics_http.h"
#include "leasewatch/units.h"

/*
 * So many who wait are let in together. Each is read from once; then only the last GUESTS_KEPT may
 * go on.
 */
#define BACKLOG	    256
#define ENTER_MAX   64
#define GUESTS_MAX  160
#define GUESTS_KEPT 32
#define HEADERS_MAX 8192
#define IDLE_S	    5
#define LIFE_S	    10 /* also of one that sends a byte now and then */
#define ROUNDS_MAX  4  /* of a turn: accept, read, write, close */
/* Clients that ask more often get the same page again: asking must cost little. */
#define FRESH_NS     200000000
#define CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct metrics_http {
	struct event_base *base;
	struct evhttp *http;
	struct evconnlistener *listener; /* evhttp's; on while there is room */
	size_t room;			 /* for so many in this round */
	metrics_page_fn page;
	void *ctx;
	struct evbuffer *answer; /* the last page; NULL = none yet */
	uint64_t answer_ns;
	bool active;	 /* in this round somebody came, or asked */
	uint64_t orders; /* given so far */
	struct guest {
		struct bufferevent *bev; /* our reference to it; NULL: nobody */
		uint64_t since_ns;
		uint64_t order; /* of coming, and then of asking; 0: was sent away */
	} guests[GUESTS_MAX];
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* The place of this bufferevent; of NULL, a free one. NULL = none. */
static struct guest *guest_of(struct metrics_http *h, const struct bufferevent *bev)
{
	for (size_t i = 0; i < GUESTS_MAX; i++)
		if (h->guests[i].bev == bev)
			return &h->guests[i];
	return NULL;
}

/* evhttp has accepted somebody, and would go on until nobody waits. */
static struct bufferevent *on_guest(struct event_base *base, void *ctx)
{
	struct bufferevent *bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	struct metrics_http *h = ctx;
	struct guest *guest = guest_of(h, NULL);

	h->active = true;
	if (bev && guest) {
		bufferevent_incref(bev);
		*guest = (struct guest){bev, now_ns(), ++h->orders};
	}
	h->room -= h->room > 0;
	if (!h->room)
		evconnlistener_disable(h->listener);
	return bev;
}

/* Let some in: there is a place for each, and the others wait in the kernel's queue. */
static void open_door(struct metrics_http *h)
{
	h->room = 0;
	for (size_t i = 0; i < GUESTS_MAX && h->room < ENTER_MAX; i++)
		h->room += !h->guests[i].bev;
	if (h->room)
		evconnlistener_enable(h->listener);
}

static void end_guest(struct guest *guest)
{
	shutdown(bufferevent_getfd(guest->bev), SHUT_RDWR);
	guest->order = 0;
}

/* How many may still ask or be answered, after those are gone who have been here too long. */
static size_t tidy_guests(struct metrics_http *h)
{
	uint64_t now = now_ns();
	size_t staying = 0;

	for (size_t i = 0; i < GUESTS_MAX; i++) {
		struct guest *guest = &h->guests[i];

		if (!guest->bev)
			continue;
		/* Was ours the last reference? Then evhttp has done with it. */
		if (bufferevent_decref(guest->bev)) {
			guest->bev = NULL;
			continue;
		}
		bufferevent_incref(guest->bev);
		if (guest->order && now - guest->since_ns >= LIFE_S * NS_PER_S)
			end_guest(guest);
		staying += guest->order > 0;
	}
	return staying;
}

static void end_oldest(struct metrics_http *h)
{
	struct guest *oldest = NULL;

	for (size_t i = 0; i < GUESTS_MAX; i++) {
		struct guest *guest = &h->guests[i];

		if (guest->bev && guest->order && (!oldest || guest->order < oldest->order))
			oldest = guest;
	}
	if (!oldest)
		return;
	limits__hit(LIMIT_HTTP_CLIENTS);
	end_guest(oldest);
}

static void reply(struct evhttp_request *r, int status, const char *reason, const char *type,
		  struct evbuffer *body)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(r);
	char len[32];

	snprintf(len, sizeof(len), "%zu", evbuffer_get_length(body));
	evhttp_add_header(headers, "Content-Type", type);
	evhttp_add_header(headers, "Content-Length", len);
	evhttp_add_header(headers, "Connection", "close");
	evhttp_send_reply(r, status, reason,
			  evhttp_request_get_command(r) == EVHTTP_REQ_HEAD ? NULL : body);
}

static void reply_text(struct evhttp_request *r, int status, const char *reason, const char *text)
{
	struct evbuffer *body = evbuffer_new();

	if (!body || evbuffer_add(body, text, strlen(text)))
		evhttp_send_error(r, HTTP_INTERNAL, NULL);
	else
		reply(r, status, reason, "text/plain", body);
	if (body)
		evbuffer_free(body);
}

static void free_page(const void *text, size_t len, void *ctx)
{
	(void)text, (void)len;
	free(ctx);
}

/* Who is being sent an older page keeps it. 0 or -ENOMEM. */
static int refresh_answer(struct metrics_http *h)
{
	uint64_t now = now_ns();
	struct evbuffer *answer;
	char *text;
	size_t len;

	if (h->answer && now - h->answer_ns < FRESH_NS)
		return 0;
	if (h->page(h->ctx, &text, &len))
		return -ENOMEM;
	answer = evbuffer_new();
	if (!answer || evbuffer_add_reference(answer, text, len, free_page, text)) {
		if (answer)
			evbuffer_free(answer);
		free(text);
		return -ENOMEM;
	}
	if (h->answer)
		evbuffer_free(h->answer);
	h->answer = answer;
	h->answer_ns = now;
	return 0;
}

static void reply_page(struct metrics_http *h, struct evhttp_request *r)
{
	struct evbuffer *body = evbuffer_new();

	if (!body || refresh_answer(h) || evbuffer_add_buffer_reference(body, h->answer))
		reply_text(r, HTTP_INTERNAL, "Internal Server Error", "out of memory\n");
	else
		reply(r, HTTP_OK, "OK", CONTENT_TYPE, body);
	if (body)
		evbuffer_free(body);
}

static void on_request(struct evhttp_request *r, void *ctx)
{
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(r));
	enum evhttp_cmd_type command = evhttp_request_get_command(r);
	struct metrics_http *h = ctx;
	struct guest *guest =
		guest_of(h, evhttp_connection_get_bufferevent(evhttp_request_get_connection(r)));

	h->active = true;
	if (guest)
		guest->order = ++h->orders;
	if (command != EVHTTP_REQ_GET && command != EVHTTP_REQ_HEAD) {
		evhttp_add_header(evhttp_request_get_output_headers(r), "Allow", "GET, HEAD");
		reply_text(r, HTTP_BADMETHOD, "Method Not Allowed", "only GET\n");
	} else if (!path || strcmp(path, "/metrics") != 0) {
		reply_text(r, HTTP_NOTFOUND, "Not Found", "the metrics are at /metrics\n");
	} else {
		reply_page(h, r);
	}
}

static void log_nothing(int severity, const char *text)
{
	(void)severity, (void)text; /* what clients send is not worth a message */
}

/* 0 with a listening socket in *fd, or -errno. */
static int listen_at(const char *address, uint16_t port, int *fd)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	bool is_v6 = strchr(address, ':') != NULL;
	const struct sockaddr *sa = is_v6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
	int one = 1, s, err;

	if (inet_pton(is_v6 ? AF_INET6 : AF_INET, address,
		      is_v6 ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr) != 1)
		return -EINVAL;
	s = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s < 0)
		return -errno;
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (is_v6)
		setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(s, sa, is_v6 ? sizeof(v6) : sizeof(v4)) || listen(s, BACKLOG)) {
		err = -errno;
		close(s);
		return err;
	}
	*fd = s;
	return 0;
}

/* 0 or -ENOMEM; the listening socket is closed then. */
static int serve_at(struct metrics_http *h, int fd)
{
	struct evhttp_bound_socket *bound = NULL;

	h->base = event_base_new();
	h->http = h->base ? evhttp_new(h->base) : NULL;
	if (h->http)
		bound = evhttp_accept_socket_with_handle(h->http, fd);
	if (!bound) {
		close(fd);
		return -ENOMEM;
	}
	h->listener = evhttp_bound_socket_get_listener(bound);
	evhttp_set_bevcb(h->http, on_guest, h);
	evhttp_set_gencb(h->http, on_request, h);
	evhttp_set_allowed_methods(h->http, UINT16_MAX);
	evhttp_set_max_headers_size(h->http, HEADERS_MAX);
	evhttp_set_max_body_size(h->http, 0);
	evhttp_set_timeout(h->http, IDLE_S);
	return 0;
}

int metrics_http__new(struct metrics_http **out, const char *address, uint16_t port,
		      metrics_page_fn page, void *ctx, char *why, size_t why_size)
{
	struct metrics_http *h = calloc(1, sizeof(*h));
	int fd = -1, err = h ? listen_at(address, port, &fd) : -ENOMEM;

	if (!err) {
		h->page = page;
		h->ctx = ctx;
		event_set_log_callback(log_nothing);
		err = serve_at(h, fd);
	}
	if (!err) {
		*out = h;
		return 0;
	}
	snprintf(why, why_size, "cannot serve metrics at %s port %u: %s", address, port,
		 strerror(-err));
	metrics_http__free(h);
	return err;
}

void metrics_http__free(struct metrics_http *h)
{
	if (!h)
		return;
	if (h->http)
		evhttp_free(h->http);
	for (size_t i = 0; i < GUESTS_MAX; i++)
		if (h->guests[i].bev)
			bufferevent_decref(h->guests[i].bev);
	if (h->answer)
		evbuffer_free(h->answer);
	if (h->base) {
		/* A bufferevent closes its socket in the loop. */
		event_base_loop(h->base, EVLOOP_NONBLOCK);
		event_base_free(h->base);
	}
	free(h);
}

void metrics_http__turn(struct metrics_http *h)
{
	for (int round = 0; h && round < ROUNDS_MAX; round++) {
		h->active = false;
		open_door(h);
		event_base_loop(h->base, EVLOOP_NONBLOCK);
		for (size_t staying = tidy_guests(h); staying > GUESTS_KEPT; staying--)
			end_oldest(h);
		if (!h->active)
			break;
	}
}
