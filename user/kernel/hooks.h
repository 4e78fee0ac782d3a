/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hooks.h - removes hooks without making anybody wait for it.
 *
 * The kernel waits until nobody can be running the program any more: tens of milliseconds, shared
 * by all that wait at the same time. Hooks of the old kind wait for each other, see hook.h.
 */
#ifndef LEASEWATCH_HOOKS_H
#define LEASEWATCH_HOOKS_H

#include <stddef.h>

#include "kernel/hook.h"

/* Free these now, some of which may be NULL, as many at a time as the kernel allows. */
void hooks__free(struct hook **hooks, size_t n);

/*
 * Hooks whose target is gone. They are freed in the background, so that the ring buffer does not
 * overflow meanwhile, and not at once: when Patroni restarts, the new one's hooks might have to
 * wait.
 */
struct hooks_bin;

struct hooks_bin *hooks_bin__new(void);
void hooks_bin__put(struct hooks_bin *b, struct hook **hooks, size_t n); /* none of them NULL */
void hooks_bin__turn(struct hooks_bin *b); /* now and then; does not wait */
void hooks_bin__free(struct hooks_bin *b); /* with all that is in it; NULL is fine */

#endif
