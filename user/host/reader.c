// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * reader.c - see reader.h. The loop's side: which question is asked next, which answers did not
 * come in time, and how many workers hang.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/reader_message.h"
#include "leasewatch/units.h"

/* Workers at a time; of the second number those of trusted processes may use more. */
#define ACTIVE_MAX	    4
#define STUCK_MAX	    16
#define STUCK_UNTRUSTED_MAX 8
/*
 * So often at the most is one asked about that is not trusted: an answer costs a fork, and anybody
 * can start a thousand processes a second.
 */
#define OTHERS_EVERY_NS (20 * NS_PER_MS)
/* A spawner that dies is started again, but not in a circle. */
#define RESPAWN_NS (100 * NS_PER_MS)

struct entry {
	struct reader_question question;
	TAILQ_ENTRY(entry) link;
};
TAILQ_HEAD(entries, entry);

struct slot {
	uint32_t id; /* 0 = free */
	bool stuck;  /* its answer was given up; the worker has not ended */
	uint64_t deadline_ns;
	struct reader_question question;
};

struct reader {
	pid_t spawner;			/* 0 = none */
	int fd;				/* -1 = none */
	uint64_t respawn_ns, others_ns; /* not before */
	uint32_t last_id;
	struct slot slots[ACTIVE_MAX + STUCK_MAX];
	struct entries trusted, others;
	size_t queued, queued_others;
};

static int start_spawner(struct reader *r)
{
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	r->spawner = fork();
	if (r->spawner == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		reader_spawner__run(pair[1]);
	}
	err = r->spawner < 0 ? -errno : 0;
	close(pair[1]);
	if (err) {
		close(pair[0]);
		r->spawner = 0;
		return err;
	}
	r->fd = pair[0];
	return 0;
}

static void stop_spawner(struct reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	if (r->spawner) {
		kill(r->spawner, SIGKILL);
		waitpid(r->spawner, NULL, 0);
	}
	r->spawner = 0;
}

int reader__new(struct reader **out)
{
	struct reader *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	TAILQ_INIT(&r->trusted);
	TAILQ_INIT(&r->others);
	r->fd = -1;
	err = start_spawner(r);
	if (err) {
		free(r);
		return err;
	}
	*out = r;
	return 0;
}

void reader__free(struct reader *r)
{
	struct entry *e;

	if (!r)
		return;
	stop_spawner(r);
	while ((e = TAILQ_FIRST(&r->trusted))) {
		TAILQ_REMOVE(&r->trusted, e, link);
		free(e);
	}
	while ((e = TAILQ_FIRST(&r->others))) {
		TAILQ_REMOVE(&r->others, e, link);
		free(e);
	}
	free(r);
}

int reader__ask(struct reader *r, const struct reader_question *q)
{
	struct entry *e;

	if (r->queued_others >= READER_QUEUE_MAX && !q->trusted)
		return -ENOBUFS;
	e = malloc(sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->question = *q;
	if (q->trusted)
		TAILQ_INSERT_TAIL(&r->trusted, e, link);
	else
		TAILQ_INSERT_TAIL(&r->others, e, link);
	r->queued++;
	r->queued_others += !q->trusted;
	return 0;
}

static size_t count_slots(const struct reader *r, bool stuck, bool untrusted_only)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(r->slots); i++)
		n += r->slots[i].id && r->slots[i].stuck == stuck &&
		     !(untrusted_only && r->slots[i].question.trusted);
	return n;
}

size_t reader__pending(const struct reader *r)
{
	return r->queued + count_slots(r, false, false);
}

size_t reader__pending_trusted(const struct reader *r)
{
	return r->queued - r->queued_others + count_slots(r, false, false) -
	       count_slots(r, false, true);
}

size_t reader__stuck(const struct reader *r)
{
	return count_slots(r, true, false);
}

int reader__fd(const struct reader *r)
{
	return r->fd;
}

/* What was received: a reply and descriptors, which are closed when it has been dealt with. */
struct received {
	struct reader_reply reply;
	size_t len, fds_len;
	int fds[LIBRARY_COPIES_MAX];
};

static void hand_over_reply(const struct slot *s, int err, const struct received *got, reader_fn fn,
			    void *ctx)
{
	struct reader_answer answer = {.question = s->question, .err = err};
	const struct reader_reply *reply = err ? NULL : &got->reply;

	if (!err && s->question.what == READER_IDENTIFY)
		answer.identity = &reply->identity;
	else if (!err && s->question.what == READER_CONFIG)
		answer.config = &reply->config;
	else if (!err && s->question.what == READER_LIBRARY)
		answer.library = &reply->library;
	else if (!err)
		answer.sample = &reply->sample;
	answer.fds = !err && got ? got->fds : NULL;
	fn(ctx, &answer);
}

static void take_reply(struct reader *r, const struct received *got, reader_fn fn, void *ctx)
{
	const struct reader_reply *reply = &got->reply;
	struct slot *s = NULL, done;
	int err;

	if (got->len < READER_REPLY_HEADER || !reply->id)
		return;
	for (size_t i = 0; i < ARRAY_LEN(r->slots) && !s; i++)
		if (r->slots[i].id == reply->id)
			s = &r->slots[i];
	if (!s)
		return; /* answered before; this says that the worker has ended */
	done = *s;
	s->id = 0;
	if (done.stuck)
		return; /* too late: its end only frees the place */
	err = reader_message__check(reply, got->len);
	if (!err && (reply->what != (uint32_t)done.question.what ||
		     got->fds_len != reader_message__fds(reply)))
		err = -EBADMSG;
	hand_over_reply(&done, err ? err : reply->err, got, fn, ctx);
}

static void give_up_late(struct reader *r, uint64_t now_ns, reader_fn fn, void *ctx)
{
	for (size_t i = 0; i < ARRAY_LEN(r->slots); i++) {
		struct slot *s = &r->slots[i];

		if (!s->id || s->stuck || now_ns < s->deadline_ns)
			continue;
		s->stuck = true;
		hand_over_reply(s, -ETIMEDOUT, NULL, fn, ctx);
	}
}

/* All that it was asked is lost, and nothing else. */
static void lose_spawner(struct reader *r, uint64_t now_ns, reader_fn fn, void *ctx)
{
	struct slot slots[ARRAY_LEN(r->slots)];

	stop_spawner(r);
	r->respawn_ns = now_ns + RESPAWN_NS;
	memcpy(slots, r->slots, sizeof(slots));
	memset(r->slots, 0, sizeof(r->slots));
	for (size_t i = 0; i < ARRAY_LEN(slots); i++)
		if (slots[i].id && !slots[i].stuck)
			hand_over_reply(&slots[i], -EIO, NULL, fn, ctx);
}

static void keep_descriptors(struct msghdr *message, struct received *got)
{
	struct cmsghdr *c = message->msg_controllen ? CMSG_FIRSTHDR(message) : NULL;

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return;
	got->fds_len = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(got->fds, CMSG_DATA(c), got->fds_len * sizeof(int));
}

/* There is room for as many descriptors as may come; the kernel closes those beyond. */
static ssize_t receive(int fd, struct received *got)
{
	union {
		char bytes[CMSG_LEN(LIBRARY_COPIES_MAX * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec text = {&got->reply, sizeof(got->reply)};
	struct msghdr message = {
		.msg_iov = &text,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	got->fds_len = 0;
	got->len = n > 0 ? (size_t)n : 0;
	if (n > 0)
		keep_descriptors(&message, got);
	return n;
}

static void close_received(struct received *got)
{
	while (got->fds_len)
		close(got->fds[--got->fds_len]);
}

static void take_replies(struct reader *r, uint64_t now_ns, reader_fn fn, void *ctx)
{
	static struct received got;

	while (r->fd >= 0) {
		ssize_t n = receive(r->fd, &got);

		if (n > 0)
			take_reply(r, &got, fn, ctx);
		close_received(&got);
		if (n > 0)
			continue;
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			lose_spawner(r, now_ns, fn, ctx);
		else if (errno == EAGAIN)
			return;
	}
}

/* The next question that may be asked; NULL: there is none, or all places are taken. */
static struct entry *next_entry(struct reader *r, uint64_t now_ns)
{
	if (count_slots(r, false, false) >= ACTIVE_MAX)
		return NULL;
	if (!TAILQ_EMPTY(&r->trusted))
		return count_slots(r, true, false) < STUCK_MAX ? TAILQ_FIRST(&r->trusted) : NULL;
	return now_ns >= r->others_ns ? TAILQ_FIRST(&r->others) : NULL;
}

static struct entry *dequeue(struct reader *r, struct entry *e)
{
	if (e->question.trusted)
		TAILQ_REMOVE(&r->trusted, e, link);
	else
		TAILQ_REMOVE(&r->others, e, link);
	r->queued--;
	r->queued_others -= !e->question.trusted;
	return e;
}

static int send_question(struct reader *r, const struct reader_question *q, uint64_t now_ns)
{
	struct reader_request request = {
		.what = q->what,
		.pid = q->pid,
		.tid = q->tid,
		.set = q->set,
		.id = r->last_id + 1,
	};
	struct slot *s = r->slots;

	memcpy(request.ports, q->ports, sizeof(request.ports));
	while (s->id)
		s++;
	if (!request.id)
		request.id = 1;
	if (send(r->fd, &request, sizeof(request), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return -errno;
	r->last_id = request.id;
	*s = (struct slot){
		.id = request.id,
		.question = *q,
		.deadline_ns = now_ns + READER_DEADLINE_MS * NS_PER_MS,
	};
	return 0;
}

static void send_questions(struct reader *r, uint64_t now_ns, reader_fn fn, void *ctx)
{
	struct entry *e;

	while (r->fd >= 0 && (e = next_entry(r, now_ns))) {
		struct slot refused = {.question = e->question};

		if (!e->question.trusted && count_slots(r, true, true) >= STUCK_UNTRUSTED_MAX) {
			free(dequeue(r, e));
			hand_over_reply(&refused, -EBUSY, NULL, fn, ctx);
			continue;
		}
		if (send_question(r, &e->question, now_ns))
			return; /* still in the queue; the spawner is gone, or slow */
		if (!e->question.trusted)
			r->others_ns = now_ns + OTHERS_EVERY_NS;
		free(dequeue(r, e));
	}
}

void reader__turn(struct reader *r, uint64_t now_ns, reader_fn fn, void *ctx)
{
	if (r->fd < 0 && now_ns >= r->respawn_ns && start_spawner(r))
		r->respawn_ns = now_ns + RESPAWN_NS;
	take_replies(r, now_ns, fn, ctx);
	give_up_late(r, now_ns, fn, ctx);
	send_questions(r, now_ns, fn, ctx);
}
