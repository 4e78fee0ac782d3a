// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * endpoint.c - endpoints by name and by address, and the state that their matrix amounts to.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "base/limits.h"
#include "leasewatch/units.h"
#include "model/endpoint.h"

static struct endpoint *find_or_add(struct endpoint_table *t, const char *name, bool named)
{
	struct endpoint *e;

	HASH_FIND_STR(t->endpoints, name, e);
	if (e)
		return e;
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	snprintf(e->name, sizeof(e->name), "%s", name);
	e->named = named;
	e->last_ns = LW_UNKNOWN;
	HASH_ADD_STR(t->endpoints, name, e);
	return e;
}

struct address *endpoint_table__find(struct endpoint_table *t, const uint8_t addr[16],
				     uint16_t port)
{
	struct address_key key = {.port = port};
	struct address *a;

	memcpy(key.addr, addr, sizeof(key.addr));
	HASH_FIND(hh, t->addresses, &key, sizeof(key), a);
	return a;
}

struct address *endpoint_table__address(struct endpoint_table *t, const uint8_t addr[16],
					uint16_t port)
{
	struct address *a = endpoint_table__find(t, addr, port);
	char name[ADDRESS_BYTES + 16];

	if (a)
		return a;
	if (HASH_COUNT(t->addresses) >= ADDRESSES_MAX) {
		limits__hit(LIMIT_ADDRESSES);
		return NULL;
	}
	a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	memcpy(a->key.addr, addr, sizeof(a->key.addr));
	a->key.port = port;
	address__text(addr, a->text);
	address__with_port(name, sizeof(name), a->text, port);
	a->endpoint = find_or_add(t, name, false);
	if (!a->endpoint) {
		free(a);
		return NULL;
	}
	HASH_ADD(hh, t->addresses, key, sizeof(a->key), a);
	return a;
}

/* What was learned while only the address was known belongs to the name. */
static void take_over(struct endpoint *e, struct endpoint *before)
{
	memcpy(e->matrix, before->matrix, sizeof(e->matrix));
	memset(before->matrix, 0, sizeof(before->matrix));
	e->state = before->state;
	before->state = ENDPOINT_UNKNOWN;
	e->requests = before->requests;
	e->failed = before->failed;
	before->requests = before->failed = 0;
	e->last_ns = before->last_ns;
	e->latency = before->latency;
}

struct endpoint *endpoint_table__name(struct endpoint_table *t, struct address *address,
				      const char *name)
{
	struct endpoint *e, *before = address->endpoint;

	if (!*name || strcmp(before->name, name) == 0)
		return before;
	HASH_FIND_STR(t->endpoints, name, e);
	if (!e && address->names >= ADDRESS_NAMES_MAX) {
		limits__hit(LIMIT_ENDPOINTS);
		return before;
	}
	if (!e) {
		e = find_or_add(t, name, true);
		address->names++;
	}
	if (!e)
		return before;
	address->endpoint = e;
	if (!before->named && e->state == ENDPOINT_UNKNOWN && !e->requests)
		take_over(e, before);
	return e;
}

void endpoint_table__configured(struct endpoint_table *t, const uint8_t addr[16], uint16_t port,
				const char *name)
{
	struct address *a = endpoint_table__address(t, addr, port);

	if (a && !a->endpoint->named)
		endpoint_table__name(t, a, name);
}

void endpoint_table__clear(struct endpoint_table *t)
{
	struct address *a, *next_a;
	struct endpoint *e, *next_e;

	HASH_ITER(hh, t->addresses, a, next_a) {
		HASH_DEL(t->addresses, a);
		free(a);
	}
	HASH_ITER(hh, t->endpoints, e, next_e) {
		HASH_DEL(t->endpoints, e);
		free(e);
	}
}

struct endpoint *endpoint_table__add(struct endpoint_table *t, const char *name)
{
	return find_or_add(t, name, true);
}

struct endpoint *endpoint_table__by_host(const struct endpoint_table *t, const char *host)
{
	size_t len = strlen(host);
	struct endpoint *e, *next;

	HASH_ITER(hh, t->endpoints, e, next) {
		if (len && strncasecmp(e->name, host, len) == 0 && e->name[len] == ':')
			return e;
	}
	return NULL;
}

void endpoint__count(struct endpoint *e, enum request_outcome outcome, int64_t duration_ns)
{
	if (outcome == REQUEST_UNOBSERVED)
		return;
	e->requests++;
	if (outcome != REQUEST_OK)
		e->failed++;
	if (outcome != REQUEST_OK && outcome != REQUEST_ERROR)
		return;
	e->last_ns = duration_ns;
	histogram__record(&e->latency, duration_ns);
}

bool endpoint__answered_by(struct endpoint *e, uint64_t member_id)
{
	uint64_t *ids = e->member_ids;
	bool came_back;
	size_t i = 0;

	if (!member_id || ids[0] == member_id)
		return false;
	while (i < ENDPOINT_MEMBERS - 1 && ids[i] && ids[i] != member_id)
		i++;
	came_back = ids[i] == member_id;
	memmove(ids + 1, ids, i * sizeof(*ids));
	ids[0] = member_id;
	if (e->several || !came_back)
		return false;
	e->several = true;
	return true;
}

static bool is_good(enum matrix_cell cell)
{
	return cell == CELL_OK || cell == CELL_SLOW;
}

static bool others_passed_since(const struct endpoint *e, enum matrix_column column, uint64_t ns)
{
	for (int c = MATRIX_READ; c < MATRIX_COLUMNS; c++)
		if (c != (int)column && is_good(e->matrix[c].cell) && e->matrix[c].at_ns > ns)
			return true;
	return false;
}

void endpoint__outcome(struct endpoint *e, enum matrix_column column, enum matrix_cell cell,
		       uint64_t start_ns, uint64_t now_ns)
{
	struct matrix_entry *m = &e->matrix[column];

	m->cell = cell;
	m->start_ns = start_ns;
	m->at_ns = now_ns;
	m->others_passed = !is_good(cell) && others_passed_since(e, column, start_ns);
	if (cell == CELL_SLOW)
		m->slow_in_a_row++;
	else if (cell == CELL_OK)
		m->slow_in_a_row = 0;
}

bool endpoint__expects(const struct endpoint *e, enum matrix_column column, uint64_t start_ns,
		       uint64_t now_ns)
{
	const struct matrix_entry *m = &e->matrix[column];
	uint64_t patience = m->at_ns - m->start_ns + NS_PER_S;

	return m->cell == CELL_HANGING || (m->cell == CELL_ERROR && now_ns - start_ns < patience);
}

bool endpoint__forget(struct endpoint *e, uint64_t now_ns)
{
	bool forgot = false;

	for (int c = 0; c < MATRIX_COLUMNS; c++) {
		struct matrix_entry *m = &e->matrix[c];

		if (m->cell == CELL_UNKNOWN || m->cell == CELL_OK ||
		    now_ns - m->at_ns < ENDPOINT_FORGET_NS)
			continue;
		*m = (struct matrix_entry){0};
		forgot = true;
	}
	return forgot;
}

/*
 * Does another kind of request pass while this one fails? An answer that says no proves that the
 * endpoint is alive, so the others' last word counts; a hanging request proves nothing, so one of
 * the others must have passed since it began.
 */
static bool other_kinds_pass(const struct endpoint *e, enum matrix_column failing)
{
	const struct matrix_entry *f = &e->matrix[failing];

	for (int c = MATRIX_READ; c < MATRIX_COLUMNS; c++) {
		const struct matrix_entry *m = &e->matrix[c];

		if (c == (int)failing || !is_good(m->cell))
			continue;
		if (f->cell == CELL_ERROR || m->at_ns > f->start_ns)
			return true;
	}
	return false;
}

/* What says no is not silent, as long as nothing that was asked since got no answer at all. */
static bool still_says_no(const struct endpoint *e, const struct matrix_entry *no)
{
	if (no->cell != CELL_ERROR)
		return false;
	for (int c = MATRIX_READ; c < MATRIX_COLUMNS; c++) {
		const struct matrix_entry *m = &e->matrix[c];

		if (m->cell > CELL_ERROR && m->start_ns >= no->at_ns)
			return false;
	}
	return true;
}

enum endpoint_state endpoint__assess(const struct endpoint *e)
{
	const struct matrix_entry *connect = &e->matrix[MATRIX_CONNECT];
	bool seen = false, slow = false, failing = false, half = false;

	for (int c = MATRIX_READ; c < MATRIX_COLUMNS; c++) {
		const struct matrix_entry *m = &e->matrix[c];

		seen = seen || m->cell != CELL_UNKNOWN;
		slow = slow || m->slow_in_a_row >= 2;
		if (m->cell == CELL_UNKNOWN || is_good(m->cell))
			continue;
		failing = true;
		half = half || other_kinds_pass(e, c) || still_says_no(e, m);
	}
	if (connect->cell != CELL_UNKNOWN && !is_good(connect->cell))
		return ENDPOINT_UNREACHABLE;
	if (half)
		return ENDPOINT_HALF_HEALTHY;
	if (failing)
		return ENDPOINT_SILENT;
	if (slow)
		return ENDPOINT_SLOW;
	return seen || connect->cell != CELL_UNKNOWN ? ENDPOINT_HEALTHY : ENDPOINT_UNKNOWN;
}

enum matrix_column matrix_column_of(enum etcd_class class)
{
	static const enum matrix_column columns[ETCD_CLASS_COUNT] = {
		[ETCD_CLASS_READ] = MATRIX_READ,
		[ETCD_CLASS_WRITE] = MATRIX_WRITE,
		[ETCD_CLASS_KEEPALIVE] = MATRIX_KEEPALIVE,
		[ETCD_CLASS_WATCH] = MATRIX_WATCH,
		[ETCD_CLASS_TLS] = MATRIX_TLS,
	};

	return columns[class];
}
