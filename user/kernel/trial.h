/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trial.h - does this kernel accept a feature? Loads and attaches only its programs, and removes
 * them before it returns.
 */
#ifndef LEASEWATCH_TRIAL_H
#define LEASEWATCH_TRIAL_H

#include <stdbool.h>
#include <bpf/libbpf.h>

#include "kernel/features.h"

/* Choose which programs of an object that is not loaded yet will be: those of the plan. */
void trial__choose(struct bpf_object *object, const bool plan[FEATURES]);

/* `elf`: all the programs. 0, or the negative errno of what failed. */
int trial__feature(const void *elf, size_t elf_bytes, enum feature_id id);

#endif
