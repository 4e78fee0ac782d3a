// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lookup_event.c - which record goes where: the entrance of the lookup table.
 */
#include "model/lookup_private.h"

void lookup_table__event(struct lookup_table *t, const struct lw_event *event)
{
	if (event->type == LW_EVENT_DNS)
		lookup_table__dns(t, (const struct lw_event_dns *)event);
	else if (event->type == LW_EVENT_RESOLVE)
		lookup_table__getaddrinfo(t, (const struct lw_event_resolve *)event);
}
