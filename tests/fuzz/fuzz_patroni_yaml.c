// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_patroni_yaml.c - any bytes as Patroni's YAML and, behind a first NUL, as its environment.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/patroni_private.h"

static struct patroni_config cfg;

static void check_text(const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	if (len == size || !patroni_text__printable(text, len))
		abort();
}

static void check(void)
{
	check_text(cfg.scope, sizeof(cfg.scope));
	check_text(cfg.member, sizeof(cfg.member));
	check_text(cfg.namespace, sizeof(cfg.namespace));
	check_text(cfg.layers.data_dir, sizeof(cfg.layers.data_dir));
	if (cfg.endpoints_len > PATRONI_ENDPOINTS_MAX)
		abort();
	if (cfg.endpoints_len && cfg.dcs != PATRONI_DCS_ETCD && cfg.dcs != PATRONI_DCS_ETCD3)
		abort();
	for (size_t i = 0; i < cfg.endpoints_len; i++) {
		check_text(cfg.endpoints[i], sizeof(cfg.endpoints[i]));
		if (!strchr(cfg.endpoints[i], ':') || strpbrk(cfg.endpoints[i], "@/ \n"))
			abort();
	}
	if (cfg.ttl_s < 0 || cfg.loop_wait_s < 0 || cfg.retry_timeout_s < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size ? memchr(data, '\0', size) : NULL;
	size_t len = nul ? (size_t)(nul - data) : size;

	memset(&cfg, 0, sizeof(cfg));
	patroni_config__parse_yaml((const char *)data, len, &cfg);
	check();
	patroni_yaml__dynamic((const char *)data, len, &cfg);
	if (nul)
		patroni_config__apply_environment((const char *)nul + 1, size - len - 1, &cfg);
	check();
	return 0;
}
