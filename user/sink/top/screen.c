// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * screen.c - the grid on a terminal, by ncurses.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <curses.h>
#include <term.h>
#undef tone /* a capability of terminals */

#include "leasewatch/units.h"
#include "sink/top/top.h"
#include "sink/top/restore.h"
#include "sink/top/screen.h"

#define ESCAPE_MS 50 /* an Escape alone is known by the silence after it */
#define CTRL_L	  0x0C
#define ESCAPE	  0x1B

struct look {
	attr_t attributes;
	short pair;
};

struct top_screen {
	SCREEN *screen;
	int signal_fd;
	bool away; /* the terminal is somebody else's: we were stopped, or are in the background */
	sigset_t mask_before;
	struct look looks[TONES];
	cchar_t line[TOP_GRID_MAX + 1];
};

enum { PAIR_GOOD = 1, PAIR_WARN, PAIR_BAD, PAIR_ALARM };

static const struct look plain_looks[TONES] = {
	[TONE_DIM] = {.attributes = A_DIM},
	[TONE_BOLD] = {.attributes = A_BOLD},
	[TONE_WARN] = {.attributes = A_BOLD},
	[TONE_BAD] = {.attributes = A_BOLD},
	[TONE_ALARM] = {.attributes = A_BOLD},
	[TONE_BAR] = {.attributes = A_REVERSE},
	[TONE_BAR_ALARM] = {.attributes = A_REVERSE | A_BOLD},
	[TONE_HEADING] = {.attributes = A_UNDERLINE},
};

static const struct look color_looks[TONES] = {
	[TONE_DIM] = {.attributes = A_DIM},
	[TONE_BOLD] = {.attributes = A_BOLD},
	[TONE_GOOD] = {.pair = PAIR_GOOD},
	[TONE_WARN] = {.pair = PAIR_WARN},
	[TONE_BAD] = {.pair = PAIR_BAD},
	[TONE_ALARM] = {.attributes = A_BOLD, .pair = PAIR_BAD},
	[TONE_BAR] = {.attributes = A_REVERSE},
	[TONE_BAR_ALARM] = {.attributes = A_BOLD, .pair = PAIR_ALARM},
	[TONE_HEADING] = {.attributes = A_UNDERLINE},
};

int top_screen__check(char *why, size_t why_size)
{
	const char *term = getenv("TERM");
	int err;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		snprintf(why, why_size,
			 "top needs a terminal for its input and output; `leasewatch trace` needs "
			 "none");
		return -ENOTTY;
	}
	if (!term || !*term || setupterm(term, STDOUT_FILENO, &err) != OK || !cursor_address) {
		snprintf(why, why_size,
			 "top cannot move the cursor on this terminal (TERM=%.40s); `leasewatch "
			 "trace` does without",
			 term ? term : "");
		return -ENOTSUP;
	}
	return 0;
}

static void choose_looks(struct top_screen *s)
{
	const char *no_color = getenv("NO_COLOR");

	memcpy(s->looks, plain_looks, sizeof(s->looks));
	if ((no_color && *no_color) || !has_colors() || start_color() == ERR || COLOR_PAIRS < 5)
		return;
	use_default_colors();
	init_pair(PAIR_GOOD, COLOR_GREEN, -1);
	init_pair(PAIR_WARN, COLOR_YELLOW, -1);
	init_pair(PAIR_BAD, COLOR_RED, -1);
	init_pair(PAIR_ALARM, COLOR_WHITE, COLOR_RED);
	memcpy(s->looks, color_looks, sizeof(s->looks));
}

static void set_modes(void)
{
	cbreak();
	noecho();
	nonl();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	leaveok(stdscr, TRUE);
	scrollok(stdscr, FALSE);
}

/*
 * Stopping is done in the loop, where the terminal is in a known state. A continuation is noticed
 * because whoever had the terminal meanwhile has written on it.
 */
static int watch_signals(struct top_screen *s)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGCONT);
	s->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (s->signal_fd < 0)
		return -errno;
	sigprocmask(SIG_BLOCK, &set, &s->mask_before);
	return 0;
}

int top_screen__open(struct top_screen **out, char *why, size_t why_size)
{
	struct top_screen *s = calloc(1, sizeof(*s));
	int err = s ? 0 : -ENOMEM;

	if (!err)
		err = watch_signals(s);
	if (!err) {
		err = top_restore__begin();
		if (err)
			close(s->signal_fd);
	}
	if (err) {
		snprintf(why, why_size, "cannot take over the terminal: %s", strerror(-err));
		free(s);
		return err;
	}
	s->screen = newterm(NULL, stdout, stdin);
	if (!s->screen) {
		snprintf(why, why_size, "this terminal is not known to ncurses");
		top_restore__end();
		sigprocmask(SIG_SETMASK, &s->mask_before, NULL);
		close(s->signal_fd);
		free(s);
		return -ENOTSUP;
	}
	signal(SIGTSTP, SIG_DFL); /* ncurses has put a handler of its own there */
	top_restore__prepare();
	set_modes();
	choose_looks(s);
	*out = s;
	return 0;
}

void top_screen__close(struct top_screen *s)
{
	if (!s)
		return;
	if (!s->away)
		endwin();
	delscreen(s->screen);
	top_restore__end();
	sigprocmask(SIG_SETMASK, &s->mask_before, NULL);
	close(s->signal_fd);
	free(s);
}

static void stop_here(struct top_screen *s)
{
	sigset_t stop;

	if (!s->away)
		endwin();
	s->away = true;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop, NULL); /* it stops on this line */
	sigprocmask(SIG_BLOCK, &stop, NULL);
}

static void follow_signals(struct top_screen *s)
{
	struct signalfd_siginfo info;

	while (read(s->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGTSTP)
			stop_here(s);
		s->away = true; /* somebody had the terminal, even if it is ours again */
	}
}

static void come_back(struct top_screen *s)
{
	s->away = false;
	/* After a SIGSTOP there was no endwin(); the modes are the shell's all the same. */
	reset_prog_mode();
	clearok(curscr, TRUE);
	curs_set(1);
	curs_set(0);
}

bool top_screen__changed(struct top_screen *s)
{
	struct winsize size;
	bool changed = false;

	follow_signals(s);
	if (!top_restore__in_foreground()) {
		s->away = true;
		return false;
	}
	if (s->away) {
		come_back(s);
		changed = true;
	}
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col)
		return changed;
	if (size.ws_row == LINES && size.ws_col == COLS)
		return changed;
	resizeterm(size.ws_row, size.ws_col);
	return true;
}

void top_screen__size(const struct top_screen *s, int *rows, int *cols)
{
	(void)s;
	*rows = LINES;
	*cols = COLS;
}

static int translate(int key)
{
	static const struct {
		int curses, ours;
	} keys[] = {
		{KEY_UP, TOP_KEY_UP},	      {KEY_DOWN, TOP_KEY_DOWN},
		{KEY_PPAGE, TOP_KEY_PAGE_UP}, {KEY_NPAGE, TOP_KEY_PAGE_DOWN},
		{KEY_HOME, TOP_KEY_HOME},     {KEY_END, TOP_KEY_END},
		{ESCAPE, TOP_KEY_ESCAPE},     {'k', TOP_KEY_UP},
		{'j', TOP_KEY_DOWN},
	};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (keys[i].curses == key)
			return keys[i].ours;
	return key < KEY_MIN ? key : 0;
}

int top_screen__key(struct top_screen *s)
{
	struct pollfd in = {.fd = STDIN_FILENO};
	int key;

	if (s->away)
		return TOP_SCREEN_NO_KEY;
	key = getch();
	if (key == CTRL_L) {
		clearok(curscr, TRUE);
		return 0;
	}
	if (key != ERR)
		return translate(key);
	if (poll(&in, 1, 0) > 0 && in.revents & (POLLHUP | POLLERR | POLLNVAL))
		return TOP_SCREEN_GONE;
	return TOP_SCREEN_NO_KEY;
}

static void compose_row(struct top_screen *s, const struct top_grid *g, int row)
{
	int n = 0;

	for (int col = 0; col < g->cols; col++) {
		const struct top_cell *cell = top_grid__cell(g, row, col);
		const struct look *look = &s->looks[cell->style];
		wchar_t text[2] = {(wchar_t)cell->c, 0};

		if (cell->c)
			setcchar(&s->line[n++], text, look->attributes, look->pair, NULL);
	}
	memset(&s->line[n], 0, sizeof(s->line[n]));
}

void top_screen__show(struct top_screen *s, const struct top_grid *grid)
{
	if (s->away)
		return;
	erase();
	for (int row = 0; row < grid->rows && row < LINES; row++) {
		compose_row(s, grid, row);
		mvadd_wchstr(row, 0, s->line);
	}
	refresh();
}
