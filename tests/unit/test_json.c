// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_json.c - the lines of the JSON log: their keys, their numbers, and how they reach the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "findings.h"
#include "sink/jsonline.h"

static void check_line(struct finding f, const char *expected)
{
	char *line = json_of(&f);

	assert_string_equal(line, expected);
	free(line);
}

#define TS "{\"ts\":\"2026-01-02T03:04:05.123456Z\",\"event\":"
#define WHO                                                                                        \
	"\"process.pid\":4242,\"patroni.scope\":\"demo\",\"patroni.member\":\"patroni1\","         \
	"\"patroni.role\":\"leader\""
#define PEER                                                                                       \
	"\"endpoint\":\"etcd2.lab:2379\",\"network.peer.address\":\"127.0.0.12\","                 \
	"\"network.peer.port\":2379"

static void test_start(void **state)
{
	(void)state;
	check_line(sample_start(),
		   TS "\"start\",\"schema_version\":1,\"version\":\"0.1.0\",\"host\":\"db1\","
		      "\"kernel\":\"6.1.0-13-amd64\","
		      "\"hooks\":\"sock_send_length, sock_recv_length\",\"targets\":1}\n");
}

static void test_process(void **state)
{
	struct finding f = sample_connect(CONNECT_OK);

	(void)state;
	f.type = FINDING_PROCESS;
	f.process = (struct finding_process){.phase = PROCESS_FOUND, .note = "named with -p"};
	check_line(f, TS "\"process\",\"phase\":\"found\"," WHO ",\"patroni.version\":\"3.0.2\","
			 "\"note\":\"named with -p\"}\n");
}

static void test_connect(void **state)
{
	(void)state;
	check_line(sample_connect(CONNECT_REFUSED),
		   TS "\"connect\"," WHO "," PEER
		      ",\"outcome\":\"refused\",\"duration_s\":0.00082}\n");
}

static void test_request(void **state)
{
	(void)state;
	check_line(sample_request(),
		   TS "\"request\"," WHO ",\"endpoint\":\"etcd2.lab:2379\","
		      "\"server.address\":\"etcd2.lab\",\"server.port\":2379,"
		      "\"network.peer.address\":\"127.0.0.12\",\"network.peer.port\":2379,"
		      "\"http.request.method\":\"POST\",\"url.path\":\"/v3/lease/keepalive\","
		      "\"etcd.rpc\":\"lease/keepalive\",\"outcome\":\"ok\","
		      "\"http.response.status_code\":200,\"duration_s\":0.046123,"
		      "\"first_byte_s\":0.0461,\"unread_s\":0.000035,\"tcp.srtt_s\":0.000412,"
		      "\"tcp.retransmits\":0,\"etcd.member_id\":\"10276657743932975437\","
		      "\"etcd.raft_term\":7,\"lease.id\":\"7587862094000000001\","
		      "\"lease.ttl_s\":30}\n");
}

static void test_what_is_not_known_is_left_out(void **state)
{
	struct finding f = {.type = FINDING_REQUEST, .ts_ns = SAMPLE_TS_NS};

	(void)state;
	f.request = (struct finding_request){.outcome = REQUEST_TIMEOUT,
					     .duration_ns = LW_UNKNOWN,
					     .first_byte_ns = LW_UNKNOWN,
					     .unread_ns = LW_UNKNOWN,
					     .srtt_ns = LW_UNKNOWN,
					     .retransmits = LW_UNKNOWN,
					     .ttl_s = LW_UNKNOWN};
	check_line(f, TS "\"request\",\"outcome\":\"timeout\"}\n");
}

static void test_stall(void **state)
{
	(void)state;
	check_line(sample_stall(STALL_BEGIN),
		   TS "\"stall\",\"phase\":\"begin\",\"stall_id\":1,"
		      "\"cause\":\"endpoint_silent\"," WHO "," PEER
		      ",\"lease.id\":\"7587862094000000001\",\"lease.ttl_s\":30,"
		      "\"lease.remaining_s\":18.9,\"since_last_ok_s\":11.1,"
		      "\"in_flight_s\":1.000123,\"severity\":\"warning\","
		      "\"evidence\":{\"in_flight_s\":1.0,\"tcp.retransmits\":0,"
		      "\"answer\":\"none\"},"
		      "\"headline\":\"etcd2.lab:2379 does not answer the keepalive\","
		      "\"hint\":\"Check DNS and port 2380 from that member.\"}\n");
}

static void test_stall_end(void **state)
{
	struct finding f = sample_stall(STALL_END);
	char *line;

	(void)state;
	f.stall.remaining_ns = -2600000000;
	f.stall.evidence_len = 0;
	line = json_of(&f);
	assert_non_null(strstr(line, "\"lease.remaining_s\":-2.6,"));
	assert_non_null(strstr(line, ",\"result\":\"recovered\",\"duration_s\":7.05}\n"));
	assert_null(strstr(line, "evidence"));
	free(line);
}

static void test_endpoint(void **state)
{
	(void)state;
	check_line(sample_endpoint(),
		   TS "\"endpoint\"," PEER ",\"state\":\"half_healthy\",\"previous\":\"healthy\","
		      "\"matrix\":{\"connect\":\"ok\",\"read\":\"ok\",\"keepalive\":\"hanging\","
		      "\"watch\":\"ok\"},"
		      "\"sentence\":\"answers some requests, but fails others\"}\n");
}

static void test_lost(void **state)
{
	(void)state;
	check_line((struct finding){.type = FINDING_LOST,
				    .ts_ns = SAMPLE_TS_NS,
				    .lost = {.reason = "ring_full", .count = 12}},
		   TS "\"lost\",\"reason\":\"ring_full\",\"count\":12}\n");
}

static void test_summary(void **state)
{
	struct summary *s = summary__new();
	struct finding findings[] = {sample_request(), sample_connect(CONNECT_REFUSED),
				     sample_endpoint(), sample_stall(STALL_BEGIN)};
	char *line;

	(void)state;
	for (size_t i = 0; i < sizeof(findings) / sizeof(findings[0]); i++)
		assert_int_equal(summary__add(s, &findings[i]), 0);
	summary__finish(s, SAMPLE_TS_NS + 900000000);
	line = json_of_summary(s);
	assert_string_equal(
		line, TS "\"summary\",\"verdict\":\"stalled\",\"stalls\":1,"
			 "\"worst_remaining_s\":18.0,\"endpoints\":[{"
			 "\"endpoint\":\"etcd2.lab:2379\",\"state\":\"half_healthy\","
			 "\"requests\":1,\"failed\":0,\"timeouts\":0,\"p50_s\":0.046123,"
			 "\"p99_s\":0.046123,\"max_s\":0.046123,\"connects\":1,"
			 "\"connects_failed\":1,\"rpcs\":{\"lease/keepalive\":{\"requests\":1,"
			 "\"failed\":0,\"timeouts\":0,\"p50_s\":0.046123,\"p99_s\":0.046123,"
			 "\"max_s\":0.046123}}}],\"events_lost\":0,\"refreshes\":1,"
			 "\"refreshes_ok\":1,\"duration_s\":0.9}\n");
	free(line);
	summary__free(s);
}

static void check_server(const char *endpoint, const char *expected)
{
	struct finding f = {.type = FINDING_REQUEST, .ts_ns = SAMPLE_TS_NS};
	char *line;

	f.where.endpoint = endpoint;
	line = json_of(&f);
	assert_non_null(strstr(line, expected));
	free(line);
}

static void test_server_address(void **state)
{
	(void)state;
	check_server("[fd00::2]:2379", "\"server.address\":\"fd00::2\",\"server.port\":2379,");
	check_server("fd00::2", "\"server.address\":\"fd00::2\",\"outcome\"");
	check_server("etcd2.lab", "\"server.address\":\"etcd2.lab\",\"outcome\"");
	check_server("etcd2:99999", "\"server.address\":\"etcd2:99999\",\"outcome\"");
	check_server("etcd2:", "\"server.address\":\"etcd2:\",\"outcome\"");
	check_server(":2379", "\"server.address\":\":2379\",\"outcome\"");
	check_server("", "\"server.address\":\"\",\"outcome\"");
}

/* A broken string breaks neither the line nor the JSON. */
static void test_hostile_strings(void **state)
{
	static const char *const strings[] = {"\xFF\xFE", "a\nb\r\n", "\"}\\", "\x1B[2J", "\xC3",
					      "\xED\xA0\x80", "\xE2\x80\xA8"};
	char longer[5000];

	(void)state;
	memset(longer, 0xC3, sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	for (size_t i = 0; i <= sizeof(strings) / sizeof(strings[0]); i++) {
		const char *s = i < 7 ? strings[i] : longer;
		struct finding f = sample_stall(STALL_BEGIN);
		char *line;
		json_t *parsed;

		f.stall.headline = f.where.endpoint = f.who.scope = s;
		f.stall.evidence[0].key = s;
		line = json_of(&f);
		assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
		assert_true(strlen(line) < 8192);
		parsed = json_loads(line, 0, NULL);
		assert_non_null(parsed);
		json_decref(parsed);
		free(line);
	}
}

/* Every duration up to 70 years reads back as the very microsecond, and is a plain decimal. */
static void test_numbers_are_exact(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		int64_t us = (int64_t)(random_next(&seed) >> (13 + random_next(&seed) % 51));
		size_t len;
		json_t *tree = json_real((double)us / 1e6);
		char *line, *end, expected[64];
		double back;

		assert_int_equal(jsonline__encode(tree, &line, &len), 0);
		line[len - 1] = '\0';
		back = strtod(line, &end);
		assert_int_equal(*end, '\0');
		assert_true((int64_t)(back * 1e6 + 0.5) == us);
		assert_int_equal(strspn(line, "0123456789."), len - 1);
		snprintf(expected, sizeof(expected), "%lld.%06lld", (long long)us / 1000000,
			 (long long)us % 1000000);
		assert_memory_equal(line, expected, len - 1);
		assert_true(line[len - 2] != '0' || line[len - 3] == '.');
		free(line);
		json_decref(tree);
	}
}

static void test_what_is_no_number_is_left_out(void **state)
{
	struct finding f = sample_stall(STALL_BEGIN);
	char *line;

	(void)state;
	f.stall.evidence_len = 3;
	f.stall.evidence[0] = (struct evidence){.key = "a_s", .number = __builtin_nan("")};
	f.stall.evidence[1] = (struct evidence){.key = "b", .number = __builtin_inf()};
	f.stall.evidence[2] = (struct evidence){.key = "c_s", .number = 0.1 + 0.2};
	line = json_of(&f);
	assert_non_null(strstr(line, "\"evidence\":{\"c_s\":0.3}"));
	free(line);
}

static void test_a_finding_of_no_type(void **state)
{
	struct sink *sink = sink_json__new(-1);
	struct finding f = {.type = FINDING_TYPES};

	(void)state;
	assert_int_equal(sink__finding(sink, &f), -EINVAL);
	f.type = FINDING_SUMMARY;
	assert_int_equal(sink__finding(sink, &f), -EINVAL);
	f = sample_request();
	assert_int_equal(sink__finding(sink, &f), -EBADF);
	sink__free(sink);
}

static void test_disk_full(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct finding f = sample_request();
	struct sink *sink = sink_json__new(fd);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(sink__finding(sink, &f), -ENOSPC);
	assert_int_equal(sink__finding(sink, &f), -ENOSPC);
	sink__free(sink);
	close(fd);
}

/* Lines until one fails with `expected`: what is in the file then is whole. Returns their number. */
static int fill(struct sink *sink, int fd, int expected)
{
	struct finding f = sample_request();
	char *line = json_of(&f);
	struct stat st;
	int n = 0, err;

	while (!(err = sink__finding(sink, &f)) && n < 100000)
		n++;
	assert_int_equal(err, expected);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, (off_t)strlen(line) * n);
	free(line);
	return n;
}

/* The limit on a file's size cuts a line like a full disk does; when it is lifted, lines come whole. */
static void test_a_cut_line_is_taken_back(void **state)
{
	int fd = memfd_create("log", MFD_CLOEXEC);
	struct rlimit old, limit;
	struct finding f = sample_request();
	struct sink *sink = sink_json__new(fd);
	struct stat before, after;
	char *line = json_of(&f);

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = 3000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_true(fill(sink, fd, -EFBIG) > 1);
	assert_int_equal(fstat(fd, &before), 0);
	assert_int_equal(sink__finding(sink, &f), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(sink__finding(sink, &f), 0);
	assert_int_equal(fstat(fd, &after), 0);
	assert_int_equal(after.st_size - before.st_size, strlen(line));
	free(line);
	sink__free(sink);
	close(fd);
}

/* A real file system that is full, in a mount namespace of its own. 77 = it cannot be made here. */
static int on_a_small_disk(void)
{
	char path[] = "/tmp/leasewatch-test-XXXXXX";
	struct sink *sink;
	int fd;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("small", "/tmp", "tmpfs", 0, "size=16k"))
		return 77;
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_APPEND), 0); /* as `-o FILE` and shells do */
	sink = sink_json__new(fd);
	assert_true(fill(sink, fd, -ENOSPC) > 5);
	sink__free(sink);
	close(fd);
	return 0;
}

static void test_a_small_disk(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (geteuid())
		skip();
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(on_a_small_disk());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* What somebody else has written behind a cut line is not ours to remove. */
static void test_only_our_own_bytes_are_taken_back(void **state)
{
	struct jsonline_file file = {.fd = memfd_create("log", MFD_CLOEXEC)};
	struct rlimit old, limit;
	struct stat st;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(pwrite(file.fd, "0123456789", 10, 10), 10);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = 4;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(jsonline__write(&file, "abcdef\n", 7), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(fstat(file.fd, &st), 0);
	assert_int_equal(st.st_size, 20);
	assert_true(file.dirty);
	close(file.fd);
}

static void test_the_reader_is_gone(void **state)
{
	struct finding f = sample_request();
	struct sink *sink;
	int fds[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fds), 0);
	sink = sink_json__new(fds[1]);
	assert_int_equal(sink__finding(sink, &f), 0);
	close(fds[0]);
	assert_int_equal(sink__finding(sink, &f), -EPIPE);
	sink__free(sink);
	close(fds[1]);
}

/* A reader that does not read: the line that did not fit is lost whole, or ended before the next. */
static void test_a_slow_reader(void **state)
{
	struct finding f = sample_request();
	char *line = json_of(&f), *got;
	struct sink *sink;
	size_t total = 0;
	int fds[2], whole = 0;
	ssize_t n;

	(void)state;
	assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	got = calloc(1, 1 << 20);
	sink = sink_json__new(fds[1]);
	while (!sink__finding(sink, &f))
		whole++;
	assert_true(whole > 50);
	while ((n = read(fds[0], got + total, (1 << 20) - total)) > 0)
		total += (size_t)n;
	assert_int_equal(sink__finding(sink, &f), 0);
	whole++;
	while ((n = read(fds[0], got + total, (1 << 20) - total)) > 0)
		total += (size_t)n;
	for (char *p = got, *end; (end = strchr(p, '\n')); p = end + 1) {
		if ((size_t)(end + 1 - p) == strlen(line) && !memcmp(p, line, strlen(line)))
			whole--;
		else
			assert_memory_equal(p, line, (size_t)(end - p)); /* cut, and ended */
	}
	assert_int_equal(whole, 0);
	assert_int_equal(got[total - 1], '\n');
	free(line);
	free(got);
	sink__free(sink);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_what_is_not_known_is_left_out),
		cmocka_unit_test(test_stall),
		cmocka_unit_test(test_stall_end),
		cmocka_unit_test(test_endpoint),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_server_address),
		cmocka_unit_test(test_hostile_strings),
		cmocka_unit_test(test_numbers_are_exact),
		cmocka_unit_test(test_what_is_no_number_is_left_out),
		cmocka_unit_test(test_a_finding_of_no_type),
		cmocka_unit_test(test_disk_full),
		cmocka_unit_test(test_a_cut_line_is_taken_back),
		cmocka_unit_test(test_a_small_disk),
		cmocka_unit_test(test_only_our_own_bytes_are_taken_back),
		cmocka_unit_test(test_the_reader_is_gone),
		cmocka_unit_test(test_a_slow_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
