// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * restore.c - giving the terminal back from a signal handler: only write(2), tcsetattr(3) and
 * the like, on bytes that were prepared in advance.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include <curses.h>
#include <term.h>

#include "leasewatch/units.h"
#include "sink/top/restore.h"

#define RESET_BYTES 256

static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGQUIT, SIGSYS};
#define FATAL ARRAY_LEN(fatal)

/* A signal handler has no argument to be passed state in. */
static struct {
	volatile sig_atomic_t active;
	struct termios termios;
	char reset[RESET_BYTES];
	size_t reset_len;
	int held_fd;   /* where standard error goes meanwhile; -1 = it was left alone */
	int stderr_fd; /* what it was */
	stack_t stack; /* a stack overflow must be survived for a moment */
	struct sigaction before[FATAL];
} saved = {.held_fd = -1, .stderr_fd = -1};

static void let_out_stderr(void)
{
	char buf[512];
	ssize_t n;

	if (saved.held_fd < 0)
		return;
	dup2(saved.stderr_fd, STDERR_FILENO);
	lseek(saved.held_fd, 0, SEEK_SET);
	while ((n = read(saved.held_fd, buf, sizeof(buf))) > 0)
		if (write(STDERR_FILENO, buf, (size_t)n) < 0)
			break;
}

bool top_restore__in_foreground(void)
{
	pid_t group = tcgetpgrp(STDIN_FILENO);

	return group < 0 || group == getpgrp();
}

static void restore(void)
{
	if (!saved.active)
		return;
	saved.active = 0;
	/* In the background it was given back before, and touching it would stop us for good. */
	if (top_restore__in_foreground()) {
		if (write(STDOUT_FILENO, saved.reset, saved.reset_len) < 0) {
			/* The terminal is gone; nothing is left to restore. */
		}
		tcsetattr(STDIN_FILENO, TCSANOW, &saved.termios);
	}
	let_out_stderr();
}

static void on_fatal(int sig)
{
	restore();
	/* SA_RESETHAND has made it fatal again; it strikes when this handler returns. */
	raise(sig);
}

static void catch_fatal(void)
{
	struct sigaction action = {.sa_handler = on_fatal, .sa_flags = SA_RESETHAND | SA_ONSTACK};

	for (size_t i = 0; i < FATAL; i++)
		sigaction(fatal[i], &action, &saved.before[i]);
}

static void hold_stderr(void)
{
	if (!isatty(STDERR_FILENO))
		return;
	fflush(stderr);
	saved.held_fd = memfd_create("stderr", MFD_CLOEXEC);
	if (saved.held_fd < 0)
		return;
	saved.stderr_fd = dup(STDERR_FILENO);
	if (saved.stderr_fd < 0 || dup2(saved.held_fd, STDERR_FILENO) < 0) {
		close(saved.held_fd);
		saved.held_fd = -1;
	}
}

int top_restore__begin(void)
{
	static bool registered;

	if (tcgetattr(STDIN_FILENO, &saved.termios))
		return -errno;
	saved.stack.ss_size = 64 * 1024;
	saved.stack.ss_sp = malloc(saved.stack.ss_size);
	if (!saved.stack.ss_sp)
		return -ENOMEM;
	sigaltstack(&saved.stack, NULL);
	if (!registered && atexit(restore)) {
		free(saved.stack.ss_sp);
		return -ENOMEM;
	}
	registered = true;
	saved.reset_len = 0;
	hold_stderr();
	catch_fatal();
	saved.active = 1;
	return 0;
}

static int put_reset(int c)
{
	if (saved.reset_len < sizeof(saved.reset))
		saved.reset[saved.reset_len++] = (char)c;
	return c;
}

void top_restore__prepare(void)
{
	/* Attributes, colours, keypad, cursor, and back from the alternate screen. */
	const char *sequences[] = {exit_attribute_mode, orig_pair, keypad_local, cursor_normal,
				   exit_ca_mode};

	for (size_t i = 0; i < ARRAY_LEN(sequences); i++)
		if (sequences[i])
			tputs(sequences[i], 1, put_reset);
	if (!exit_ca_mode) {
		put_reset('\r');
		put_reset('\n');
	}
}

void top_restore__end(void)
{
	stack_t off = {.ss_flags = SS_DISABLE};

	if (!saved.active)
		return;
	saved.active = 0;
	for (size_t i = 0; i < FATAL; i++)
		sigaction(fatal[i], &saved.before[i], NULL);
	if (top_restore__in_foreground())
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved.termios);
	let_out_stderr();
	if (saved.held_fd >= 0) {
		close(saved.held_fd);
		close(saved.stderr_fd);
		saved.held_fd = saved.stderr_fd = -1;
	}
	sigaltstack(&off, NULL);
	free(saved.stack.ss_sp);
	saved.stack.ss_sp = NULL;
}
