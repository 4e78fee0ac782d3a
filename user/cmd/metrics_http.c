// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * metrics_http.c - libmicrohttpd, kept on a short leash: few connections, little memory for each,
 * one request for each, and an end to each whatever it sends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cmd/metrics_http.h"
#include "leasewatch/units.h"

#define CONNECTIONS_MAX	 16
#define CONNECTION_BYTES 16384
#define IDLE_S		 5
#define LIFE_S		 10 /* also of one that sends a byte now and then */
/* Who asks more often gets the same page again: asking must cost us little. */
#define FRESH_NS     200000000
#define CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct metrics_http {
	struct MHD_Daemon *daemon;
	metrics_page_fn page;
	void *ctx;
	struct MHD_Response *answer; /* the last page; NULL = none yet */
	uint64_t answer_ns;
	struct guest {
		int fd; /* -1: nobody */
		uint64_t since_ns;
	} guests[CONNECTIONS_MAX];
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static void on_connection(void *ctx, struct MHD_Connection *c, void **socket_context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct metrics_http *h = ctx;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct guest *guest = *socket_context;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (guest)
			guest->fd = -1;
		return;
	}
	for (size_t i = 0; i < CONNECTIONS_MAX && info; i++)
		if (h->guests[i].fd < 0) {
			h->guests[i] = (struct guest){info->connect_fd, now_ns()};
			*socket_context = &h->guests[i];
			return;
		}
}

/* NULL: no memory; then the text is freed all the same. */
static struct MHD_Response *answer_of(char *text, size_t len, const char *type,
				      enum MHD_ResponseMemoryMode mode)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(len, text, mode);

	if (!r) {
		if (mode == MHD_RESPMEM_MUST_FREE)
			free(text);
		return NULL;
	}
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
	return r;
}

static enum MHD_Result reply_words(struct MHD_Connection *c, unsigned int status, char *words)
{
	struct MHD_Response *r =
		answer_of(words, strlen(words), "text/plain", MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	if (!r)
		return MHD_NO;
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return result;
}

/* Who is being sent an older page keeps it. 0 or -ENOMEM. */
static int refresh_answer(struct metrics_http *h)
{
	uint64_t now = now_ns();
	struct MHD_Response *r;
	char *text;
	size_t len;

	if (h->answer && now - h->answer_ns < FRESH_NS)
		return 0;
	if (h->page(h->ctx, &text, &len))
		return -ENOMEM;
	r = answer_of(text, len, CONTENT_TYPE, MHD_RESPMEM_MUST_FREE);
	if (!r)
		return -ENOMEM;
	if (h->answer)
		MHD_destroy_response(h->answer);
	h->answer = r;
	h->answer_ns = now;
	return 0;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **request_context)
{
	static char gone[] = "the metrics are at /metrics\n", method_words[] = "only GET\n",
		    memory[] = "out of memory\n";
	struct metrics_http *h = ctx;

	(void)version, (void)upload, (void)upload_size, (void)request_context;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return reply_words(c, MHD_HTTP_METHOD_NOT_ALLOWED, method_words);
	if (strcmp(url, "/metrics") != 0)
		return reply_words(c, MHD_HTTP_NOT_FOUND, gone);
	if (refresh_answer(h))
		return reply_words(c, MHD_HTTP_INTERNAL_SERVER_ERROR, memory);
	return MHD_queue_response(c, MHD_HTTP_OK, h->answer);
}

static void log_nothing(void *ctx, const char *format, va_list args)
{
	(void)ctx, (void)format, (void)args; /* what clients send is no news */
}

/* 0 with a listening socket in *fd, or -errno: libmicrohttpd would not say why. */
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
	if (bind(s, sa, is_v6 ? sizeof(v6) : sizeof(v4)) || listen(s, CONNECTIONS_MAX)) {
		err = -errno;
		close(s);
		return err;
	}
	*fd = s;
	return 0;
}

int metrics_http__new(struct metrics_http **out, const char *address, uint16_t port,
		      metrics_page_fn page, void *ctx, char *why, size_t why_size)
{
	struct metrics_http *h = calloc(1, sizeof(*h));
	int fd = -1, err = h ? listen_at(address, port, &fd) : -ENOMEM;

	if (err)
		goto fail;
	h->page = page;
	h->ctx = ctx;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		h->guests[i].fd = -1;
	h->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, h,
		MHD_OPTION_EXTERNAL_LOGGER, log_nothing, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)IDLE_S, MHD_OPTION_NOTIFY_CONNECTION,
		on_connection, h, MHD_OPTION_END);
	if (h->daemon) {
		*out = h;
		return 0;
	}
	err = -ENOMEM;
	close(fd);
fail:
	snprintf(why, why_size, "cannot serve metrics at %s port %u: %s", address, port,
		 strerror(-err));
	free(h);
	return err;
}

void metrics_http__free(struct metrics_http *h)
{
	if (!h)
		return;
	MHD_stop_daemon(h->daemon);
	if (h->answer)
		MHD_destroy_response(h->answer);
	free(h);
}

void metrics_http__turn(struct metrics_http *h)
{
	uint64_t now = now_ns();

	if (!h)
		return;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		if (h->guests[i].fd >= 0 && now - h->guests[i].since_ns >= LIFE_S * NS_PER_S)
			shutdown(h->guests[i].fd, SHUT_RDWR);
	MHD_run(h->daemon);
}
