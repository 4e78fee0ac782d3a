/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reader_message.h - what passes between the loop, the spawner and the workers: one struct a
 * message over a SOCK_SEQPACKET pair. The loop trusts nothing in an answer: see
 * reader_message__check.
 */
#ifndef LEASEWATCH_READER_MESSAGE_H
#define LEASEWATCH_READER_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "host/reader.h"

struct reader_request {
	uint32_t id;
	uint32_t what; /* enum reader_what */
	int32_t pid, tid;
	uint32_t set;
	uint16_t ports[READER_PORTS_MAX];
};

struct reader_reply {
	uint32_t id;
	uint32_t what;
	int32_t err; /* 0, or -errno: then nothing follows. -EIO: the worker ended without a word */
	uint32_t pad;
	union {
		struct reader_identity identity;
		struct reader_config config;
		struct thread_sample sample;
		struct library_copies library;
	};
};

#define READER_REPLY_HEADER offsetof(struct reader_reply, identity)

/* How long the reply to such a question is, if it is one. 0 for a kind that there is not. */
size_t reader_message__bytes(uint32_t what);

/* How many descriptors come with a sound reply. */
size_t reader_message__fds(const struct reader_reply *reply);

/*
 * Is this a sound reply of `len` bytes: the length that its kind has, every text printable and with
 * its end, every number in its range? 0 or -EBADMSG.
 */
int reader_message__check(const struct reader_reply *reply, size_t len);

/* ---- reader_spawner.c: in the child process; never returns. `fd`: its end of the pair. */
_Noreturn void reader_spawner__run(int fd);

/*
 * ---- reader_worker.c: in a worker. Answer one request; fill in all of *reply, and the descriptors
 * that belong to it.
 */
void reader_worker__answer(const struct reader_request *request, struct reader_reply *reply,
			   int fds[LIBRARY_COPIES_MAX]);
/* Give up all but the rights to open, and to send to fd. 0 or -errno. */
int reader_worker__confine(int fd);

#endif
