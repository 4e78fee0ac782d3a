// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * patroni_environment.c - the PATRONI_* variables, as Patroni's config.py reads them.
 *
 * PATRONI_<DCS>_<SETTING> both sets a value and makes the section exist, which can change the DCS
 * that is chosen. The settings that we do not use still count for that.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "host/patroni_private.h"
#include "leasewatch/units.h"

#define PREFIX "PATRONI_"

/* Suffixes that make a section, of Patroni 3.0 to 4.1. A user's PATRONI_ETCD_PASSWORD alone does
 * not. */
static const char *const section_suffixes[] = {
	"HOST",
	"HOSTS",
	"PORT",
	"USE_PROXIES",
	"PROTOCOL",
	"SRV",
	"SRV_SUFFIX",
	"URL",
	"PROXY",
	"CACERT",
	"CERT",
	"KEY",
	"VERIFY",
	"TOKEN",
	"CHECKS",
	"DC",
	"CONSISTENCY",
	"REGISTER_SERVICE",
	"SERVICE_CHECK_INTERVAL",
	"SERVICE_CHECK_TLS_SERVER_NAME",
	"SERVICE_TAGS",
	"NAMESPACE",
	"CONTEXT",
	"USE_ENDPOINTS",
	"SCOPE_LABEL",
	"ROLE_LABEL",
	"POD_IP",
	"PORTS",
	"LABELS",
	"BYPASS_API_SERVICE",
	"RETRIABLE_HTTP_CODES",
	"KEY_PASSWORD",
	"USE_SSL",
	"SET_ACLS",
	"GROUP",
	"DATABASE",
	"DATA_DIR",
	"SELF_ADDR",
	"PARTNER_ADDRS",
	"BIND_ADDR",
};

static bool is_section_suffix(const char *suffix)
{
	for (size_t i = 0; i < ARRAY_LEN(section_suffixes); i++) {
		if (!strcmp(suffix, section_suffixes[i]))
			return true;
	}
	return false;
}

static void apply_section(char *name, const char *suffix, const char *value,
			  struct patroni_config *out)
{
	struct patroni_etcd_section *sec, list = {0};
	bool hosts = !strcmp(suffix, "HOSTS");
	char key[32];
	size_t n = 0;

	/* A list that Patroni cannot parse does not make the section either. */
	if (hosts && patroni_yaml__hosts(value, strlen(value), &list))
		return;
	for (char *p = name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	sec = patroni_layers__section(&out->layers, name, true);
	if (!sec)
		return;
	if (hosts) {
		memcpy(sec->hosts, list.hosts, sizeof(sec->hosts));
		sec->hosts_cut = list.hosts_cut;
		return;
	}
	for (; n < sizeof(key) - 1 && suffix[n]; n++)
		key[n] = (char)tolower((unsigned char)suffix[n]);
	key[n] = '\0';
	patroni_section__set(sec, key, value, strlen(value));
}

/* var is the name behind PATRONI_. An empty value counts as none. */
static void apply_variable(const char *var, const char *value, struct patroni_config *out)
{
	size_t len = strlen(value);
	const char *suffix;
	char name[32];

	if (!len)
		return;
	if (!strcmp(var, "SCOPE"))
		patroni_text__set(out->scope, sizeof(out->scope), value, len);
	else if (!strcmp(var, "NAME"))
		patroni_text__set(out->layers.name, sizeof(out->layers.name), value, len);
	else if (!strcmp(var, "NAMESPACE"))
		patroni_config__set_namespace(out, value, len);
	else if (!strcmp(var, "POSTGRESQL_LISTEN"))
		patroni_config__set_listen(out, value, len);
	else if (!strcmp(var, "POSTGRESQL_DATA_DIR"))
		patroni_text__set(out->layers.data_dir, sizeof(out->layers.data_dir), value, len);
	suffix = strchr(var, '_');
	if (!suffix || (size_t)(suffix - var) >= sizeof(name) || !is_section_suffix(suffix + 1))
		return;
	snprintf(name, sizeof(name), "%.*s", (int)(suffix - var), var);
	apply_section(name, suffix + 1, value, out);
}

void patroni_config__apply_environment(const char *block, size_t len, struct patroni_config *out)
{
	const char *end = block + len;

	for (const char *p = block; p < end;) {
		size_t n = strnlen(p, (size_t)(end - p));
		const char *equals = memchr(p, '=', n);
		char var[64];

		/* One without its NUL was cut: ignore it. */
		if (p + n == end)
			break;
		if (equals && !strncmp(p, PREFIX, strlen(PREFIX)) &&
		    (size_t)(equals - p) - strlen(PREFIX) < sizeof(var)) {
			snprintf(var, sizeof(var), "%.*s", (int)(equals - p - (int)strlen(PREFIX)),
				 p + strlen(PREFIX));
			apply_variable(var, equals + 1, out);
		}
		p += n + 1;
	}
	patroni_config__resolve(out);
}
