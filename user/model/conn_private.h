/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conn_private.h - one connection, for conn_table.c, which changes it record by record.
 */
#ifndef LEASEWATCH_CONN_PRIVATE_H
#define LEASEWATCH_CONN_PRIVATE_H

#include "model/conn.h"

/* NULL: it is nobody's, or memory is out. */
struct conn *conn_table__add(struct conn_table *t, const struct lw_event_sock *e);
/*
 * conn_budget.c: what must go before one more of this process's is followed, one of its own if it
 * has many; NULL = there is room.
 */
const struct conn *conn_budget__connection(const struct conn_table *t, const struct member *m);
struct conn *conn_budget__exchange(const struct conn_table *t, const struct conn *c);

/* Frees it without a word. */
void conn_table__forget(struct conn_table *t, struct conn *c);

void conn__enter(struct conn *c, enum conn_state state);
/* False when memory is out. */
bool conn__begin_exchange(struct conn_table *t, struct conn *c, const struct lw_event_data *e);
/* The exchange is over; tells the listener if it was one with an etcd. */
void conn__finish(struct conn_table *t, struct conn *c, enum request_outcome outcome,
		  uint64_t now_ns);
void conn__drop_exchange(struct conn_table *t, struct conn *c);

/* The same for requests inside TLS that nobody can read. */
void conn__begin_unreadable(struct conn_table *t, struct conn *c, const struct lw_event_data *e);
void conn__finish_unreadable(struct conn_table *t, struct conn *c, const struct lw_event_data *e);
/* What was taken for one was the handshake's last word, or is about to be read. */
void conn__drop_unreadable(struct conn_table *t, struct conn *c);

#endif
