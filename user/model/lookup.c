// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lookup.c - the table of look-ups: what is in flight, and what each thread's last ones were.
 */
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/limits.h"
#include "model/lookup_private.h"

/* What is remembered of a thread. A look-up with end_ns 0 = there was none. */
struct lookup_thread {
	uint64_t key; /* tgid and tid */
	struct lookup resolve;
	struct lookup failed; /* query */
	/* The last query that brought answers; end 0 = none. */
	char ok_name[DNS_NAME_BYTES];
	uint64_t ok_ns;
	UT_hash_handle hh;
};

static uint64_t thread_key(uint32_t tgid, uint32_t tid)
{
	return (uint64_t)tgid << 32 | tid;
}

static uint64_t age(const struct lookup *l, uint64_t now_ns)
{
	return now_ns > l->start_ns ? now_ns - l->start_ns : 0;
}

bool lookup__on_thread(const struct lookup *l, uint32_t tgid, uint32_t tid)
{
	return l->tgid == tgid && l->tid == tid;
}

struct lookup *lookup_table__resolve(const struct lookup_table *t, uint32_t tgid, uint32_t tid)
{
	struct lookup *l;

	TAILQ_FOREACH(l, &t->active, link) {
		if (l->source == DNS_GETADDRINFO && lookup__on_thread(l, tgid, tid))
			return l;
	}
	return NULL;
}

static struct lookup *youngest_query(const struct lookup_table *t, uint32_t tgid, uint32_t tid)
{
	struct lookup *l = TAILQ_LAST(&t->active, lookup_list);

	while (l && !(l->source == DNS_QUERY && lookup__on_thread(l, tgid, tid)))
		l = TAILQ_PREV(l, lookup_list, link);
	return l;
}

static void take_out(struct lookup_table *t, struct lookup *l)
{
	TAILQ_REMOVE(&t->active, l, link);
	t->active_len--;
}

void lookup_table__forget(struct lookup_table *t, struct lookup *l)
{
	take_out(t, l);
	free(l);
}

void lookup_table__lose(struct lookup_table *t, struct lookup *l)
{
	if (!l->quiet)
		t->dropped++;
	lookup_table__forget(t, l);
}

/* One process does not push out the others' lookups. */
static void make_room(struct lookup_table *t, uint32_t tgid)
{
	struct lookup *l, *own = NULL;
	size_t count = 0;

	if (t->active_len < LOOKUPS_PER_PROCESS)
		return;
	TAILQ_FOREACH(l, &t->active, link) {
		if (l->tgid != tgid)
			continue;
		count++;
		if (!own)
			own = l;
	}
	if (count < LOOKUPS_PER_PROCESS && t->active_len < LOOKUPS_MAX)
		return;
	limits__hit(LIMIT_LOOKUPS);
	lookup_table__lose(t, count >= LOOKUPS_PER_PROCESS ? own : TAILQ_FIRST(&t->active));
}

struct lookup *lookup_table__add(struct lookup_table *t, enum dns_source source,
				 const struct lw_event *event)
{
	struct lookup *l = calloc(1, sizeof(*l));

	if (!l) {
		t->dropped++;
		return NULL;
	}
	make_room(t, event->tgid);
	l->source = source;
	l->outcome = l->last_query = DNS_IN_FLIGHT;
	l->tgid = event->tgid;
	l->tid = event->tid;
	l->start_ns = event->ts_ns;
	l->cookie = event->cookie;
	l->answers = LW_UNKNOWN;
	TAILQ_INSERT_TAIL(&t->active, l, link);
	t->active_len++;
	return l;
}

/* The thread's entry, moved to the end of the table: the first one is the next to go. */
static struct lookup_thread *thread_of(struct lookup_table *t, uint32_t tgid, uint32_t tid)
{
	uint64_t key = thread_key(tgid, tid);
	struct lookup_thread *th;

	HASH_FIND(hh, t->threads, &key, sizeof(key), th);
	if (th) {
		HASH_DEL(t->threads, th);
	} else if (HASH_COUNT(t->threads) >= LOOKUP_THREADS_MAX) {
		th = t->threads;
		HASH_DEL(t->threads, th);
		memset(th, 0, sizeof(*th));
	} else {
		th = calloc(1, sizeof(*th));
		if (!th)
			return NULL;
	}
	th->key = key;
	HASH_ADD(hh, t->threads, key, sizeof(th->key), th);
	return th;
}

static void keep_lookup(struct lookup *to, const struct lookup *l)
{
	*to = *l;
	to->query = NULL;
	to->message = NULL;
	memset(&to->link, 0, sizeof(to->link));
}

/* Does it tell whether the thread got what it wanted? */
static bool is_telling(const struct lookup *l)
{
	if (l->source == DNS_GETADDRINFO)
		return true;
	if (l->outcome == DNS_OK)
		return l->answers && !l->truncated;
	/* Discovery asks for several names, of which not all need exist. */
	return l->qtype != DNS_TYPE_SRV || l->outcome != DNS_NXDOMAIN;
}

static void remember_lookup(struct lookup_table *t, const struct lookup *l)
{
	struct lookup_thread *th;

	if (!is_telling(l))
		return;
	th = thread_of(t, l->tgid, l->tid);
	if (!th)
		return;
	if (l->source == DNS_GETADDRINFO) {
		keep_lookup(&th->resolve, l);
	} else if (l->outcome != DNS_OK) {
		keep_lookup(&th->failed, l);
	} else {
		memcpy(th->ok_name, l->name, sizeof(th->ok_name));
		th->ok_ns = l->end_ns;
		memset(&th->failed, 0, sizeof(th->failed));
	}
}

void lookup_table__end(struct lookup_table *t, struct lookup *l, enum dns_outcome outcome,
		       uint64_t now_ns)
{
	struct lookup_stats *stats = &t->stats[l->source];
	struct lookup *resolve;

	take_out(t, l);
	l->outcome = outcome;
	l->end_ns = now_ns;
	l->query = NULL;
	stats->ended++;
	/* Search lists and discovery ask for names that need not exist. */
	stats->failed +=
		outcome != DNS_OK && (l->source == DNS_GETADDRINFO || outcome != DNS_NXDOMAIN);
	if (l->start_ns)
		stats->last_ns = lookup__duration_ns(l, now_ns);
	if (l->source == DNS_QUERY) {
		resolve = lookup_table__resolve(t, l->tgid, l->tid);
		if (resolve)
			resolve->last_query = outcome;
	}
	remember_lookup(t, l);
	t->listener->told(t->ctx, l, now_ns);
	free(l);
}

void lookup_table__give_up(struct lookup_table *t, struct lookup *query, uint64_t now_ns)
{
	if (query->told || age(query, now_ns) >= LOOKUP_WAITED_NS)
		lookup_table__end(t, query, DNS_TIMEOUT, now_ns);
	else
		lookup_table__forget(t, query);
}

void lookup_table__give_up_all(struct lookup_table *t, uint32_t tgid, uint32_t tid,
			       const char *name, uint64_t now_ns)
{
	struct lookup *l, *next;

	for (l = TAILQ_FIRST(&t->active); l; l = next) {
		next = TAILQ_NEXT(l, link);
		if (l->source == DNS_QUERY && lookup__on_thread(l, tgid, tid) &&
		    !(name && strcmp(l->name, name) == 0))
			lookup_table__give_up(t, l, now_ns);
	}
}

void lookup_table__moved_on(struct lookup_table *t, uint32_t tgid, uint32_t tid, uint64_t now_ns)
{
	if (!lookup_table__resolve(t, tgid, tid))
		lookup_table__give_up_all(t, tgid, tid, NULL, now_ns);
}

void lookup_table__init(struct lookup_table *t, const struct lookup_listener *listener, void *ctx,
			uint64_t stall_after_ns)
{
	*t = (struct lookup_table){
		.stall_after_ns = stall_after_ns,
		.listener = listener,
		.ctx = ctx,
	};
	TAILQ_INIT(&t->active);
	for (int i = 0; i < DNS_SOURCES; i++)
		t->stats[i].last_ns = LW_UNKNOWN;
}

static void drop_threads(struct lookup_table *t, bool all, uint32_t tgid)
{
	struct lookup_thread *th, *next;

	HASH_ITER(hh, t->threads, th, next) {
		if (!all && th->key >> 32 != tgid)
			continue;
		HASH_DEL(t->threads, th);
		free(th);
	}
}

void lookup_table__clear(struct lookup_table *t)
{
	struct lookup *l;

	while ((l = TAILQ_FIRST(&t->active)))
		lookup_table__forget(t, l);
	drop_threads(t, true, 0);
}

void lookup_table__tick(struct lookup_table *t, uint64_t now_ns)
{
	struct lookup *l, *next;

	for (l = TAILQ_FIRST(&t->active); l; l = next) {
		next = TAILQ_NEXT(l, link);
		if (l->source == DNS_QUERY && age(l, now_ns) >= LOOKUP_PATIENCE_NS) {
			lookup_table__end(t, l, DNS_TIMEOUT, now_ns);
		} else if (age(l, now_ns) >= LOOKUP_RESOLVE_MAX_NS) {
			lookup_table__lose(t, l);
		} else if (!l->told && !l->quiet && age(l, now_ns) > t->stall_after_ns) {
			l->told = true;
			if (l->source == DNS_GETADDRINFO)
				l->query = youngest_query(t, l->tgid, l->tid);
			t->listener->told(t->ctx, l, now_ns);
		}
	}
}

void lookup_table__drop_process(struct lookup_table *t, uint32_t tgid, uint64_t now_ns)
{
	struct lookup *l, *next;

	for (l = TAILQ_FIRST(&t->active); l; l = next) {
		next = TAILQ_NEXT(l, link);
		if (l->tgid != tgid)
			continue;
		if (l->told)
			lookup_table__end(t, l, DNS_TIMEOUT, now_ns);
		else
			lookup_table__forget(t, l);
	}
	drop_threads(t, false, tgid);
}

const struct lookup *lookup_table__waiting(const struct lookup_table *t, uint32_t tgid,
					   uint32_t tid)
{
	struct lookup *query = youngest_query(t, tgid, tid);
	struct lookup *resolve = lookup_table__resolve(t, tgid, tid);

	if (!resolve)
		return query;
	resolve->query = query;
	return resolve->quiet ? NULL : resolve;
}

const struct lookup *lookup_table__failed_since(const struct lookup_table *t, uint32_t tgid,
						uint32_t tid, uint64_t since_ns)
{
	uint64_t key = thread_key(tgid, tid);
	const struct lookup *resolve = lookup_table__resolve(t, tgid, tid);
	const struct lookup_thread *th;

	HASH_FIND(hh, t->threads, &key, sizeof(key), th);
	if (!th)
		return NULL;
	if (th->resolve.end_ns && th->resolve.end_ns >= since_ns)
		return th->resolve.outcome == DNS_OK ? NULL : &th->resolve;
	if (!th->failed.end_ns || th->failed.end_ns < since_ns)
		return NULL;
	if (resolve && th->failed.end_ns > resolve->start_ns)
		return NULL;
	if (th->ok_ns && th->ok_ns >= since_ns && strcmp(th->ok_name, th->failed.name) == 0)
		return NULL;
	return &th->failed;
}

const struct lookup *lookup_table__oldest(const struct lookup_table *t)
{
	struct lookup *l, *query = NULL;

	TAILQ_FOREACH(l, &t->active, link) {
		if (l->source == DNS_GETADDRINFO && !l->quiet) {
			l->query = youngest_query(t, l->tgid, l->tid);
			return l;
		}
		if (l->source == DNS_QUERY && !query)
			query = l;
	}
	return query;
}

int64_t lookup__duration_ns(const struct lookup *l, uint64_t now_ns)
{
	uint64_t end = l->end_ns ? l->end_ns : now_ns;

	if (!l->start_ns)
		return LW_UNKNOWN;
	return (int64_t)age(l, end);
}

const char *lookup__server_text(const struct lookup *l, char buf[INET6_ADDRSTRLEN])
{
	return l->server_known ? address__text(l->server.addr, buf) : NULL;
}
