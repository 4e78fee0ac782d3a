/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json_out.h - one JSON object being built, with the contract's rule that what is not known is left
 * out.
 */
#ifndef LEASEWATCH_JSON_OUT_H
#define LEASEWATCH_JSON_OUT_H

#include <jansson.h>

#include "model/finding.h"

/* A longer string is cut. The longest that we know of are request paths and error messages. */
#define JSON_STRING_BYTES 1024

/* The first failure stays in err (-ENOMEM, -EINVAL), so that a caller checks once, at the end. */
struct json_out {
	json_t *json;
	int err;
};

/*
 * Takes over `value`; NULL is out of memory. The key is cleaned like any string: names of rpcs are
 * keys in the summary, and they come from outside.
 */
void json_out__set(struct json_out *o, const char *key, json_t *value);
/* Hand a finished child to its parent, with its failure if it had one. */
void json_out__child(struct json_out *o, const char *key, struct json_out *child);
void json_out__string(struct json_out *o, const char *key, const char *value); /* NULL: left out */
void json_out__int(struct json_out *o, const char *key, int64_t value);
void json_out__id(struct json_out *o, const char *key, uint64_t id); /* 0: left out */
void json_out__seconds(struct json_out *o, const char *key, int64_t ns);
void json_out__duration(struct json_out *o, const char *key, int64_t ns); /* < 0: left out */
void json_out__time(struct json_out *o, uint64_t ts_ns);
void json_out__who(struct json_out *o, const struct finding_who *who); /* all but the version */
void json_out__peer(struct json_out *o, const struct finding_where *where);
/* server.address and server.port out of "etcd2.lab:2379" or "[fd00::2]:2379". NULL: left out. */
void json_out__server(struct json_out *o, const char *endpoint);
void json_out__evidence(struct json_out *o, const struct evidence *e);

/* json_finding.c: the whole object of one finding. NULL with *err set. */
json_t *json_finding(const struct finding *f, int *err);
/* json_summary.c */
void json_out__summary(struct json_out *o, const struct summary *s);

#endif
