// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * target.c - a Patroni as far as its sockets show: renews a lease over kept-alive connections, the
 * headers in one send and the body in another. TCP_NODELAY is set, which Patroni does not do:
 * Nagle's 40 ms would hide what is measured.
 *
 * target [-s] [-t THREADS] [-c CONNECTIONS] [-e ADDRESS:PORT]...
 *
 * -s: over TLS.
 * The connections are spread over the endpoints. It says `ready` when they are open, then does what
 * its stdin says; times are CLOCK_REALTIME nanoseconds:
 *
 *   ask [WORDS]      one request, the words for the server's `Bench:` header. `sent TIME`, the
 *                    moment before its first send; `done TIME STATUS` when the answer was read, or
 *                    `dropped TIME` when `drop` came first, which closes the connection
 *   run COUNT RATE   so many requests at so many a second, 0 = as fast as it goes.
 *                    `ran COUNT ELAPSED P50 P99 MAX`, the latencies in nanoseconds
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "stream.h"

#define ENDPOINTS_MAX	256
#define THREADS_MAX	64
#define CONNECTIONS_MAX 20000
#define ANSWER_BYTES	8192

struct endpoint {
	struct sockaddr_in address;
	char name[64];
};

struct target {
	size_t threads, connections, endpoints;
	struct endpoint endpoint[ENDPOINTS_MAX];
	struct stream streams[CONNECTIONS_MAX];
	SSL_CTX *tls; /* NULL = in the clear */
	char body[64];
};

/* One thread's share of a run. */
struct share {
	struct target *target;
	size_t index;
	uint64_t count, begin_ns, interval_ns; /* 0 = as fast as it goes */
	uint32_t *latencies_ns;
};

static void open_connection(struct target *t, size_t i)
{
	const struct endpoint *to = &t->endpoint[i % t->endpoints];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&to->address, sizeof(to->address)))
		die("cannot connect to %s", to->name);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	stream__connected(&t->streams[i], fd, t->tls);
}

/* The moment before the first send is what comes back. */
static uint64_t send_request(struct target *t, size_t i, const char *words, clockid_t clock)
{
	size_t body = strlen(t->body);
	struct stream *s = &t->streams[i];
	char head[512];
	uint64_t sent;
	int n;

	if (s->fd < 0)
		open_connection(t, i);
	n = snprintf(
		head, sizeof(head),
		"POST /v3/lease/keepalive HTTP/1.1\r\nHost: %s\r\nAccept-Encoding: identity\r\n"
		"User-Agent: Patroni/4.0.6 Python/3.11.2 Linux\r\nContent-Length: %zu\r\n"
		"%s%s%s\r\n",
		t->endpoint[i % t->endpoints].name, body, words ? "Bench: " : "",
		words ? words : "", words ? "\r\n" : "");
	sent = now_ns(clock);
	if (stream__send(s, head, n) != n || stream__send(s, t->body, body) != (ssize_t)body)
		die("send");
	return sent;
}

/* The status; the server sends each answer in one piece of less than this. */
static int read_answer(struct target *t, size_t i)
{
	char answer[ANSWER_BYTES];
	ssize_t n = stream__recv(&t->streams[i], answer, sizeof(answer) - 1, 0);

	if (n <= 0)
		die("no answer");
	answer[n] = '\0';
	if (strncmp(answer, "HTTP/1.1 ", 9) || strcmp(answer + n - 5, "0\r\n\r\n"))
		die("an answer that is not the server's");
	return atoi(answer + 9);
}

static void ask(struct target *t, const char *words)
{
	struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.events = POLLIN}};
	char line[64];
	int status;

	reply("sent %llu", (unsigned long long)send_request(t, 0, words, CLOCK_REALTIME));
	fds[1].fd = t->streams[0].fd;
	while (!fds[1].revents) {
		if (poll(fds, 2, -1) < 0)
			die("poll");
		if (fds[1].revents || !fds[0].revents)
			continue;
		if (!fgets(line, sizeof(line), stdin) || strcmp(line, "drop\n"))
			exit(0);
		stream__close(&t->streams[0]);
		reply("dropped %llu", (unsigned long long)now_ns(CLOCK_REALTIME));
		return;
	}
	status = read_answer(t, 0);
	reply("done %llu %d", (unsigned long long)now_ns(CLOCK_REALTIME), status);
}

static void wait_until(uint64_t at_ns)
{
	struct timespec at = {.tv_sec = at_ns / NS_PER_S, .tv_nsec = at_ns % NS_PER_S};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

static void *run_share(void *arg)
{
	struct share *s = arg;
	struct target *t = s->target;
	size_t i = s->index;

	/* The default slack of 50 us would be a rate of its own. */
	prctl(PR_SET_TIMERSLACK, 1000);
	for (uint64_t n = 0; n < s->count; n++, i += t->threads) {
		uint64_t sent;

		if (i >= t->connections)
			i = s->index;
		if (s->interval_ns)
			wait_until(s->begin_ns + n * s->interval_ns);
		sent = send_request(t, i, NULL, CLOCK_MONOTONIC);
		if (read_answer(t, i) != 200)
			die("a request was refused");
		s->latencies_ns[n] = now_ns(CLOCK_MONOTONIC) - sent;
	}
	return NULL;
}

/* The main thread takes a share itself: with one thread nothing else runs, as in Patroni. */
static void run(struct target *t, uint64_t count, double rate)
{
	uint32_t *latencies = calloc(count + 1, sizeof(*latencies)), *at = latencies;
	struct share shares[THREADS_MAX];
	pthread_t threads[THREADS_MAX];
	uint64_t begin = now_ns(CLOCK_MONOTONIC), elapsed;

	if (!latencies)
		die("no memory");
	for (size_t i = 0; i < t->threads; i++) {
		uint64_t interval = rate > 0 ? t->threads * NS_PER_S / rate : 0;

		shares[i] = (struct share){
			.target = t,
			.index = i,
			.count = count / t->threads + (i < count % t->threads),
			.begin_ns = begin + i * interval / t->threads,
			.interval_ns = interval,
			.latencies_ns = at,
		};
		at += shares[i].count;
	}
	for (size_t i = 1; i < t->threads; i++)
		if (pthread_create(&threads[i], NULL, run_share, &shares[i]))
			die("cannot start a thread");
	run_share(&shares[0]);
	for (size_t i = 1; i < t->threads; i++)
		pthread_join(threads[i], NULL);
	elapsed = now_ns(CLOCK_MONOTONIC) - begin;
	qsort(latencies, count, sizeof(*latencies), compare_u32);
	reply("ran %llu %llu %u %u %u", (unsigned long long)count, (unsigned long long)elapsed,
	      latencies[count / 2], latencies[count * 99 / 100], latencies[count ? count - 1 : 0]);
	free(latencies);
}

static void add_endpoint(struct target *t, const char *arg)
{
	struct endpoint *e = &t->endpoint[t->endpoints];
	const char *colon = strchr(arg, ':');
	char host[INET_ADDRSTRLEN] = "";

	errno = 0;
	if (t->endpoints == ENDPOINTS_MAX)
		die("more than %d endpoints", ENDPOINTS_MAX);
	if (!colon || (size_t)(colon - arg) >= sizeof(host))
		die("'%s' is not ADDRESS:PORT", arg);
	memcpy(host, arg, colon - arg);
	e->address.sin_family = AF_INET;
	e->address.sin_port = htons(atoi(colon + 1));
	if (inet_pton(AF_INET, host, &e->address.sin_addr) != 1)
		die("'%s' is not ADDRESS:PORT", arg);
	snprintf(e->name, sizeof(e->name), "%s", arg);
	t->endpoints++;
}

static void parse(struct target *t, int argc, char **argv)
{
	int option;

	t->threads = t->connections = 1;
	while ((option = getopt(argc, argv, "st:c:e:")) != -1) {
		if (option == 's')
			t->tls = stream__client_tls();
		else if (option == 't')
			t->threads = atoi(optarg);
		else if (option == 'c')
			t->connections = atoi(optarg);
		else if (option == 'e')
			add_endpoint(t, optarg);
		else
			exit(1);
	}
	if (!t->endpoints || !t->threads || t->threads > THREADS_MAX ||
	    t->connections < t->threads || t->connections > CONNECTIONS_MAX)
		die("usage: target [-s] [-t THREADS] [-c CONNECTIONS] -e ADDRESS:PORT...; "
		    "at most %d threads, %d connections, a thread needs one",
		    THREADS_MAX, CONNECTIONS_MAX);
}

int main(int argc, char **argv)
{
	static struct target t;
	struct rlimit files = {1 << 16, 1 << 16};
	char line[256], words[128];
	unsigned long long count;
	double rate;

	parse(&t, argc, argv);
	setrlimit(RLIMIT_NOFILE, &files);
	/* poll() must see what stdio would have read ahead. */
	setvbuf(stdin, NULL, _IONBF, 0);
	snprintf(t.body, sizeof(t.body), "{\"ID\": \"%llu\"}", 7587870000000000000ULL + getpid());
	for (size_t i = 0; i < t.connections; i++)
		open_connection(&t, i);
	reply("ready");
	while (fgets(line, sizeof(line), stdin)) {
		words[0] = '\0';
		if (sscanf(line, "run %llu %lf", &count, &rate) == 2)
			run(&t, count, rate);
		else if (!strcmp(line, "ask\n") || sscanf(line, "ask %127[^\n]", words) == 1)
			ask(&t, words[0] ? words : NULL);
		else
			die("unknown command: %s", line);
	}
	return 0;
}
