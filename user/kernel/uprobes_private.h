/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * uprobes_private.h - one library of a target, hooked: uprobes.c keeps them, uprobes_copy.c makes
 * them.
 */
#ifndef LEASEWATCH_UPROBES_PRIVATE_H
#define LEASEWATCH_UPROBES_PRIVATE_H

#include "kernel/hook.h"
#include "host/library.h"
#include "kernel/uprobes.h"

#define TROUBLE_BYTES (LIBRARY_NAME_BYTES + 128)

struct copy {
	dev_t dev;
	ino_t ino;
	uint32_t hooked; /* points, as bits */
	/* Where several points share a hook, it is at the first of them. */
	struct hook *hooks[UPROBE_POINTS_MAX];
};

/*
 * Hook what the set names in the library; c->hooked says what became of it. `trouble` is set when
 * something that should have worked did not.
 */
void copy__hook(struct copy *c, const struct uprobe_set *set, pid_t tgid,
		const struct library *library, char trouble[TROUBLE_BYTES]);

#endif
