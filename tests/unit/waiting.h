/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * waiting.h - bodies for child__start() that end up in one known wait. "arg" is a path where one is
 * needed. One that needs root for a network of its own skips without.
 */
#ifndef LEASEWATCH_TEST_WAITING_H
#define LEASEWATCH_TEST_WAITING_H

void waiting__recv_v4(void *arg);
void waiting__recv_named_port(void *arg);
void waiting__recv_v6(void *arg);
void waiting__read_v4_in_v6(void *arg);
void waiting__recv_among_many(void *arg);
void waiting__accept_v4(void *arg);
void waiting__poll_connecting(void *arg);
void waiting__recv_nameserver(void *arg);
void waiting__recv_anywhere(void *arg);
void waiting__recv_netlink(void *arg);
void waiting__read_eventfd(void *arg);
void waiting__recv_unix_postgres(void *arg);
void waiting__recv_unix_abstract(void *arg);
void waiting__recv_unix_pair(void *arg);
void waiting__read_pipe(void *arg);
void waiting__write_pipe(void *arg);
void waiting__poll_postgres(void *arg);
void waiting__poll_three(void *arg);
void waiting__ppoll_postgres(void *arg);
void waiting__select_postgres(void *arg);
void waiting__epoll_postgres(void *arg);
void waiting__poll_nothing(void *arg);
void waiting__sleeping(void *arg);
void waiting__locked_out(void *arg);
void waiting__locked_out_for_long(void *arg);
void waiting__open_fifo(void *arg);
void waiting__flock_twice(void *arg);
void waiting__wait_for_child(void *arg);
void waiting__hostile_name(void *arg);

/* Not a wait at all. */
void waiting__spin(void *arg);

#endif
