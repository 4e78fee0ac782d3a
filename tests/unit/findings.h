/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * findings.h - findings for the tests of the sinks: samples, random ones, and what a sink makes of
 * them.
 */
#ifndef LEASEWATCH_TEST_FINDINGS_H
#define LEASEWATCH_TEST_FINDINGS_H

#include <stddef.h>
#include <stdint.h>

#include "model/finding.h"
#include "model/summary.h"
#include "sink/sink.h"

/* 2026-01-02T03:04:05.123456789Z */
#define SAMPLE_TS_NS UINT64_C(1767323045123456789)

struct finding sample_start(void);
struct finding sample_request(void);
struct finding sample_stall(enum stall_phase phase);
struct finding sample_connect(enum connect_outcome outcome);
struct finding sample_endpoint(void);
/* A query is of type A and at a nameserver; both are of "etcd2.lab" and took 5 s. */
struct finding sample_dns(enum dns_source source, enum dns_outcome outcome);
struct finding sample_note(enum note_kind kind);

/* Any finding but a start or a summary, from a generator that is the same on every machine. */
struct finding random_finding(uint64_t *state, uint64_t ts_ns);
uint64_t random_next(uint64_t *state);

/* The line that the JSON sink writes, with its newline; to be freed. Fails the test on an error. */
char *json_of(const struct finding *f);
/* The summary as its JSON line. */
char *json_of_summary(const struct summary *s);
/* What the text sink writes for these findings; to be freed. */
char *text_of(const struct finding *findings, size_t len, const struct text_options *opts);

#endif
