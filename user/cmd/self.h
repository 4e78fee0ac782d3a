/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * self.h - what this process itself costs.
 */
#ifndef LEASEWATCH_SELF_H
#define LEASEWATCH_SELF_H

#include "sink/metrics.h"

/* Sets CPU time, memory and files; what cannot be read is 0. */
void self__measure(struct metrics_self *self);

#endif
