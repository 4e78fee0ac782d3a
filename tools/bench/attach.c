// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * attach.c - attaches and detaches the candidates quickly, so that one run can compare with and
 * without many times.
 *
 *   attach nothing          does nothing: the comparison of a thing with itself
 *   attach probe PID        leasewatch's own probe, following PID (idle), polled as leasewatch does
 *   attach object FILE PID  a BPF object of the benchmark's; PID goes into its map `targets`
 *
 * Says `ready`, then obeys `on` and `off` and repeats them when it is done.
 */
#include <poll.h>
#include <stdbool.h>
#include <unistd.h>
#include <bpf/libbpf.h>

#include "bench.h"
#include "kernel/probe.h"

#define POLL_MS	     50 /* leasewatch's own */
#define PROGRAMS_MAX 64

struct candidate {
	pid_t pid;
	bool is_probe;
	struct probe *probe;
	struct bpf_object *object;
	size_t links_len;
	struct bpf_link *links[PROGRAMS_MAX];
};

static void on_event(void *ctx, const struct lw_event *event)
{
	(void)ctx;
	(void)event;
}

static void load(struct candidate *c, const char *path)
{
	struct bpf_map *targets;
	uint32_t key = c->pid, value = 1;

	c->object = bpf_object__open_file(path, NULL);
	if (!c->object || bpf_object__load(c->object))
		die("cannot load %s", path);
	targets = bpf_object__find_map_by_name(c->object, "targets");
	if (targets &&
	    bpf_map__update_elem(targets, &key, sizeof(key), &value, sizeof(value), BPF_ANY))
		die("cannot set the target");
}

static void turn_on(struct candidate *c)
{
	struct bpf_program *program;
	char why[256];

	if (c->is_probe) {
		if (probe__open(&c->probe, on_event, NULL, false, why, sizeof(why)))
			die("%s", why);
		if (probe__follow(c->probe, c->pid, 0, false))
			die("cannot follow process %d", c->pid);
	}
	if (!c->object)
		return;
	bpf_object__for_each_program(program, c->object)
	{
		if (c->links_len == PROGRAMS_MAX)
			die("more than %d programs", PROGRAMS_MAX);
		c->links[c->links_len] = bpf_program__attach(program);
		if (!c->links[c->links_len++])
			die("cannot attach %s", bpf_program__name(program));
	}
}

static void turn_off(struct candidate *c)
{
	probe__free(c->probe);
	c->probe = NULL;
	while (c->links_len)
		bpf_link__destroy(c->links[--c->links_len]);
}

/* Until there is something to read on stdin. */
static void wait_for_command(struct candidate *c)
{
	struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};

	while (poll(&fd, 1, c->probe ? POLL_MS : -1) == 0)
		if (probe__poll(c->probe, 0))
			die("cannot read from the probe");
}

static bool parse(struct candidate *c, int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "nothing"))
		return true;
	if (argc == 3 && !strcmp(argv[1], "probe")) {
		c->is_probe = true;
		c->pid = atoi(argv[2]);
		return true;
	}
	if (argc == 4 && !strcmp(argv[1], "object")) {
		c->pid = atoi(argv[3]);
		load(c, argv[2]);
		return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	struct candidate c = {0};
	char line[64];

	setvbuf(stdin, NULL, _IONBF, 0);
	if (!parse(&c, argc, argv))
		die("usage: attach nothing | probe PID | object FILE PID");
	reply("ready");
	for (;;) {
		wait_for_command(&c);
		if (!fgets(line, sizeof(line), stdin))
			break;
		if (!strcmp(line, "on\n")) {
			turn_on(&c);
			reply("on");
		} else if (!strcmp(line, "off\n")) {
			turn_off(&c);
			reply("off");
		} else {
			die("unknown command: %s", line);
		}
	}
	turn_off(&c);
	bpf_object__close(c.object);
	return 0;
}
