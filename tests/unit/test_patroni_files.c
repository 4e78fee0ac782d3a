// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_patroni_files.c - the configuration of running processes: which file, in whose root, with
 * what environment.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "host/patroni.h"
#include "pretend.h"
#include "leasewatch/units.h"

static struct patroni_config cfg;

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

static int teardown(void **state)
{
	(void)state;
	pretend__cleanup();
	return 0;
}

static pid_t start(const char *path, const char *const *env)
{
	const char *argv[] = {"python3", "-m", "patroni", path, NULL};
	struct pretend p = {
		.exe = "python3", .argv = argv, .env = env, .cwd = pretend__directory()};

	return pretend__start(&p);
}

static void file_of_a_process(void **state)
{
	static const char *const env[] = {"PATRONI_NAME=fromenv",
					  "PATRONI_CONFIGURATION=scope: ignored", NULL};
	char path[512];

	(void)state;
	pretend__write("etc/p.yml", "scope: demo\nname: file\netcd3: {host: 'a:1'}\n");
	snprintf(path, sizeof(path), "%s/etc/p.yml", pretend__directory());
	assert_int_equal(patroni__config(start(path, env), &cfg), 0);
	assert_string_equal(cfg.path, path);
	assert_string_equal(cfg.scope, "demo");
	assert_string_equal(cfg.member, "fromenv");
	assert_string_equal(endpoints(), "a:1");
	/* relative to the process, not to us */
	assert_int_equal(patroni__config(start("etc/../etc/p.yml", NULL), &cfg), 0);
	assert_string_equal(cfg.scope, "demo");
	assert_string_equal(cfg.member, "file");
	assert_non_null(strstr(cfg.path, "/etc/../etc/p.yml"));
}

static void directory_of_a_process(void **state)
{
	char path[512];

	(void)state;
	pretend__write("conf/20-node.yaml", "name: second\netcd3: {protocol: https}\n");
	pretend__write("conf/10-base.yml", "scope: demo\nname: first\netcd3: {host: a}\n");
	pretend__write("conf/30-note.txt", "scope: wrong\n");
	pretend__write("conf/sub.yml/x", "");
	snprintf(path, sizeof(path), "%s/conf/40.yml", pretend__directory());
	assert_int_equal(symlink("/nowhere/at/all", path), 0);
	snprintf(path, sizeof(path), "%s/conf/50.yml", pretend__directory());
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(patroni__config(start("conf", NULL), &cfg), 0);
	assert_string_equal(cfg.scope, "demo");
	assert_string_equal(cfg.member, "second");
	assert_string_equal(endpoints(), "a:2379");
	assert_true(cfg.tls);
	/* a fault in one of them is a fault; the others count */
	pretend__write("conf/15-broken.yml", "name: third\nnamespace: [\n");
	assert_int_equal(patroni__config(start("conf", NULL), &cfg), -EBADMSG);
	assert_string_equal(cfg.scope, "demo");
	assert_string_equal(cfg.member, "second");
}

static void only_an_environment(void **state)
{
	static const char *const whole[] = {"PATRONI_CONFIGURATION=scope: whole\netcd: {host: w}\n",
					    "PATRONI_NAME=unused", NULL};
	static const char *const parts[] = {"PATRONI_SCOPE=parts", "PATRONI_ETCD_HOST=p", NULL};
	static const char *const none[] = {"HOME=/", NULL};
	static const char *const single[] = {"PATRONI_SCOPE=s", "PATRONI_NAME=n",
					     "PATRONI_ETCD_HOST=h"};

	(void)state;
	assert_int_equal(patroni__config(start(NULL, whole), &cfg), 0);
	assert_string_equal(cfg.scope, "whole");
	assert_string_equal(cfg.member, "");
	assert_string_equal(cfg.path, "");
	assert_string_equal(endpoints(), "w:2379");
	/* a file that is not there counts as not given */
	assert_int_equal(patroni__config(start("gone.yml", parts), &cfg), 0);
	assert_string_equal(cfg.scope, "parts");
	assert_string_equal(cfg.path, "");
	assert_string_equal(endpoints(), "p:2379");
	for (size_t i = 0; i < ARRAY_LEN(single); i++) {
		const char *const one[] = {single[i], NULL};

		assert_int_equal(patroni__config(start(NULL, one), &cfg), 0);
	}
	assert_int_equal(patroni__config(start("gone.yml", none), &cfg), -ENOENT);
	assert_int_equal(patroni__config(start(NULL, NULL), &cfg), -ENOENT);
	assert_string_equal(cfg.namespace, "service");
	assert_int_equal(patroni__config(-1, &cfg), -ESRCH);
}

static pid_t start_as(const char *exe, const char *const *argv)
{
	struct pretend p = {.exe = exe, .argv = argv, .cwd = pretend__directory()};

	return pretend__start(&p);
}

/* What -p names may be a wrapper that nobody knows: its first YAML file is the one. */
static void file_of_an_unknown_program(void **state)
{
	static const char *const argv[] = {"operator.yml", "-c",    "yml", "p.yml.bak",
					   "first.yaml",   "p.yml", NULL};
	static const char *const short_one[] = {"operator", "p.yml", NULL};
	static const char *const none[] = {"operator.yml", NULL};

	(void)state;
	pretend__write("operator.yml", "scope: itself\n");
	pretend__write("p.yml.bak", "scope: backup\n");
	pretend__write("first.yaml", "scope: first\n");
	pretend__write("p.yml", "scope: second\n");
	assert_int_equal(patroni__config(start_as("operator", argv), &cfg), 0);
	assert_string_equal(cfg.scope, "first");
	assert_int_equal(patroni__config(start_as("operator", short_one), &cfg), 0);
	assert_string_equal(cfg.scope, "second");
	assert_int_equal(patroni__config(start_as("operator", none), &cfg), -ENOENT);
}

static void file_among_the_options(void **state)
{
	static const char *const behind[] = {"python3", "-m", "patroni", "-x", "p.yml", NULL};
	static const char *const dashes[] = {"patroni", "--", "-p.yml", "p.yml", NULL};
	static const char *const twice[] = {"patroni", "--", "--", "p.yml", NULL};
	static const char *const empty[] = {"patroni", "", "p.yml", NULL};

	(void)state;
	pretend__write("p.yml", "scope: demo\n");
	pretend__write("-p.yml", "scope: dash\n");
	assert_int_equal(patroni__config(start_as("python3", behind), &cfg), 0);
	assert_string_equal(cfg.scope, "demo");
	assert_int_equal(patroni__config(start_as("patroni", dashes), &cfg), 0);
	assert_string_equal(cfg.scope, "dash");
	assert_int_equal(patroni__config(start_as("patroni", twice), &cfg), -ENOENT);
	assert_int_equal(patroni__config(start_as("patroni", empty), &cfg), -ENOENT);
}

/* A path is shown by its end, and cannot steer a terminal. */
static void path_for_people(void **state)
{
	char name[400];
	size_t len;

	(void)state;
	pretend__write("a b\x1f\x1b[2J~\x7f\xff.yml", "scope: demo\n");
	assert_int_equal(patroni__config(start("a b\x1f\x1b[2J~\x7f\xff.yml", NULL), &cfg), 0);
	assert_non_null(strstr(cfg.path, "/a b??[2J~??.yml"));
	pretend__write("\xc3\xbc.yml", "scope: demo\n");
	assert_int_equal(patroni__config(start("\xc3\xbc.yml", NULL), &cfg), 0);
	assert_non_null(strstr(cfg.path, "/\xc3\xbc.yml"));

	snprintf(name, sizeof(name), "%0100d/%0100d/%090d.yml", 1, 2, 3);
	pretend__write(name, "scope: long\n");
	assert_int_equal(patroni__config(start(name, NULL), &cfg), 0);
	assert_string_equal(cfg.scope, "long");
	len = strlen(cfg.path);
	assert_int_equal(len, PATRONI_PATH_BYTES - 1);
	assert_memory_equal(cfg.path, "...", 3);
	assert_string_equal(cfg.path + 3, name + strlen(name) - (len - 3));

	/* as long as there is room for, and one more */
	len = PATRONI_PATH_BYTES - 1 - strlen(pretend__directory()) - strlen("//.yml");
	snprintf(name, sizeof(name), "%0100d/%0*d.yml", 1, (int)len - 100, 2);
	pretend__write(name, "scope: demo\n");
	assert_int_equal(patroni__config(start(name, NULL), &cfg), 0);
	assert_int_equal(strlen(cfg.path), PATRONI_PATH_BYTES - 1);
	assert_string_equal(cfg.path + strlen(pretend__directory()) + 1, name);
	snprintf(name, sizeof(name), "%0100d/%0*d.yml", 1, (int)len - 99, 2);
	pretend__write(name, "scope: demo\n");
	assert_int_equal(patroni__config(start(name, NULL), &cfg), 0);
	assert_int_equal(strlen(cfg.path), PATRONI_PATH_BYTES - 1);
	assert_memory_equal(cfg.path, "...", 3);
}

static void files_that_are_none(void **state)
{
	static const char *const env[] = {"PATRONI_SCOPE=env", NULL};
	char path[512], *big = malloc(1024 * 1024 + 2);

	(void)state;
	snprintf(path, sizeof(path), "%s/fifo.yml", pretend__directory());
	assert_int_equal(mkfifo(path, 0600), 0);
	memset(big, '#', 1024 * 1024 + 1);
	big[1024 * 1024 + 1] = '\0';
	pretend__write("big.yml", big);
	free(big);
	pretend__write("broken.yml", "name: kept\nscope: [\n");

	assert_int_equal(patroni__config(start("fifo.yml", env), &cfg), -EBADMSG);
	assert_string_equal(cfg.scope, "env");
	assert_int_equal(patroni__config(start("/dev/zero", env), &cfg), -EBADMSG);
	assert_int_equal(patroni__config(start("big.yml", env), &cfg), -EBADMSG);
	assert_int_equal(patroni__config(start("broken.yml", env), &cfg), -EBADMSG);
	assert_string_equal(cfg.scope, "env");
	assert_string_equal(cfg.member, "kept");
	assert_non_null(strstr(cfg.path, "/broken.yml"));
}

static void the_clusters_own_timing(void **state)
{
	char text[512];

	(void)state;
	snprintf(text, sizeof(text),
		 "scope: demo\nbootstrap: {dcs: {ttl: 30, loop_wait: 10, retry_timeout: 10}}\n"
		 "postgresql: {data_dir: %s/data}\n",
		 pretend__directory());
	pretend__write("p.yml", text);
	assert_int_equal(patroni__config(start("p.yml", NULL), &cfg), 0);
	assert_int_equal(cfg.ttl_s, 30);
	pretend__write("data/patroni.dynamic.json",
		       "{\"ttl\": 90, \"loop_wait\": 5, \"postgresql\": {\"parameters\": {\"a\": "
		       "\"b\\u00e9\"}}}");
	assert_int_equal(patroni__config(start("p.yml", NULL), &cfg), 0);
	assert_int_equal(cfg.ttl_s, 90);
	assert_int_equal(cfg.loop_wait_s, 5);
	assert_int_equal(cfg.retry_timeout_s, 0);
	pretend__write("data/patroni.dynamic.json", "{\"ttl\": 9");
	assert_int_equal(patroni__config(start("p.yml", NULL), &cfg), 0);
	assert_int_equal(cfg.ttl_s, 30);
}

/* A process with another root: an absolute link in there must stay in there. */
static pid_t start_in_root(const char *path)
{
	const char *argv[] = {"python3", "-m", "patroni", path, NULL};
	char root[512], cwd[600];
	struct pretend p = {.exe = "python3", .argv = argv, .root = root, .cwd = cwd};

	snprintf(root, sizeof(root), "%s/root", pretend__directory());
	snprintf(cwd, sizeof(cwd), "%s/etc/patroni", root);
	return pretend__start(&p);
}

static void link_in_root(const char *target, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/root/etc/patroni/%s", pretend__directory(), name);
	assert_int_equal(symlink(target, path), 0);
}

static void make_root(void)
{
	char outside[512];

	pretend__write("outside.yml", "scope: outside\n");
	pretend__write("root/etc/patroni/real.yml", "scope: inside\n");
	pretend__write("root/etc/patroni/dir/a.yml", "scope: inside\n");
	link_in_root("/etc/patroni/real.yml", "link.yml");
	link_in_root("/etc/patroni/dir", "linkdir");
	snprintf(outside, sizeof(outside), "%s/outside.yml", pretend__directory());
	link_in_root(outside, "absolute.yml");
	link_in_root("../../../outside.yml", "up.yml");
	link_in_root("/proc/self/root/etc/hostname", "magic.yml");
}

static void stays_in_the_targets_root(void **state)
{
	static const char *const inside[] = {
		"/etc/patroni/real.yml", "/etc/patroni/link.yml",
		"/etc/patroni/linkdir",	 "real.yml",
		"../patroni/link.yml",	 "../../../../etc/patroni/real.yml"};
	static const char *const escapes[] = {"/etc/patroni/absolute.yml", "up.yml", "magic.yml",
					      "../../../outside.yml"};

	(void)state;
	if (geteuid())
		skip();
	make_root();
	for (size_t i = 0; i < ARRAY_LEN(inside); i++) {
		assert_int_equal(patroni__config(start_in_root(inside[i]), &cfg), 0);
		assert_string_equal(cfg.scope, "inside");
	}
	for (size_t i = 0; i < ARRAY_LEN(escapes); i++) {
		assert_int_equal(patroni__config(start_in_root(escapes[i]), &cfg), -ENOENT);
		assert_string_equal(cfg.scope, "");
	}
	assert_int_equal(patroni__config(start_in_root("real.yml"), &cfg), 0);
	assert_string_equal(cfg.path, "/etc/patroni/real.yml");
}

static void refuse_openat2(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = ARRAY_LEN(filter), .filter = filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(9);
}

/* Without openat2 a plain path still works, and a link is not followed rather than followed astray.
 */
static void works_without_openat2(void **state)
{
	static const char *const paths[] = {"/etc/patroni/real.yml", "/etc/patroni/dir", "real.yml",
					    "/etc/patroni/link.yml", "../../../outside.yml"};
	static const int expected[] = {0, 0, 0, -ENOENT, -ENOENT};
	int status;
	pid_t child, pids[5];

	(void)state;
	if (geteuid())
		skip();
	make_root();
	for (int i = 0; i < 5; i++)
		pids[i] = start_in_root(paths[i]);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		refuse_openat2();
		for (int i = 0; i < 5; i++) {
			if (patroni__config(pids[i], &cfg) != expected[i] ||
			    strcmp(cfg.scope, expected[i] ? "" : "inside"))
				_exit(20 + i);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(file_of_a_process, teardown),
		cmocka_unit_test_teardown(directory_of_a_process, teardown),
		cmocka_unit_test_teardown(only_an_environment, teardown),
		cmocka_unit_test_teardown(file_of_an_unknown_program, teardown),
		cmocka_unit_test_teardown(file_among_the_options, teardown),
		cmocka_unit_test_teardown(path_for_people, teardown),
		cmocka_unit_test_teardown(files_that_are_none, teardown),
		cmocka_unit_test_teardown(the_clusters_own_timing, teardown),
		cmocka_unit_test_teardown(stays_in_the_targets_root, teardown),
		cmocka_unit_test_teardown(works_without_openat2, teardown),
	};

	pretend__child();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
