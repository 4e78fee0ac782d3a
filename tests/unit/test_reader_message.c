// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_reader_message.c - what a worker that lies might say, and that it is not believed.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host/reader_message.h"
#include "leasewatch/units.h"

static struct reader_reply reply;

static void sound_reply(void)
{
	struct patroni_config *c = &reply.config.config;

	memset(&reply, 0, sizeof(reply));
	reply.id = 1;
	reply.what = READER_CONFIG;
	strcpy(c->scope, "demo");
	c->endpoints_len = 1;
	strcpy(c->endpoints[0], "a:1");
	reply.config.addresses_len = 1;
}

static void sound_identity(void)
{
	memset(&reply, 0, sizeof(reply));
	reply.id = 1;
	reply.what = READER_IDENTIFY;
	reply.identity.is = 1;
	strcpy(reply.identity.process.comm, "patroni");
}

static void sound_library(void)
{
	memset(&reply, 0, sizeof(reply));
	reply.id = 1;
	reply.what = READER_LIBRARY;
	reply.library.len = LIBRARY_COPIES_MAX;
	strcpy(reply.library.copies[0].name, "/lib/libc.so.6");
	reply.library.copies[1].err = -EREMOTE;
	assert_int_equal(reader_message__fds(&reply), LIBRARY_COPIES_MAX - 1);
}

static int check_reply(void)
{
	return reader_message__check(&reply, reader_message__bytes(reply.what));
}

#define REFUSES(sound, change)                                                                     \
	do {                                                                                       \
		sound();                                                                           \
		assert_int_equal(check_reply(), 0);                                                \
		change;                                                                            \
		assert_int_equal(check_reply(), -EBADMSG);                                         \
	} while (0)

static void test_believes_no_malformed_identity(void **state)
{
	struct reader_identity *i = &reply.identity;

	(void)state;
	REFUSES(sound_identity, reply.what = READER_WHATS);
	REFUSES(sound_identity, reply.what = READER_CONFIG + 1000);
	REFUSES(sound_identity, reply.err = 1);
	REFUSES(sound_identity, reply.err = -EIO); /* with an answer behind it */
	REFUSES(sound_identity, i->is = 2);
	REFUSES(sound_identity, *(unsigned char *)&i->process.container = 7);
	REFUSES(sound_identity, memset(i->process.comm, 'c', sizeof(i->process.comm)));
	REFUSES(sound_identity, strcpy(i->process.comm, "a\nb"));
	sound_identity();
	assert_int_equal(reader_message__check(&reply, READER_REPLY_HEADER), -EBADMSG);
	assert_int_equal(reader_message__check(&reply, 3), -EBADMSG);
	reply.err = -ESRCH;
	assert_int_equal(reader_message__check(&reply, READER_REPLY_HEADER), 0);
}

static void test_believes_no_malformed_configuration(void **state)
{
	struct patroni_config *c = &reply.config.config;

	(void)state;
	REFUSES(sound_reply, reply.config.err = 1);
	REFUSES(sound_reply, reply.config.primary = 2);
	REFUSES(sound_reply, reply.config.given = 2);
	REFUSES(sound_reply, reply.config.addresses_len = READER_ADDRESSES_MAX + 1);
	REFUSES(sound_reply, reply.config.addresses[0].endpoint = 1);
	REFUSES(sound_reply, memset(c->scope, 'x', sizeof(c->scope)));
	REFUSES(sound_reply, strcpy(c->scope, "\033[2J"));
	REFUSES(sound_reply, strcpy(c->member, "\xff"));
	REFUSES(sound_reply, memset(c->endpoints[0], 'x', sizeof(c->endpoints[0])));
	REFUSES(sound_reply, strcpy(c->endpoints[0], "no port"));
	REFUSES(sound_reply, c->endpoints_len = PATRONI_ENDPOINTS_MAX + 1);
	REFUSES(sound_reply, c->dcs = PATRONI_DCS_OTHER + 1);
	REFUSES(sound_reply, c->ttl_s = -1);
	REFUSES(sound_reply, *(unsigned char *)&c->tls = 2);
}

static void test_believes_no_malformed_library(void **state)
{
	struct library_copies *l = &reply.library;

	(void)state;
	REFUSES(sound_library, l->err = 1);
	REFUSES(sound_library, l->len = LIBRARY_COPIES_MAX + 1);
	REFUSES(sound_library, l->copies[7].err = 1);
	REFUSES(sound_library, strcpy(l->copies[7].name, "a\nb"));
	REFUSES(sound_library, memset(l->copies[7].name, 'x', sizeof(l->copies[7].name)));
	REFUSES(sound_library, memset(l->own, 'x', sizeof(l->own)));
	reply.err = -ESRCH;
	assert_int_equal(reader_message__fds(&reply), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_believes_no_malformed_identity),
		cmocka_unit_test(test_believes_no_malformed_configuration),
		cmocka_unit_test(test_believes_no_malformed_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
