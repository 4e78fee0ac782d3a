// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_patroni_config.c - Patroni's YAML and environment, as text.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "host/patroni.h"
#include "leasewatch/units.h"

#define YAML(text) yaml(text, 0)

static struct patroni_config cfg;

static void yaml(const char *text, int expected)
{
	memset(&cfg, 0, sizeof(cfg));
	assert_int_equal(patroni_config__parse_yaml(text, strlen(text), &cfg), expected);
}

/* The last NUL of a literal is its own. */
#define ENVIRONMENT(block) patroni_config__apply_environment(block, sizeof(block), &cfg)

/* Endpoints joined by spaces. */
static const char *endpoints(void)
{
	static char text[PATRONI_ENDPOINTS_MAX * PATRONI_ENDPOINT_BYTES];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < cfg.endpoints_len; i++)
		used += (size_t)sprintf(text + used, "%s%s", i ? " " : "", cfg.endpoints[i]);
	return text;
}

static bool holds(const char *needle)
{
	return memmem(&cfg, sizeof(cfg), needle, strlen(needle));
}

static void reads_a_whole_configuration(void **state)
{
	(void)state;
	YAML("scope: demo\n"
	     "namespace: /db/\n"
	     "name: node1\n"
	     "restapi: {listen: '0.0.0.0:8008', authentication: {username: u, password: hunter2}}\n"
	     "etcd3:\n"
	     "  hosts:\n"
	     "  - etcd1.lab:2379\n"
	     "  - 'etcd2.lab:2380'\n"
	     "  - etcd3.lab\n"
	     "  protocol: https\n"
	     "  cacert: /etc/ca.pem\n"
	     "  username: root\n"
	     "  password: hunter2\n"
	     "bootstrap:\n"
	     "  dcs: {ttl: 70, loop_wait: 5, retry_timeout: '30'}\n"
	     "postgresql: {name: other, data_dir: /data, listen: '*:5433', authentication: "
	     "{superuser: {password: hunter2}}}\n");
	assert_string_equal(cfg.scope, "demo");
	assert_string_equal(cfg.namespace, "db");
	assert_string_equal(cfg.member, "node1");
	assert_int_equal(cfg.dcs, PATRONI_DCS_ETCD3);
	assert_string_equal(endpoints(), "etcd1.lab:2379 etcd2.lab:2380 etcd3.lab:2379");
	assert_true(cfg.tls);
	assert_false(cfg.srv);
	assert_int_equal(cfg.ttl_s, 70);
	assert_int_equal(cfg.loop_wait_s, 5);
	assert_int_equal(cfg.retry_timeout_s, 30);
	assert_int_equal(cfg.postgres_port, 5433);
	assert_false(holds("hunter2"));
}

static void knows_the_forms_of_hosts(void **state)
{
	(void)state;
	YAML("etcd: {hosts: 'a:1, b ,c:2'}");
	assert_string_equal(endpoints(), "a:1 b:2379 c:2");
	assert_int_equal(cfg.dcs, PATRONI_DCS_ETCD);
	YAML("etcd: {hosts: a:1}");
	assert_string_equal(endpoints(), "a:1");
	YAML("etcd: {hosts: [a, 'b:5'], port: 4001}");
	assert_string_equal(endpoints(), "a:4001 b:5");
	YAML("etcd: {host: a:1}");
	assert_string_equal(endpoints(), "a:1");
	YAML("etcd: {host: a}");
	assert_string_equal(endpoints(), "a:2379");
	/* the section's port wins over the host's, unlike in hosts */
	YAML("etcd: {host: a:1, port: 2}");
	assert_string_equal(endpoints(), "a:2");
	YAML("etcd: {hosts: ['[::1]:1', '[fe80::2]']}");
	assert_string_equal(endpoints(), "[::1]:1 [fe80::2]:2379");
	YAML("etcd: {host: '[::1]:7', port: 9}");
	assert_string_equal(endpoints(), "[::1]:9");
	YAML("etcd: {hosts: ['a:x', 'b:70000', '', ':1', 'c d:1', 'e:1']}");
	assert_string_equal(endpoints(), "e:1");
	YAML("etcd: {hosts: ['user:hunter2@a:1']}");
	assert_string_equal(endpoints(), "a:1");
	assert_false(holds("hunter2"));
}

static void takes_proxy_before_url_before_hosts_before_host(void **state)
{
	(void)state;
	YAML("etcd3: {proxy: 'https://P:1', url: 'http://u:2', hosts: 'h:3', host: 'o:4', srv: "
	     "lab}");
	assert_string_equal(endpoints(), "p:1");
	assert_true(cfg.tls);
	assert_false(cfg.srv);
	YAML("etcd3: {url: 'http://root:hunter2@U.lab/x?y', hosts: 'h:3', host: 'o:4', protocol: "
	     "https}");
	assert_string_equal(endpoints(), "u.lab:2379");
	assert_false(cfg.tls);
	assert_false(holds("hunter2"));
	YAML("etcd3: {url: 'https://[::1]:7/'}");
	assert_string_equal(endpoints(), "[::1]:7");
	YAML("etcd3: {hosts: 'h:3', host: 'o:4'}");
	assert_string_equal(endpoints(), "h:3");
	YAML("etcd3: {url: 'no url', host: 'o:4'}");
	assert_string_equal(endpoints(), "o:4");
}

static void knows_srv(void **state)
{
	(void)state;
	YAML("etcd3: {srv: lab.example}");
	assert_true(cfg.srv);
	assert_false(cfg.tls);
	assert_int_equal(cfg.endpoints_len, 0);
	YAML("etcd: {discovery_srv: lab.example, cacert: /ca.pem, hosts: 'a:1'}");
	assert_true(cfg.srv);
	assert_true(cfg.tls);
	assert_string_equal(endpoints(), "a:1");
	/* python-etcd takes http for a host in plain, whatever the CA */
	YAML("etcd: {cacert: /ca.pem, hosts: 'a:1'}");
	assert_false(cfg.tls);
}

static void chooses_the_dcs_as_patroni_does(void **state)
{
	(void)state;
	YAML("etcd3: {host: three}\netcd: {host: two}");
	assert_int_equal(cfg.dcs, PATRONI_DCS_ETCD);
	assert_string_equal(endpoints(), "two:2379");
	YAML("etcd3: {host: three}\nconsul: {host: c}");
	assert_int_equal(cfg.dcs, PATRONI_DCS_OTHER);
	assert_int_equal(cfg.endpoints_len, 0);
	YAML("zookeeper: {hosts: [z]}\nraft: {}\netcd3: {host: three}");
	assert_int_equal(cfg.dcs, PATRONI_DCS_ETCD3);
	YAML("kubernetes: {labels: {a: b}}");
	assert_int_equal(cfg.dcs, PATRONI_DCS_OTHER);
	YAML("scope: x");
	assert_int_equal(cfg.dcs, PATRONI_DCS_UNKNOWN);
	YAML("etcd:\netcd3: {host: three}");
	assert_int_equal(cfg.dcs, PATRONI_DCS_ETCD3);
}

static void says_when_there_are_more_endpoints(void **state)
{
	char text[4096] = "etcd: {hosts: [h0";

	(void)state;
	for (int i = 1; i < PATRONI_ENDPOINTS_MAX; i++)
		sprintf(text + strlen(text), ",h%d", i);
	strcat(text, "]}");
	YAML(text);
	assert_int_equal(cfg.endpoints_len, PATRONI_ENDPOINTS_MAX);
	assert_string_equal(cfg.endpoints[PATRONI_ENDPOINTS_MAX - 1], "h15:2379");
	assert_false(cfg.endpoints_cut);
	strcpy(strrchr(text, ']'), ",h16]}");
	YAML(text);
	assert_int_equal(cfg.endpoints_len, PATRONI_ENDPOINTS_MAX);
	assert_true(cfg.endpoints_cut);
	/* no room for their text */
	strcpy(text, "etcd: {hosts: [");
	for (int i = 0; i < 12; i++)
		sprintf(text + strlen(text), "%0120d.lab,", i);
	strcat(text, "]}");
	YAML(text);
	assert_int_equal(cfg.endpoints_len, 8);
	assert_true(cfg.endpoints_cut);
	ENVIRONMENT("PATRONI_ETCD_HOSTS=a");
	assert_false(cfg.endpoints_cut);
	/* nor when a later file has fewer */
	YAML(text);
	assert_int_equal(patroni_config__parse_yaml("etcd: {hosts: b}", 16, &cfg), 0);
	assert_string_equal(endpoints(), "b:2379");
	assert_false(cfg.endpoints_cut);
}

static void follows_anchors_and_merges(void **state)
{
	(void)state;
	YAML("common: &c {protocol: https, host: a, port: 5}\n"
	     "etcd3:\n  <<: *c\n  host: b\n"
	     "scope: &s demo\nname: *s\n");
	assert_string_equal(endpoints(), "b:5");
	assert_true(cfg.tls);
	assert_string_equal(cfg.member, "demo");
	YAML("a: &a {host: a}\nb: &b {host: b, protocol: https}\netcd: {<<: [*a, *b]}");
	assert_string_equal(endpoints(), "a:2379");
	assert_true(cfg.tls);
	/* as deep as that, and no deeper */
	YAML("a: &a {host: a}\nb: &b {<<: *a}\nc: &c {<<: [*b]}\nd: &d {<<: *c}\netcd: {<<: *d}");
	assert_string_equal(endpoints(), "a:2379");
	YAML("a: &a {host: a}\nb: &b {<<: *a}\nc: &c {<<: [*b]}\nd: &d {<<: *c}\ne: &e {<<: [*d]}\n"
	     "etcd: {<<: *e}");
	assert_string_equal(endpoints(), "");
	YAML("etcd: &e {<<: *e, port: 5}\nscope: x");
	assert_string_equal(cfg.scope, "x");
}

static void keeps_what_was_before_a_fault(void **state)
{
	static const char *const broken[] = {
		"scope: demo\nname: n\netcd3:\n  hosts: [a:1\n",
		"scope: demo\nname: n\netcd3:\n  host: 'a\n  port: 1\n",
		"scope: demo\nname: n\netcd3:\n  host: a\n bad\n",
		"scope: demo\nname: n\netcd3:\n\thost: a\n",
		"scope: demo\nname: n\netcd3: {host: *nowhere}\n",
		"scope: demo\nname: n\n\xff\xff: x\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		yaml(broken[i], -EBADMSG);
		assert_string_equal(cfg.scope, "demo");
		assert_string_equal(cfg.member, "n");
		assert_int_equal(cfg.endpoints_len, 0);
	}
	yaml("scope: demo\nname: n\netcd3: {}\n---\nscope: other\n", -EBADMSG);
	assert_string_equal(cfg.scope, "demo");
	yaml("just a text", -EBADMSG);
	yaml("[a, list]", -EBADMSG);
	yaml("\x7f\x45LF\x02\x01", -EBADMSG);
	YAML("");
	YAML("# nothing\n");
	assert_string_equal(cfg.scope, "");
	assert_string_equal(cfg.namespace, "service");
}

/* Each cut at the very end of the readable memory, so that a step too far is a fault. */
static void reads_no_byte_too_many(void **state)
{
	static const char sample[] =
		"scope: a\netcd3:\n  hosts: ['b:1', c]\n  url: 'http://u:p@h:1/'\nname: n\n";

	(void)state;
	for (size_t n = 0; n < sizeof(sample); n++) {
		char *exact = malloc(n ? n : 1);

		memcpy(exact, sample, n);
		memset(&cfg, 0, sizeof(cfg));
		patroni_config__parse_yaml(exact, n, &cfg);
		memset(&cfg, 0, sizeof(cfg));
		patroni_config__apply_environment(exact, n, &cfg);
		free(exact);
	}
}

static void environment_wins(void **state)
{
	(void)state;
	YAML("scope: y\nname: y\netcd3: {hosts: 'y:1', protocol: http}\nnamespace: y");
	ENVIRONMENT("PATH=/bin\0PATRONI_SCOPE=e\0PATRONI_NAME=n=1\0PATRONI_NAMESPACE=/e\0"
		    "PATRONI_ETCD3_HOSTS=a:1, 'b:2'\0PATRONI_ETCD3_PROTOCOL=https\0"
		    "PATRONI_ETCD3_PASSWORD=hunter2\0PATRONI_SUPERUSER_PASSWORD=hunter2");
	assert_string_equal(cfg.scope, "e");
	assert_string_equal(cfg.member, "n=1");
	assert_string_equal(cfg.namespace, "e");
	assert_string_equal(endpoints(), "a:1 b:2");
	assert_true(cfg.tls);
	assert_false(holds("hunter2"));
	/* an empty one, and one that is none of Patroni's, change nothing */
	ENVIRONMENT("PATRONI_SCOPE=\0PATRONI_ETCD3_HOSTS=\0PATRONI=x\0PATRONI_ETCD3_FOO="
		    "x\0xPATRONI_NAME=z");
	assert_string_equal(cfg.scope, "e");
	assert_string_equal(endpoints(), "a:1 b:2");
	ENVIRONMENT("PATRONI_POSTGRESQL_DATA_DIR=/d\0PATRONI_POSTGRESQL_LISTEN=*:5433\0"
		    "PATRONI_SCOPEPATRONI_SCOPEPATRONI_SCOPEPATRONI_SCOPEPATRONI_SCOPE_AND_SO_ON="
		    "x");
	assert_string_equal(cfg.layers.data_dir, "/d");
	assert_int_equal(cfg.postgres_port, 5433);
	assert_string_equal(cfg.scope, "e");
	/* hosts of the file stay before a host of the environment: one section, merged */
	YAML("etcd3: {hosts: 'y:1'}");
	ENVIRONMENT("PATRONI_ETCD3_HOST=e:9");
	assert_string_equal(endpoints(), "y:1");
	/* a section of the environment can change which DCS is used */
	ENVIRONMENT("PATRONI_ETCD_HOST=v2");
	assert_int_equal(cfg.dcs, PATRONI_DCS_ETCD);
	assert_string_equal(endpoints(), "v2:2379");
	ENVIRONMENT("PATRONI_CONSUL_HOST=c");
	assert_int_equal(cfg.dcs, PATRONI_DCS_OTHER);
}

static void environment_lists(void **state)
{
	static const struct {
		const char *value, *expected;
	} lists[] = {
		{"PATRONI_ETCD_HOSTS=a:1,b:2", "a:1 b:2"},
		{"PATRONI_ETCD_HOSTS='a:1','b:2'", "a:1 b:2"},
		{"PATRONI_ETCD_HOSTS=[a:1, b:2]", "a:1 b:2"},
		{"PATRONI_ETCD_HOSTS=- a:1\n- b:2", "a:1 b:2"},
		{"PATRONI_ETCD_HOSTS='[::1]:5'", "[::1]:5"},
		{"PATRONI_ETCD_HOSTS= a ", "a:2379"},
		{"PATRONI_ETCD_HOSTS=[a:1", ""},
		{"PATRONI_ETCD_HOSTS={a: 1}", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		memset(&cfg, 0, sizeof(cfg));
		patroni_config__apply_environment(lists[i].value, strlen(lists[i].value) + 1, &cfg);
		assert_string_equal(endpoints(), lists[i].expected);
	}
	/* one that Patroni cannot parse is as none: the bracket inside keeps it from adding its own
	 */
	memset(&cfg, 0, sizeof(cfg));
	ENVIRONMENT("PATRONI_ETCD_HOSTS='a:1', '[::1]:2'");
	assert_int_equal(cfg.dcs, PATRONI_DCS_UNKNOWN);
	/* without its NUL it was cut */
	memset(&cfg, 0, sizeof(cfg));
	patroni_config__apply_environment("PATRONI_SCOPE=dem", 17, &cfg);
	assert_string_equal(cfg.scope, "");
}

static void a_later_layer_adds_and_removes(void **state)
{
	static const char later[] =
		"name: ~\netcd3: {hosts: null, host: b}\nbootstrap: {dcs: {ttl: 40}}";
	static const char last[] = "etcd3: null\netcd: {host: c}";

	(void)state;
	YAML("scope: x\nname: a\npostgresql: {name: p}\netcd3: {hosts: 'a:1', protocol: https}");
	assert_int_equal(patroni_config__parse_yaml(later, strlen(later), &cfg), 0);
	assert_string_equal(cfg.scope, "x");
	assert_string_equal(cfg.member, "p");
	assert_string_equal(endpoints(), "b:2379");
	assert_true(cfg.tls);
	assert_int_equal(cfg.ttl_s, 40);
	assert_int_equal(patroni_config__parse_yaml(last, strlen(last), &cfg), 0);
	assert_int_equal(cfg.dcs, PATRONI_DCS_ETCD);
	assert_string_equal(endpoints(), "c:2379");
	assert_false(cfg.tls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_whole_configuration),

		cmocka_unit_test(knows_the_forms_of_hosts),
		cmocka_unit_test(takes_proxy_before_url_before_hosts_before_host),
		cmocka_unit_test(knows_srv),
		cmocka_unit_test(chooses_the_dcs_as_patroni_does),
		cmocka_unit_test(says_when_there_are_more_endpoints),
		cmocka_unit_test(follows_anchors_and_merges),
		cmocka_unit_test(keeps_what_was_before_a_fault),
		cmocka_unit_test(reads_no_byte_too_many),
		cmocka_unit_test(environment_wins),
		cmocka_unit_test(environment_lists),
		cmocka_unit_test(a_later_layer_adds_and_removes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
