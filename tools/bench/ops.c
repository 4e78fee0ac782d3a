// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ops.c - a process that is nobody's target, and what one of its operations takes.
 *
 * ops    says `ready`, then for each line `OPERATION BATCHES COUNT`: the median over the batches of
 *        the mean nanoseconds of COUNT operations, as `took NS`. The median, so that an interrupt
 *        or another process spoils a batch and not the figure.
 *
 *   tcp    send and receive 64 bytes over a loopback connection of our own, in turn from either
 * end, as a question and its answer go: an acknowledgement then needs no segment of its own unix
 * the same over a socket pair none   getppid(): a system call that touches no socket
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define BATCHES_MAX   1024
#define MESSAGE_BYTES 64

struct pair {
	int end[2];
};

static struct pair tcp_pair(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	struct pair p = {.end[0] = socket(AF_INET, SOCK_STREAM, 0)};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (listener < 0 || p.end[0] < 0 || bind(listener, (struct sockaddr *)&address, len) ||
	    listen(listener, 1) || getsockname(listener, (struct sockaddr *)&address, &len) ||
	    connect(p.end[0], (struct sockaddr *)&address, len))
		die("cannot connect over loopback");
	p.end[1] = accept(listener, NULL, NULL);
	if (p.end[1] < 0)
		die("accept");
	for (int i = 0; i < 2; i++)
		setsockopt(p.end[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	close(listener);
	return p;
}

static struct pair unix_pair(void)
{
	struct pair p;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p.end))
		die("socketpair");
	return p;
}

static void pass(const struct pair *p, unsigned long count)
{
	char message[MESSAGE_BYTES] = {0};

	for (unsigned long i = 0; i < count; i++) {
		int from = p->end[i & 1], to = p->end[!(i & 1)];

		if (send(from, message, sizeof(message), 0) != sizeof(message) ||
		    recv(to, message, sizeof(message), 0) != sizeof(message))
			die("a message did not pass");
	}
}

static void call(unsigned long count)
{
	for (unsigned long i = 0; i < count; i++)
		syscall(SYS_getppid);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double measure(const struct pair *p, unsigned int batches, unsigned long count)
{
	double took[BATCHES_MAX];

	for (unsigned int i = 0; i < batches; i++) {
		uint64_t begin = now_ns(CLOCK_MONOTONIC);

		if (p)
			pass(p, count);
		else
			call(count);
		took[i] = (double)(now_ns(CLOCK_MONOTONIC) - begin) / count;
	}
	qsort(took, batches, sizeof(*took), compare);
	return took[batches / 2];
}

int main(void)
{
	struct pair tcp = tcp_pair(), local = unix_pair();
	unsigned int batches;
	unsigned long count;
	char line[128], what[16];

	reply("ready");
	while (fgets(line, sizeof(line), stdin)) {
		const struct pair *p = NULL;

		if (sscanf(line, "%15s %u %lu", what, &batches, &count) != 3 || !batches ||
		    batches > BATCHES_MAX || !count)
			die("unknown command: %s", line);
		if (!strcmp(what, "tcp"))
			p = &tcp;
		else if (!strcmp(what, "unix"))
			p = &local;
		else if (strcmp(what, "none"))
			die("unknown operation: %s", what);
		reply("took %.2f", measure(p, batches, count));
	}
	return 0;
}
