/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reader.h - whatever a watched process chooses (its command line, its files, its memory) is read
 * and parsed by somebody who has nothing to lose.
 *
 * A spawner, forked before anything else is opened, forks one short-lived worker for each question.
 * The worker gives up all rights but those to open, can reach no network, may use little memory and
 * time, and answers with one message of a fixed form, which is checked here. Nobody waits for it:
 * an answer that does not come in time is -ETIMEDOUT, and a worker that hangs in the kernel (a page
 * on somebody's FUSE mount, a dead NFS server) is left behind; so many of them are allowed, no
 * more.
 *
 * Trusted processes are asked about first, and the hanging workers of others never use up the
 * places that are kept for them.
 */
#ifndef LEASEWATCH_READER_H
#define LEASEWATCH_READER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/library_set.h"
#include "host/patroni.h"
#include "model/thread_sample.h"

/* An answer that takes longer will not come. */
#define READER_DEADLINE_MS 2000
/* Questions that wait; beyond these the oldest of an untrusted process is refused. */
#define READER_QUEUE_MAX     2048

#define READER_ADDRESSES_MAX 64

enum reader_what {
	READER_IDENTIFY, /* is this process Patroni? */
	READER_CONFIG,	 /* what was it configured with? */
	READER_SAMPLE,	 /* what is this thread of it doing? */
	READER_LIBRARY,	 /* which copies of a library has it mapped, and where are functions? */
	READER_WHATS,
};

struct reader_identity {
	int32_t is; /* 1 or 0; -errno (patroni__identify) */
	uint32_t pad;
	struct patroni_process process; /* also when it is 0, if there is such a process */
};

struct reader_config {
	int32_t err;	 /* of patroni__config */
	int32_t primary; /* of patroni__is_primary */
	int32_t given;	 /* of patroni__data_dir_was_given */
	uint32_t addresses_len;
	struct {
		uint8_t addr[16]; /* as in patroni__addresses */
		uint16_t port;
		uint16_t endpoint; /* index into config.endpoints */
	} addresses[READER_ADDRESSES_MAX];
	struct patroni_config config; /* its layers are empty but for data_dir */
};

#define READER_PORTS_MAX 8

struct reader_question {
	enum reader_what what;
	pid_t pid;
	bool trusted;
	uint32_t tag;			  /* the asker's own */
	enum library_set set;		  /* LIBRARY */
	pid_t tid;			  /* SAMPLE */
	uint16_t ports[READER_PORTS_MAX]; /* SAMPLE: where PostgreSQL listens; 0 = no more */
};

struct reader_answer {
	struct reader_question question;
	/* 0; -ETIMEDOUT: not in time; -EBUSY: too many others hang; -EIO: the worker died;
	 * -EBADMSG: what it said makes no sense */
	int err;
	union { /* when err is 0 */
		const struct reader_identity *identity;
		const struct reader_config *config;
		const struct thread_sample *sample;
		const struct library_copies *library;
	};
	/* LIBRARY: of those copies that have no error; closed after the callback. */
	const int *fds;
};

struct reader;

/* Fork the spawner: early, while no secret and no descriptor is open. 0 or -errno. */
int reader__new(struct reader **out);
/* The spawner and all workers are killed. NULL is fine. */
void reader__free(struct reader *r);

/* Ask. The answer comes from reader__turn. 0 or -ENOBUFS: the queue is full. */
int reader__ask(struct reader *r, const struct reader_question *q);

/* Questions without an answer so far; of trusted processes only those. */
size_t reader__pending(const struct reader *r);
size_t reader__pending_trusted(const struct reader *r);

/* Readable when an answer has come; changes when the spawner had to be started again. */
int reader__fd(const struct reader *r);

/*
 * Hand over the answers that have come or will not come. now_ns: CLOCK_BOOTTIME. Does not wait. The
 * callback may ask again.
 */
typedef void (*reader_fn)(void *ctx, const struct reader_answer *answer);
void reader__turn(struct reader *r, uint64_t now_ns, reader_fn fn, void *ctx);

/* Workers that were left behind because they hang in the kernel. */
size_t reader__stuck(const struct reader *r);

#endif
