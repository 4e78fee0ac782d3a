/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine_private.h - the engine's inside, for engine.c, which changes it, and engine_query.c, which
 * only looks.
 */
#ifndef LEASEWATCH_ENGINE_PRIVATE_H
#define LEASEWATCH_ENGINE_PRIVATE_H

#include "model/engine.h"

struct engine {
	struct engine_config config;
	struct member *members;
	struct endpoint_table endpoints;
	struct conn_table conns;
	uint64_t stalls;
};

#endif
