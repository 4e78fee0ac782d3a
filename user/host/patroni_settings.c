// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * patroni_settings.c - collects settings layer by layer, then decides as Patroni does which of them
 * count.
 *
 * The rules are those of Patroni's config.py (environment), dcs/__init__.py (which DCS is taken
 * when several are configured) and dcs/etcd.py (proxy before url before hosts before host; default
 * port 2379).
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "host/patroni_private.h"
#include "leasewatch/units.h"

#define ETCD_CLIENT_PORT 2379
#define ETCD_SCHEME_MAX	 (sizeof(((struct patroni_etcd_section *)0)->protocol) - 1)

/* Bytes of the UTF-8 character at s, 0 when it is none or a control character (C0, DEL, C1). */
static size_t printable_char(const char *s, size_t left)
{
	uint32_t c;
	size_t n = utf8__decode(s, left, &c);

	if (c == UTF8_INVALID || c < 0x20 || (c >= 0x7f && c < 0xa0))
		return 0;
	/* Line and paragraph separators, and what turns the direction of the text around. */
	if (c == 0x2028 || c == 0x2029 || (c >= 0x202a && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069))
		return 0;
	return n;
}

bool patroni_text__printable(const char *s, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		n = printable_char(s + i, len - i);
		if (!n)
			return false;
	}
	return true;
}

bool patroni_text__set(char *dst, size_t size, const char *s, size_t len)
{
	dst[0] = '\0';
	if (!s || len >= size || !patroni_text__printable(s, len))
		return false;
	memcpy(dst, s, len);
	dst[len] = '\0';
	return len > 0;
}

static void trim(const char **s, size_t *len)
{
	while (*len && isspace((unsigned char)**s)) {
		(*s)++;
		(*len)--;
	}
	while (*len && isspace((unsigned char)(*s)[*len - 1]))
		(*len)--;
}

static int parse_port(const char *s, size_t len)
{
	int port = 0;

	if (!len || len > 5)
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)s[i]))
			return 0;
		port = port * 10 + (s[i] - '0');
	}
	return port <= 65535 ? port : 0;
}

/* "host", "host:port", "[v6]:port" and whatever user in front of it -> host and port (0 = none). */
static bool split_host_port(const char **host, size_t *len, int *port)
{
	const char *at, *colon, *end;

	trim(host, len);
	at = memrchr(*host, '@', *len);
	if (at) {
		*len -= (size_t)(at + 1 - *host);
		*host = at + 1;
	}
	end = *host + *len;
	colon = memrchr(*host, ':', *len);
	*port = 0;
	if (*len && **host == '[') {
		const char *close = memchr(*host, ']', *len);

		if (!close)
			return false;
		if (close + 1 < end && close[1] == ':')
			*port = parse_port(close + 2, (size_t)(end - close - 2));
		(*host)++;
		*len = (size_t)(close - *host);
	} else if (colon) {
		*port = parse_port(colon + 1, (size_t)(end - colon - 1));
		if (!*port)
			return false;
		*len = (size_t)(colon - *host);
	}
	for (size_t i = 0; i < *len; i++) {
		if (isspace((unsigned char)(*host)[i]) || strchr("/\"'\\", (*host)[i]))
			return false;
	}
	return *len > 0;
}

static bool format_endpoint(char *out, size_t size, const char *host, size_t len, int port)
{
	bool v6 = memchr(host, ':', len);
	int n;

	if (!patroni_text__printable(host, len) || len >= PATRONI_ENDPOINT_BYTES)
		return false;
	n = snprintf(out, size, "%s%.*s%s:%d", v6 ? "[" : "", (int)len, host, v6 ? "]" : "", port);
	return n > 0 && (size_t)n < size;
}

/* Keeps scheme and authority only; the host in lower case, as Python's urlparse gives it. */
static void set_url(char *dst, size_t size, const char *s, size_t len)
{
	const char *colon = s ? memmem(s, len, "://", 3) : NULL;
	char endpoint[PATRONI_ENDPOINT_BYTES];
	size_t scheme, rest;
	int port;

	dst[0] = '\0';
	if (!colon)
		return;
	trim(&s, &len);
	if (colon < s || (size_t)(colon - s) > ETCD_SCHEME_MAX)
		return;
	scheme = (size_t)(colon - s);
	rest = len - scheme - 3;
	colon += 3;
	for (size_t i = 0; i < rest; i++) {
		if (strchr("/?#", colon[i])) {
			rest = i;
			break;
		}
	}
	if (!split_host_port(&colon, &rest, &port))
		return;
	if (!format_endpoint(endpoint, sizeof(endpoint), colon, rest,
			     port ? port : ETCD_CLIENT_PORT))
		return;
	if ((size_t)snprintf(dst, size, "%.*s://%s", (int)scheme, s, endpoint) >= size ||
	    !patroni_text__printable(dst, strlen(dst)))
		dst[0] = '\0';
	for (char *p = dst; *p; p++)
		*p = (char)tolower((unsigned char)*p);
}

void patroni_section__add_host(struct patroni_etcd_section *sec, const char *host, size_t len)
{
	char endpoint[PATRONI_ENDPOINT_BYTES];
	size_t used = strlen(sec->hosts), n;
	int port;

	if (!split_host_port(&host, &len, &port) ||
	    !format_endpoint(endpoint, sizeof(endpoint), host, len, port))
		return;
	n = strlen(endpoint);
	if (used + n + 1 >= sizeof(sec->hosts)) {
		sec->hosts_cut = true;
		return;
	}
	memcpy(sec->hosts + used, endpoint, n);
	memcpy(sec->hosts + used + n, "\n", 2);
}

void patroni_config__set_listen(struct patroni_config *cfg, const char *value, size_t len)
{
	const char *colon = value ? memrchr(value, ':', len) : NULL;
	bool is_v6 = colon && colon > value && memchr(value, ':', (size_t)(colon - value)) &&
		     colon[-1] != ']';

	cfg->postgres_port = 0;
	if (!colon || is_v6)
		return;
	len -= (size_t)(colon + 1 - value);
	value = colon + 1;
	trim(&value, &len);
	cfg->postgres_port = (uint16_t)parse_port(value, len);
}

void patroni_config__set_namespace(struct patroni_config *cfg, const char *value, size_t len)
{
	char text[PATRONI_NAME_BYTES];
	size_t n = 0;

	cfg->layers.namespace_given = patroni_text__set(text, sizeof(text), value, len);
	memset(cfg->namespace, 0, sizeof(cfg->namespace));
	for (const char *p = text; *p; p++) {
		if (*p != '/' || (n && p[1] && p[1] != '/'))
			cfg->namespace[n++] = *p;
	}
}

void patroni_section__set(struct patroni_etcd_section *sec, const char *key, const char *value,
			  size_t len)
{
	if (!strcmp(key, "url"))
		set_url(sec->url, sizeof(sec->url), value, len);
	else if (!strcmp(key, "proxy"))
		set_url(sec->proxy, sizeof(sec->proxy), value, len);
	else if (!strcmp(key, "srv") || !strcmp(key, "discovery_srv") || !strcmp(key, "srv_domain"))
		patroni_text__set(sec->srv, sizeof(sec->srv), value, len);
	else if (!strcmp(key, "protocol"))
		patroni_text__set(sec->protocol, sizeof(sec->protocol), value, len);
	else if (!strcmp(key, "port"))
		sec->port = value ? parse_port(value, len) : 0;
	else if (!strcmp(key, "cacert") || !strcmp(key, "ca_cert") || !strcmp(key, "cert"))
		sec->certificates = value && len;
	if (strcmp(key, "host"))
		return;
	/* As a section's only host it follows the rules of `hosts`, so store it as written. */
	sec->host[0] = '\0';
	if (value) {
		int port;

		if (split_host_port(&value, &len, &port))
			format_endpoint(sec->host, sizeof(sec->host), value, len, port);
	}
}

struct patroni_etcd_section *patroni_layers__section(struct patroni_layers *layers,
						     const char *name, bool present)
{
	static const char *const others[] = {"exhibitor", "kubernetes", "raft", "zookeeper"};
	struct patroni_etcd_section *sec = NULL;

	if (!strcmp(name, "etcd"))
		sec = &layers->etcd;
	else if (!strcmp(name, "etcd3"))
		sec = &layers->etcd3;
	else if (!strcmp(name, "consul"))
		layers->consul = present;
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		if (!strcmp(name, others[i]) && present)
			layers->other_dcs = true;
	}
	if (sec && present)
		sec->present = true;
	else if (sec)
		memset(sec, 0, sizeof(*sec));
	return sec;
}

/* An endpoint as stored ("host:0" when it had no port) with Patroni's default port. */
static void add_endpoint(struct patroni_config *cfg, const char *stored, size_t len, int port)
{
	const char *colon = memrchr(stored, ':', len);
	int own = colon ? parse_port(colon + 1, (size_t)(stored + len - colon - 1)) : 0;

	if (!colon)
		return;
	if (cfg->endpoints_len == PATRONI_ENDPOINTS_MAX) {
		cfg->endpoints_cut = true;
		return;
	}
	if (snprintf(cfg->endpoints[cfg->endpoints_len], PATRONI_ENDPOINT_BYTES, "%.*s:%d",
		     (int)(colon - stored), stored, own ? own : port) < PATRONI_ENDPOINT_BYTES)
		cfg->endpoints_len++;
	else
		cfg->endpoints_cut = true;
}

static void resolve_section(struct patroni_config *cfg, const struct patroni_etcd_section *sec)
{
	const char *url = sec->proxy[0] ? sec->proxy : sec->url;
	int port = sec->port ? sec->port : ETCD_CLIENT_PORT;

	cfg->srv = sec->srv[0] && !sec->proxy[0];
	if (url[0]) {
		const char *endpoint = strstr(url, "://") + 3;

		cfg->tls = !strncmp(url, "https:", 6);
		add_endpoint(cfg, endpoint, strlen(endpoint), ETCD_CLIENT_PORT);
		return;
	}
	cfg->endpoints_cut = sec->hosts_cut;
	cfg->tls = !strcmp(sec->protocol, "https") || (cfg->srv && sec->certificates);
	for (const char *p = sec->hosts; *p; p += strcspn(p, "\n") + 1)
		add_endpoint(cfg, p, strcspn(p, "\n"), port);
	if (cfg->endpoints_len)
		return;
	/* Unlike in `hosts`, the port of the section wins over the one behind the host. */
	if (sec->host[0] && sec->port) {
		char host[PATRONI_ENDPOINT_BYTES];
		size_t n = (size_t)(strrchr(sec->host, ':') - sec->host);

		memcpy(host, sec->host, n);
		memcpy(host + n, ":0", sizeof(":0"));
		add_endpoint(cfg, host, n + 2, port);
	} else if (sec->host[0]) {
		add_endpoint(cfg, sec->host, strlen(sec->host), port);
	}
}

/* In the order of the modules' names, the first that is configured is the one. */
void patroni_config__resolve(struct patroni_config *cfg)
{
	const struct patroni_layers *layers = &cfg->layers;

	cfg->tls = cfg->srv = false;
	cfg->endpoints_cut = false;
	cfg->endpoints_len = 0;
	memset(cfg->endpoints, 0, sizeof(cfg->endpoints));
	if (!layers->namespace_given)
		strcpy(cfg->namespace, "service");
	memcpy(cfg->member, layers->name[0] ? layers->name : layers->pg_name, sizeof(cfg->member));

	cfg->dcs = PATRONI_DCS_UNKNOWN;
	if (layers->consul) {
		cfg->dcs = PATRONI_DCS_OTHER;
	} else if (layers->etcd.present) {
		cfg->dcs = PATRONI_DCS_ETCD;
		resolve_section(cfg, &layers->etcd);
	} else if (layers->etcd3.present) {
		cfg->dcs = PATRONI_DCS_ETCD3;
		resolve_section(cfg, &layers->etcd3);
	} else if (layers->other_dcs) {
		cfg->dcs = PATRONI_DCS_OTHER;
	}
}
