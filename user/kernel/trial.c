// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * trial.c - see trial.h.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "kernel/trial.h"

static bool is_chosen(const char *name, const bool plan[FEATURES])
{
	for (int id = 0; id < FEATURES; id++)
		for (int i = 0; i < FEATURE_PROGRAMS && features[id].programs[i]; i++)
			if (strcmp(features[id].programs[i], name) == 0)
				return plan[id];
	return true; /* in no feature: always needed */
}

void trial__choose(struct bpf_object *object, const bool plan[FEATURES])
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, object)
	{
		bpf_program__set_autoload(prog, is_chosen(bpf_program__name(prog), plan));
	}
}

static int try_attach(struct bpf_object *object, enum feature_id id, const char *name)
{
	const struct bpf_program *prog = bpf_object__find_program_by_name(object, name);
	struct bpf_link *link;

	if (!prog)
		return -ENOENT;
	switch (id) {
	case FEATURE_RESOLVE:
	case FEATURE_TLS:
		/* Each process has its own library, so only ask whether there are uprobes. */
		return access("/sys/bus/event_source/devices/uprobe", F_OK) ? -EOPNOTSUPP : 0;
	default:
		link = bpf_program__attach(prog);
	}
	if (!link)
		return -errno;
	bpf_link__destroy(link);
	return 0;
}

int trial__feature(const void *elf, size_t elf_bytes, enum feature_id id)
{
	struct bpf_object *object = bpf_object__open_mem(elf, elf_bytes, NULL);
	bool plan[FEATURES] = {false};
	int err;

	if (!object)
		return -errno;
	plan[id] = true;
	trial__choose(object, plan);
	err = bpf_object__load(object);
	for (int i = 0; !err && i < FEATURE_PROGRAMS && features[id].programs[i]; i++)
		err = try_attach(object, id, features[id].programs[i]);
	bpf_object__close(object);
	return err;
}
