// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * patroni_yaml.c - picks the few settings that matter to us out of Patroni's YAML.
 *
 * The text is somebody else's, so its shape is measured in a streaming pass before a tree is built.
 * libyaml's tree refers to an anchor rather than copying it, so an alias costs nothing by itself.
 * But merge keys that name other merge keys multiply, so one budget covers every look at a pair or
 * an item of the whole document: who exceeds it has not written a configuration, and is refused.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "host/patroni_private.h"
#include "host/yaml_shape.h"
#include "leasewatch/units.h"

#define YAML_LOOKUPS_MAX 200000 /* pairs looked at, over the whole file */
#define YAML_MERGES_MAX	 4	/* a merge key inside what a merge key names */
#define YAML_RETRIES_MAX 3

struct reader {
	yaml_document_t doc;
	unsigned int budget; /* of lookups; 0 = exceeded: what was found since is worth nothing */
};

/* One look at a pair or an item. False when there is no budget left: stop looking. */
static bool spend_lookup(struct reader *r)
{
	if (r->budget)
		r->budget--;
	return r->budget;
}

static int load(struct reader *r, const char *text, size_t len, size_t *fault)
{
	yaml_parser_t parser;
	int err = yaml_shape__measure(text, len, fault);

	if (err)
		return err;
	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (!yaml_parser_load(&parser, &r->doc)) {
		*fault = yaml_shape__fault(&parser, text, len);
		err = -EBADMSG;
	}
	yaml_parser_delete(&parser);
	r->budget = YAML_LOOKUPS_MAX;
	return err;
}

static bool is_text(const yaml_node_t *node, const char *text)
{
	return node && node->type == YAML_SCALAR_NODE && node->data.scalar.length == strlen(text) &&
	       !memcmp(node->data.scalar.value, text, node->data.scalar.length);
}

static bool is_null(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE &&
	       node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (is_text(node, "") || is_text(node, "~") || is_text(node, "null") ||
		is_text(node, "Null") || is_text(node, "NULL"));
}

static bool is_map(const yaml_node_t *node)
{
	return node && node->type == YAML_MAPPING_NODE;
}

static yaml_node_t *lookup(struct reader *r, yaml_node_t *map, const char *key, int merges);

/* `<<: *anchor` or `<<: [*a, *b]`: the first that has the key. */
static yaml_node_t *lookup_merged(struct reader *r, yaml_node_t *from, const char *key, int merges)
{
	yaml_node_t *found = NULL;

	if (is_map(from))
		return lookup(r, from, key, merges + 1);
	if (!from || from->type != YAML_SEQUENCE_NODE)
		return NULL;
	for (yaml_node_item_t *i = from->data.sequence.items.start;
	     i < from->data.sequence.items.top && !found && spend_lookup(r); i++) {
		yaml_node_t *map = yaml_document_get_node(&r->doc, *i);

		if (is_map(map))
			found = lookup(r, map, key, merges + 1);
	}
	return found;
}

/* Value of a key, NULL when there is none: the last of duplicates, and own keys before merged ones.
 */
static yaml_node_t *lookup(struct reader *r, yaml_node_t *map, const char *key, int merges)
{
	yaml_node_pair_t *start, *pair;
	yaml_node_t *found = NULL;

	if (!is_map(map) || merges > YAML_MERGES_MAX)
		return NULL;
	start = map->data.mapping.pairs.start;
	for (pair = map->data.mapping.pairs.top; pair > start && spend_lookup(r);) {
		pair--;
		if (is_text(yaml_document_get_node(&r->doc, pair->key), key))
			return yaml_document_get_node(&r->doc, pair->value);
	}
	for (pair = map->data.mapping.pairs.top; pair > start && !found && spend_lookup(r);) {
		pair--;
		if (is_text(yaml_document_get_node(&r->doc, pair->key), "<<"))
			found = lookup_merged(r, yaml_document_get_node(&r->doc, pair->value), key,
					      merges);
	}
	return found;
}

/* Text of a scalar for a given key: false when the key is absent or no scalar, *text NULL when it
 * is null. */
static bool scalar(struct reader *r, yaml_node_t *map, const char *key, const char **text,
		   size_t *len)
{
	yaml_node_t *node = lookup(r, map, key, 0);

	if (!node || node->type != YAML_SCALAR_NODE)
		return false;
	*text = is_null(node) ? NULL : (const char *)node->data.scalar.value;
	*len = *text ? node->data.scalar.length : 0;
	return true;
}

static void read_text(struct reader *r, yaml_node_t *map, const char *key, char *dst, size_t size)
{
	const char *text;
	size_t len;

	if (scalar(r, map, key, &text, &len))
		patroni_text__set(dst, size, text, len);
}

static void read_seconds(struct reader *r, yaml_node_t *map, const char *key, int64_t *out)
{
	const char *text;
	char *end;
	size_t len;
	long long value;

	if (!scalar(r, map, key, &text, &len) || !text || !len || len > 9)
		return;
	value = strtoll(text, &end, 10);
	if (end == text + len && value > 0)
		*out = value;
}

static void read_timing(struct reader *r, yaml_node_t *map, struct patroni_config *out)
{
	read_seconds(r, map, "ttl", &out->ttl_s);
	read_seconds(r, map, "loop_wait", &out->loop_wait_s);
	read_seconds(r, map, "retry_timeout", &out->retry_timeout_s);
}

/* A sequence, or one text with commas. */
static void read_hosts(struct reader *r, yaml_node_t *node, struct patroni_etcd_section *sec)
{
	sec->hosts[0] = '\0';
	sec->hosts_cut = false;
	if (node->type == YAML_SCALAR_NODE && !is_null(node)) {
		const char *p = (const char *)node->data.scalar.value;

		while (*p) {
			size_t n = strcspn(p, ",");

			patroni_section__add_host(sec, p, n);
			p += n + (p[n] == ',');
		}
	} else if (node->type == YAML_SEQUENCE_NODE) {
		for (yaml_node_item_t *i = node->data.sequence.items.start;
		     i < node->data.sequence.items.top && !sec->hosts_cut; i++) {
			yaml_node_t *host = yaml_document_get_node(&r->doc, *i);

			if (host && host->type == YAML_SCALAR_NODE)
				patroni_section__add_host(sec,
							  (const char *)host->data.scalar.value,
							  host->data.scalar.length);
		}
	}
}

static void read_dcs(struct reader *r, yaml_node_t *root, const char *name,
		     struct patroni_config *out)
{
	static const char *const keys[] = {"url",      "proxy",		"host",	     "port",
					   "protocol", "srv",		"cert",	     "cacert",
					   "ca_cert",  "discovery_srv", "srv_domain"};
	yaml_node_t *map = lookup(r, root, name, 0);
	struct patroni_etcd_section *sec;
	yaml_node_t *hosts;

	if (!map)
		return;
	sec = patroni_layers__section(&out->layers, name, !is_null(map));
	if (!sec || !is_map(map))
		return;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const char *text;
		size_t len;

		if (scalar(r, map, keys[i], &text, &len))
			patroni_section__set(sec, keys[i], text, len);
	}
	hosts = lookup(r, map, "hosts", 0);
	if (hosts)
		read_hosts(r, hosts, sec);
}

static void read_document(struct reader *r, yaml_node_t *root, struct patroni_config *out)
{
	static const char *const dcs[] = {"consul",	"etcd", "etcd3",    "exhibitor",
					  "kubernetes", "raft", "zookeeper"};
	yaml_node_t *postgresql = lookup(r, root, "postgresql", 0);
	const char *text;
	size_t len;

	read_text(r, root, "scope", out->scope, sizeof(out->scope));
	read_text(r, root, "name", out->layers.name, sizeof(out->layers.name));
	if (scalar(r, root, "namespace", &text, &len))
		patroni_config__set_namespace(out, text, len);
	read_text(r, postgresql, "name", out->layers.pg_name, sizeof(out->layers.pg_name));
	read_text(r, postgresql, "data_dir", out->layers.data_dir, sizeof(out->layers.data_dir));
	if (scalar(r, postgresql, "listen", &text, &len))
		patroni_config__set_listen(out, text, len);
	for (size_t i = 0; i < ARRAY_LEN(dcs); i++)
		read_dcs(r, root, dcs[i], out);
	read_timing(r, lookup(r, lookup(r, root, "bootstrap", 0), "dcs", 0), out);
}

int patroni_config__parse_yaml(const char *text, size_t len, struct patroni_config *out)
{
	struct reader r;
	yaml_node_t *root;
	int ret = 0;

	if (len > PATRONI_FILE_MAX)
		return -EBADMSG;
	for (int i = 0; i < YAML_RETRIES_MAX; i++) {
		size_t fault = 0;
		int err = load(&r, text, len, &fault);

		if (err && err != -EBADMSG)
			return err;
		if (!err) {
			root = yaml_document_get_root_node(&r.doc);
			if (is_map(root))
				read_document(&r, root, out);
			else if (root && !is_null(root))
				ret = -EBADMSG;
			if (!r.budget)
				ret = -EBADMSG;
			yaml_document_delete(&r.doc);
			break;
		}
		ret = -EBADMSG;
		len = yaml_shape__whole_sections(text, len, fault);
		if (!len)
			break;
	}
	patroni_config__resolve(out);
	return ret;
}

int patroni_yaml__hosts(const char *text, size_t len, struct patroni_etcd_section *sec)
{
	struct reader r;
	yaml_node_t *root;
	size_t fault;
	char *list;
	bool bare;
	int err;

	while (len && strchr(" \t\n\r", *text) && *text) {
		text++;
		len--;
	}
	bare = len && *text != '-' && !memchr(text, '[', len);
	list = malloc(len + 3);
	if (!list)
		return -ENOMEM;
	list[0] = '[';
	memcpy(list + bare, text, len);
	if (bare)
		list[len + 1] = ']';
	err = load(&r, list, len + 2 * bare, &fault);
	patroni_file__free(list, len + 2 * bare);
	if (err)
		return err;
	root = yaml_document_get_root_node(&r.doc);
	if (root && !is_null(root))
		read_hosts(&r, root, sec);
	else
		err = -EBADMSG;
	yaml_document_delete(&r.doc);
	return err;
}

int patroni_yaml__dynamic(const char *text, size_t len, struct patroni_config *out)
{
	struct reader r;
	yaml_node_t *root;
	size_t fault;
	int err = load(&r, text, len, &fault);

	if (err)
		return err;
	root = yaml_document_get_root_node(&r.doc);
	if (is_map(root)) {
		/* bootstrap.dcs is forgotten once the cluster has a configuration of its own. */
		out->ttl_s = out->loop_wait_s = out->retry_timeout_s = 0;
		read_timing(&r, root, out);
	}
	yaml_document_delete(&r.doc);
	return 0;
}
