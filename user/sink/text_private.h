/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text_private.h - the parts of the text sink, to each other.
 */
#ifndef LEASEWATCH_TEXT_PRIVATE_H
#define LEASEWATCH_TEXT_PRIVATE_H

#include "model/human.h"
#include "model/summary.h"
#include "sink/entry.h"
#include "sink/sink.h"

void text__summary(struct text_out *o, const struct summary *s);
void text__summary_dns(struct text_out *o, const struct summary_dns *d);

#endif
