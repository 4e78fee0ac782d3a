/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * endpoint.h - the etcd endpoints: their names, and what each kind of request last came to.
 */
#ifndef LEASEWATCH_ENDPOINT_H
#define LEASEWATCH_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

#include "base/address.h"
#include "leasewatch/units.h"
#include "model/finding.h"
#include "model/histogram.h"
#include "protocol/etcd.h"

#define ENDPOINT_NAME_BYTES 160

/* An answer that takes longer than this is slow: five times what Nagle and delayed ACK cost
 * Patroni. */
#define ENDPOINT_SLOW_NS (250 * 1000000LL)

/* A state that changes more often than this is told when it has stayed. */
#define ENDPOINT_TELL_EVERY_NS (2 * NS_PER_S)

/*
 * Trouble that nobody has met again for so long is no news of today: Patroni goes elsewhere, and
 * asks the old endpoint again only when the new one fails.
 */
#define ENDPOINT_FORGET_NS (600 * NS_PER_S)

/* Etcd members remembered for one endpoint: as many as a cluster has, to see that they take turns.
 */
#define ENDPOINT_MEMBERS 8

/* Beyond, what is new is not remembered. */
#define ADDRESSES_MAX	  1024
#define ADDRESS_NAMES_MAX 8 /* new names that one address can bring in */

struct matrix_entry {
	enum matrix_cell cell;
	uint64_t at_ns;	   /* when it came to that */
	uint64_t start_ns; /* when the connect or request began */
	unsigned int slow_in_a_row;
	bool others_passed; /* while it came to no good, another kind of request passed */
};

struct address;

struct endpoint {
	char name[ENDPOINT_NAME_BYTES]; /* "etcd2.lab:2379", or the address until the name is known
					 */
	bool named;			/* not by its address */
	enum endpoint_state state;
	struct matrix_entry matrix[MATRIX_COLUMNS];
	/* What was last said of it, and when. */
	enum endpoint_state told_state;
	enum matrix_cell told_matrix[MATRIX_COLUMNS];
	uint64_t told_ns;
	struct address *last_address; /* where something last came to an end; NULL = nothing did */
	/* Since the start; watches and what we missed a part of do not count. */
	uint64_t requests, failed;
	int64_t last_ns; /* duration of the last answer; LW_UNKNOWN */
	struct histogram latency;
	enum etcd_error refusal; /* what it last said instead of doing what was asked */
	/* Which etcd members answered here, the latest first; 0 = none. */
	uint64_t member_ids[ENDPOINT_MEMBERS];
	bool several; /* they take turns: a proxy, or a name that several share */
	UT_hash_handle hh;
};

/* An address and port, and the endpoint last reached there. */
struct address {
	struct address_key {
		uint8_t addr[16];
		uint32_t port;
	} key;
	char text[ADDRESS_BYTES];
	struct endpoint *endpoint;
	unsigned int names; /* that were new when something here was first called by them */
	UT_hash_handle hh;
};

struct endpoint_table {
	struct endpoint *endpoints;
	struct address *addresses;
};

/* The address, made when it is new, its endpoint named by the address at first. NULL: no memory. */
struct address *endpoint_table__address(struct endpoint_table *t, const uint8_t addr[16],
					uint16_t port);

/* The same without making one: NULL if nobody has spoken of it yet. */
struct address *endpoint_table__find(struct endpoint_table *t, const uint8_t addr[16],
				     uint16_t port);

/* What answers at this address is called `name` ("host:port"). No-op for an empty name. */
struct endpoint *endpoint_table__name(struct endpoint_table *t, struct address *address,
				      const char *name);
/* It is configured under this name; a name that was seen on the wire wins. */
void endpoint_table__configured(struct endpoint_table *t, const uint8_t addr[16], uint16_t port,
				const char *name);
void endpoint_table__clear(struct endpoint_table *t);

/* Something of this kind, begun at start_ns, came to this. */
void endpoint__outcome(struct endpoint *e, enum matrix_column column, enum matrix_cell cell,
		       uint64_t start_ns, uint64_t now_ns);

/* Forget trouble that is older than ENDPOINT_FORGET_NS. True: there was some. */
bool endpoint__forget(struct endpoint *e, uint64_t now_ns);

/*
 * Is it no news that something of this kind, begun at start_ns, still hangs? Because that is known,
 * or because the endpoint said no to the last one after thinking about it for as long.
 */
bool endpoint__expects(const struct endpoint *e, enum matrix_column column, uint64_t start_ns,
		       uint64_t now_ns);

/* A request came to an end with this outcome, after duration_ns (LW_UNKNOWN: not known). */
void endpoint__count(struct endpoint *e, enum request_outcome outcome, int64_t duration_ns);

/*
 * The etcd member with this id has answered here. True once per endpoint: when a member answers
 * again after another one did, so that both are alive behind one name.
 */
bool endpoint__answered_by(struct endpoint *e, uint64_t member_id);

/* The endpoint of this name, made when it is new. NULL: no memory. */
struct endpoint *endpoint_table__add(struct endpoint_table *t, const char *name);

/* The endpoint with this host name, any port; NULL = none. */
struct endpoint *endpoint_table__by_host(const struct endpoint_table *t, const char *host);

/* The state that the matrix amounts to. */
enum endpoint_state endpoint__assess(const struct endpoint *e);

enum matrix_column matrix_column_of(enum etcd_class class);

#endif
