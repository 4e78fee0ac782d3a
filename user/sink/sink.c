// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sink.c - calling a sink, whichever it is.
 */
#include "sink/sink.h"

int sink__finding(struct sink *sink, const struct finding *f)
{
	return sink ? sink->ops->finding(sink, f) : 0;
}

void sink__free(struct sink *sink)
{
	if (sink)
		sink->ops->free(sink);
}
