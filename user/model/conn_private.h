/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conn_private.h - what conn.c, which reads what passes, and conn_tls.c, which cannot, share.
 */
#ifndef LEASEWATCH_CONN_PRIVATE_H
#define LEASEWATCH_CONN_PRIVATE_H

#include "model/conn.h"

void conn__set_busy(struct conn *c, bool busy);
/* False when memory is out. */
bool conn__begin_exchange(struct conn_table *t, struct conn *c, const struct lw_event_data *e);
/* The exchange is over; tells the listener if it was one with an etcd. */
void conn__finish(struct conn_table *t, struct conn *c, enum request_outcome outcome,
		  uint64_t now_ns);
void conn__drop_exchange(struct conn_table *t, struct conn *c);

/* The peer sends no more, and Patroni knows: what it was waiting for is over. */
void conn__peer_closed(struct conn_table *t, struct conn *c, uint64_t now_ns);

/* LW_EVENT_TLS_SEND, LW_EVENT_TLS_RECV. */
void conn_tls__bytes(struct conn_table *t, struct conn *c, const struct lw_event_data *e);
/* LW_EVENT_TLS. */
void conn_tls__said(struct conn_table *t, struct conn *c, const struct lw_event_tls *e);
/* What is inside is about to be told. */
void conn_tls__plain(struct conn_table *t, struct conn *c, uint64_t now_ns);
/* It is no more: tells what was under way, and forgets it. */
void conn__close(struct conn_table *t, struct conn *c, enum request_outcome outcome,
		 uint64_t now_ns);

/*
 * The other side has closed or reset it. True: what libssl makes of that is still to come, then or
 * after a short while conn__close() is called.
 */
bool conn_tls__lingers(struct conn_table *t, struct conn *c, enum request_outcome how,
		       uint64_t now_ns);
/* After each record about it. */
void conn_tls__settle(struct conn_table *t, struct conn *c, uint64_t now_ns);
/* The connection ends like this, as far as Patroni is concerned; before its exchange is finished.
 */
void conn_tls__end(struct conn_table *t, struct conn *c, enum request_outcome how, uint64_t now_ns);

#endif
