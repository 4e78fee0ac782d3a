// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * waiting.c - see waiting.h. What needs ports has a network namespace of its own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "waiting.h"

static char buf[64];

static void own_network(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd;

	if (unshare(CLONE_NEWNET))
		child__skip("own network namespace (needs root)");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	child__must(fd >= 0 && !ioctl(fd, SIOCSIFFLAGS, &lo), "loopback up");
	close(fd);
}

static socklen_t address(const char *text, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof(*v4);
	}
	child__must(inet_pton(AF_INET6, text, &v6->sin6_addr) == 1, text);
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	return sizeof(*v6);
}

static int listen_on(const char *text, uint16_t port, int backlog)
{
	struct sockaddr_storage a;
	socklen_t len = address(text, port, &a);
	int fd = socket(a.ss_family, SOCK_STREAM, 0);

	child__must(fd >= 0 && !bind(fd, (struct sockaddr *)&a, len) && !listen(fd, backlog),
		    "listen");
	return fd;
}

static int connect_to(const char *text, uint16_t port)
{
	struct sockaddr_storage a;
	socklen_t len = address(text, port, &a);
	int fd = socket(a.ss_family, SOCK_STREAM, 0);

	child__must(fd >= 0 && !connect(fd, (struct sockaddr *)&a, len), "connect");
	return fd;
}

static int postgres(void)
{
	own_network();
	listen_on("127.0.0.1", 5432, 1);
	return connect_to("127.0.0.1", 5432);
}

void waiting__recv_v4(void *arg)
{
	(void)arg;
	recv(postgres(), buf, sizeof(buf), 0);
}

void waiting__recv_named_port(void *arg)
{
	(void)arg;
	own_network();
	listen_on("127.0.0.1", 6543, 1);
	recv(connect_to("127.0.0.1", 6543), buf, sizeof(buf), 0);
}

void waiting__recv_v6(void *arg)
{
	(void)arg;
	own_network();
	listen_on("::1", 5432, 1);
	recv(connect_to("::1", 5432), buf, sizeof(buf), 0);
}

void waiting__read_v4_in_v6(void *arg)
{
	(void)arg;
	own_network();
	listen_on("127.0.0.1", 2379, 1);
	(void)!read(connect_to("::ffff:127.0.0.1", 2379), buf, sizeof(buf));
}

void waiting__recv_among_many(void *arg)
{
	(void)arg;
	own_network();
	for (uint16_t port = 10000; port < 10500; port++)
		listen_on("127.0.0.1", port, 1);
	listen_on("127.0.0.1", 5432, 1);
	recv(connect_to("127.0.0.1", 5432), buf, sizeof(buf), 0);
}

void waiting__accept_v4(void *arg)
{
	(void)arg;
	own_network();
	accept(listen_on("127.0.0.1", 8008, 1), NULL, NULL);
}

/* A listener whose queue is full does not answer SYNs. */
void waiting__poll_connecting(void *arg)
{
	struct sockaddr_storage a;
	socklen_t len = address("127.0.0.1", 2379, &a);
	struct pollfd p = {.events = POLLOUT};

	(void)arg;
	own_network();
	listen_on("127.0.0.1", 2379, 0);
	do {
		p.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		child__must(p.fd >= 0, "socket");
		connect(p.fd, (struct sockaddr *)&a, len);
	} while (poll(&p, 1, 100) == 1);
	poll(&p, 1, -1);
}

void waiting__recv_nameserver(void *arg)
{
	struct sockaddr_storage a;
	socklen_t len = address("127.0.0.1", 53, &a);
	int fd;

	(void)arg;
	own_network();
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	child__must(!connect(fd, (struct sockaddr *)&a, len), "connect");
	recv(fd, buf, sizeof(buf), 0);
}

void waiting__recv_anywhere(void *arg)
{
	struct sockaddr_storage a;
	socklen_t len = address("127.0.0.1", 0, &a);
	int fd;

	(void)arg;
	own_network();
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	child__must(!bind(fd, (struct sockaddr *)&a, len), "bind");
	recv(fd, buf, sizeof(buf), 0);
}

void waiting__recv_netlink(void *arg)
{
	(void)arg;
	recv(socket(AF_NETLINK, SOCK_RAW, 0), buf, sizeof(buf), 0);
}

void waiting__read_eventfd(void *arg)
{
	(void)arg;
	(void)!read(eventfd(0, 0), buf, 8);
}

static int unix_connection(const char *path, bool abstract)
{
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) +
				    (abstract ? 0 : 1));

	strcpy(a.sun_path, path);
	if (abstract)
		a.sun_path[0] = '\0';
	child__must(!bind(server, (struct sockaddr *)&a, len) && !listen(server, 1), path);
	child__must(!connect(client, (struct sockaddr *)&a, len), path);
	return client;
}

void waiting__recv_unix_postgres(void *arg)
{
	recv(unix_connection(arg, false), buf, sizeof(buf), 0);
}

void waiting__recv_unix_abstract(void *arg)
{
	recv(unix_connection(arg, true), buf, sizeof(buf), 0);
}

void waiting__recv_unix_pair(void *arg)
{
	int fds[2];

	(void)arg;
	child__must(!socketpair(AF_UNIX, SOCK_STREAM, 0, fds), "socketpair");
	recv(fds[0], buf, sizeof(buf), 0);
}

static int pipe_end(int end)
{
	int fds[2];

	child__must(!pipe(fds), "pipe");
	return fds[end];
}

void waiting__read_pipe(void *arg)
{
	(void)arg;
	(void)!read(pipe_end(0), buf, sizeof(buf));
}

void waiting__write_pipe(void *arg)
{
	int fd = pipe_end(1);

	(void)arg;
	for (;;)
		child__must(write(fd, buf, sizeof(buf)) > 0, "write");
}

/* As libpq does. */
void waiting__poll_postgres(void *arg)
{
	struct pollfd p = {.fd = postgres(), .events = POLLIN};

	(void)arg;
	for (;;)
		poll(&p, 1, -1);
}

void waiting__poll_three(void *arg)
{
	struct pollfd p[4] = {{.fd = pipe_end(0), .events = POLLIN},
			      {.fd = -1},
			      {.fd = postgres(), .events = POLLIN},
			      {.fd = pipe_end(0), .events = POLLIN}};

	(void)arg;
	poll(p, 4, -1);
}

void waiting__ppoll_postgres(void *arg)
{
	struct pollfd p = {.fd = postgres(), .events = POLLIN};

	(void)arg;
	ppoll(&p, 1, NULL, NULL);
}

void waiting__select_postgres(void *arg)
{
	int fd = postgres();
	fd_set set;

	(void)arg;
	FD_ZERO(&set);
	FD_SET(fd, &set);
	select(fd + 1, &set, NULL, NULL, NULL);
}

void waiting__epoll_postgres(void *arg)
{
	int fd = postgres(), ep = epoll_create1(0);
	struct epoll_event e = {.events = EPOLLIN};

	(void)arg;
	child__must(!epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e), "epoll_ctl");
	epoll_wait(ep, &e, 1, -1);
}

void waiting__poll_nothing(void *arg)
{
	(void)arg;
	poll(NULL, 0, 1000000);
}

void waiting__sleeping(void *arg)
{
	(void)arg;
	sleep(1000);
}

void waiting__locked_out(void *arg)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	(void)arg;
	pthread_mutex_lock(&lock);
	pthread_mutex_lock(&lock);
}

void waiting__locked_out_for_long(void *arg)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct timespec until;

	(void)arg;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 1000;
	pthread_mutex_lock(&lock);
	pthread_mutex_timedlock(&lock, &until);
}

void waiting__open_fifo(void *arg)
{
	open(arg, O_RDONLY);
}

void waiting__flock_twice(void *arg)
{
	child__must(!flock(open(arg, O_RDWR | O_CREAT, 0600), LOCK_EX), "flock");
	flock(open(arg, O_RDWR), LOCK_EX);
}

void waiting__wait_for_child(void *arg)
{
	pid_t child = fork();

	(void)arg;
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "pg_rewind");
		for (;;)
			pause();
	}
	waitpid(child, NULL, 0);
}

void waiting__hostile_name(void *arg)
{
	prctl(PR_SET_NAME, ") R 1 (\n) Z 1");
	waiting__read_pipe(arg);
}

void waiting__spin(void *arg)
{
	(void)arg;
	for (volatile unsigned int i = 0;; i++)
		;
}
