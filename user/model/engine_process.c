// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * engine_process.c - what is reported of a member's process.
 */
#include <stdio.h>
#include <string.h>

#include "model/engine_state.h"

const struct member *engine__find_twin(const struct engine *e, const struct member *m)
{
	struct member *other, *next;

	if (!m->scope[0] || !m->name[0])
		return NULL;
	HASH_ITER(hh, e->members, other, next) {
		if (other != m && !strcmp(other->scope, m->scope) && !strcmp(other->name, m->name))
			return other;
	}
	return NULL;
}

void engine__tell_process(struct engine *e, struct member *m, struct finding *f, uint64_t now_ns)
{
	const struct member *twin = m->notes.twin ? NULL : engine__find_twin(e, m);
	char note[160];

	if (twin && !f->process.note) {
		m->notes.twin = true;
		snprintf(note, sizeof(note),
			 "process %u has the same scope and name; metrics show the one with less "
			 "time left",
			 twin->pid);
		f->process.note = note;
	}
	reporter__report(&e->reporter, f, now_ns);
}
