// SPDX-License-Identifier: GPL-2.0-or-later
/* test_etcd_message.c - error texts made fit to be shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "leasewatch/units.h"
#include "protocol/etcd.h"
#include "protocol/etcd_message.h"

static void test_messages(void **state)
{
	static const char *const cases[][2] = {
		{"etcdserver: request timed out", "etcdserver: request timed out"},
		{"dial tcp 10.0.0.1:2379: connect: connection refused",
		 "dial tcp 10.0.0.1:2379: connect: connection refused"},
		{"no such host etcd-cluster-client-0.default.svc.cluster.local",
		 "no such host etcd-cluster-client-0.default.svc.cluster.local"},
		{"etcdserver: invalid user ID or password",
		 "etcdserver: invalid user ID or password"},
		{"password authentication failed", "password authentication failed"},
		{"bad AbCdEfGhIjKlMnOp.18 token", "bad *** token"},
		{"bad eyJhbGciOiJSUzI1NiJ9.e30.c2ln", "bad ***"},
		{"value L3NlcnZpY2UvZGVtby9sZWFkZXI1Nj0 given", "value *** given"},
		{"Authorization: Bearer abc", "Authorization: Bearer ***"},
		{"Authorization: abc, next", "Authorization: ***, next"},
		{"{\"name\":\"root\",\"password\":\"p@ss w\"}",
		 "{\"name\":\"root\",\"password\":\"*** w\"}"},
		{"user=root&password=p@ss&x=1", "user=root&password=***&x=1"},
		{"cookie: a", "cookie: ***"},
		{"password= x, y", "password= ***, y"},
		/* what follows a secret is none */
		{"password: abc \"next\"", "password: *** \"next\""},
		{"password=abc \"next\"", "password=*** \"next\""},
		{"bad eyJhbGciOiJSUzI1NiJ9.e30.c2ln: next", "bad ***: next"},
		/* as long and as mixed as a secret, and not quite */
		{"AbCdEfGhIjKlMnOp.1", "***"},
		{"AbCdEfGhIjKlMnOp.", "AbCdEfGhIjKlMnOp."},
		{"AbCdEfGhIjKlMnO1.18", "AbCdEfGhIjKlMnO1.18"},
		{"AbCdEfGhIjKlMnOp.1x", "AbCdEfGhIjKlMnOp.1x"},
		{"AbCdEfGhIjKlMnOp:18", "AbCdEfGhIjKlMnOp:18"},
		{"aZ0aZ9aZ0aZ9aZ0aZ9aZ0aZ9", "***"},
		{"AbCdEfGhIjKlMnOp-18", "AbCdEfGhIjKlMnOp-18"},
		{"9aZ9aZ9aZ9aZ9aZ9aZ9aZ9aZ", "***"},
		{"9Za9Za9Za9Za9Za9Za9Za9Za", "***"},
		{"aZ0aZ9aZ0aZ9aZ0aZ9aZ0aZ", "aZ0aZ9aZ0aZ9aZ0aZ9aZ0aZ"},
		{"az0az9az0az9az0az9az0az9", "az0az9az0az9az0az9az0az9"},
		{"AZ0AZ9AZ0AZ9AZ0AZ9AZ0AZ9", "AZ0AZ9AZ0AZ9AZ0AZ9AZ0AZ9"},
		{"eyJabcdefghi", "***"},
		{"eyJabcdefgh", "eyJabcdefgh"},
		{"<html><title>502 Bad Gateway</title>", "502 Bad Gateway"},
		{"<html>\n <title>a < b", "a "},
		{"a < b", "a < b"},
		{"  \n\t first\r\nsecond", "first"},
		{"", ""},
	};
	char got[ETCD_MESSAGE_BYTES], tiny[4];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		etcd_message_clean(got, sizeof(got), cases[i][0], strlen(cases[i][0]));
		assert_string_equal(got, cases[i][1]);
	}
	etcd_message_clean(tiny, sizeof(tiny), "abcdef", 6);
	assert_string_equal(tiny, "abc");
}

/* However it is put together, it ends where its room ends. */
static void test_room(void **state)
{
	static const char text[] = "ab, password=x: cd bad AbCdEfGhIjKlMnOp.18 token";
	static const char whole[] = "ab, password=*** cd bad *** token";
	char got[sizeof(whole) + 8];

	(void)state;
	for (size_t size = 1; size <= sizeof(whole) + 1; size++) {
		memset(got, '#', sizeof(got));
		etcd_message_clean(got, size, text, sizeof(text) - 1);
		assert_int_equal(strlen(got), size < sizeof(whole) ? size - 1 : sizeof(whole) - 1);
		assert_memory_equal(got, whole, strlen(got));
		for (size_t i = size; i < sizeof(got); i++)
			assert_int_equal(got[i], '#');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
