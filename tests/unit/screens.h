/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * screens.h - made-up moments for the live screen, and what stands on it then.
 */
#ifndef LEASEWATCH_TEST_SCREENS_H
#define LEASEWATCH_TEST_SCREENS_H

#include "findings.h"
#include "sink/top/top.h"

#define SCREEN_S INT64_C(1000000000)

/* A leader, a replica and three etcds, all well. Every call gives the same object, filled again. */
struct status *sample_status(void);
/* The same in the incident: etcd1 answers reads and does not renew. 57.8 s are left of 70. */
struct status *sample_incident(void);

struct view {
	struct top *top;
	struct top_grid grid;
	char *rows; /* the last drawing as text, a line per row, blanks at the ends taken off */
};

/* ASCII unless `utf8`; host "db1", interval 1 s. Its clock begins at SAMPLE_TS_NS. */
void view__open(struct view *v, bool utf8);
void view__close(struct view *v);
void view__status(struct view *v, const struct status *s);
void view__finding(struct view *v, const struct finding *f);
/* Draw so long after SAMPLE_TS_NS. Checks that no cell holds what may not reach a terminal. */
void view__draw(struct view *v, int rows, int cols, int64_t later_ns);
/* Row by number (from 0; negative: from below); valid until the next call. */
const char *view__row(const struct view *v, int row);
/* The first row that contains this; -1 = none does. */
int view__find(const struct view *v, const char *text);

/* Fails with the whole screen in the message. */
void view__expect(const struct view *v, const char *text);
void view__expect_not(const struct view *v, const char *text);
void view__expect_row(const struct view *v, int row, const char *text);

#endif
