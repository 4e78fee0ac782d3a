// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * message_wait.c - what a thread waits for.
 */
#include <string.h>

#include "base/append.h"
#include "model/message.h"

#define SAY(...) text_append(buf, size, __VA_ARGS__)

/* "recv from PostgreSQL 127.0.0.1:5432"; "poll", where what it waits on is not known. */
static void say_object(char *buf, size_t size, const struct thread_wait *w)
{
	if (!w->object[0]) {
		SAY("%.*s", (int)strcspn(w->call, " "), w->call);
		return;
	}
	SAY("%s %s%s", w->call,
	    w->kind == WAIT_POSTGRES	 ? "PostgreSQL "
	    : w->kind == WAIT_NAMESERVER ? "nameserver "
					 : "",
	    w->object);
	if (w->more)
		SAY(" and %zu more", w->more);
}

void message__wait(char *buf, size_t size, const struct thread_sample *t)
{
	const struct thread_wait *w = &t->wait;

	switch (w->kind) {
	case WAIT_UNKNOWN:
		return;
	case WAIT_STOPPED:
		SAY("a stop by a signal, until SIGCONT");
		return;
	case WAIT_TRACED:
		SAY("a stop by a debugger");
		return;
	case WAIT_SLEEP:
		SAY("sleep");
		break;
	case WAIT_LOCK:
		SAY("a lock or a wake-up by another of its threads (futex)");
		break;
	case WAIT_LOCK_TIMEOUT:
		SAY("a timeout or a wake-up by another of its threads (futex)");
		break;
	case WAIT_SIGNAL:
		SAY("a signal");
		break;
	case WAIT_CHILD:
		SAY("the end of %s%s", w->object[0] ? "its child process " : "a child process",
		    w->object);
		break;
	case WAIT_MEMORY:
		SAY("a page of memory from disk");
		break;
	case WAIT_SYSCALL:
		SAY("system call %s", w->object);
		break;
	default:
		say_object(buf, size, w);
	}
	if (t->state == 'D') {
		SAY(", uninterruptible");
		if (t->wchan[0])
			SAY(" (%s)", t->wchan);
	}
}
