// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * text_out.c - where every character of the text sink passes.
 */
#include <stdarg.h>
#include <string.h>
#include <wchar.h>

#include "sink/text_out.h"
#include "base/utf8.h"

#define PUT_BYTES 2048

static const char *const sequences[TONES] = {
	[TONE_DIM] = "\033[2m",	  [TONE_BOLD] = "\033[1m", [TONE_GOOD] = "\033[32m",
	[TONE_WARN] = "\033[33m", [TONE_BAD] = "\033[31m", [TONE_ALARM] = "\033[1;31m",
};

/* One character, made harmless: its bytes in out (NUL-terminated). Returns its columns. */
static int clean_char(const struct text_out *o, const char **text, char out[5])
{
	const char *from = *text;
	uint32_t c = utf8__next(text);
	int columns;

	if (c == '\t' || c == '\n') {
		strcpy(out, " ");
		return 1;
	}
	if (c == UTF8_INVALID || utf8__is_control(c) || (c >= 0x80 && !o->utf8)) {
		strcpy(out, "?");
		return 1;
	}
	memcpy(out, from, (size_t)(*text - from));
	out[*text - from] = '\0';
	if (c < 0x300)
		return 1;
	columns = wcwidth((wchar_t)c); /* -1 where the C locale does not know it */
	return columns < 0 ? 1 : columns;
}

int text_out__columns(const struct text_out *o, const char *text)
{
	int columns = 0;
	char c[5];

	while (*text)
		columns += clean_char(o, &text, c);
	return columns;
}

static void emit(const struct text_out *o, const char *text)
{
	if (o->stream)
		fputs(text, o->stream);
}

static void emit_spaces(const struct text_out *o, int n)
{
	if (o->stream)
		fprintf(o->stream, "%*s", n, "");
}

static void break_line(struct text_out *o)
{
	emit(o, "\n");
	emit_spaces(o, o->indent);
	o->col = o->indent;
	o->spaces = 0;
}

static void write_spaces(struct text_out *o)
{
	if (o->limit && o->col + o->spaces > o->limit)
		o->spaces = o->col < o->limit ? o->limit - o->col : 0;
	emit_spaces(o, o->spaces);
	o->col += o->spaces;
	o->spaces = 0;
}

/* A word: text without spaces, or as much of it as the limit allows. It takes `columns` with what
 * is glued to it. */
static void write_word(struct text_out *o, const char *word, int columns)
{
	char c[5];

	if (o->width && o->col + o->spaces + columns > o->width && o->col > o->indent)
		break_line(o);
	else
		write_spaces(o);
	if (o->owed != TONE_PLAIN) {
		emit(o, sequences[o->owed]);
		o->owed = TONE_PLAIN;
	}
	while (*word) {
		int n = clean_char(o, &word, c);

		if (o->limit && o->col + n > o->limit)
			return;
		emit(o, c);
		o->col += n;
	}
}

void text_out__put(struct text_out *o, enum tone tone, const char *fmt, ...)
{
	char text[PUT_BYTES], word[PUT_BYTES + 4], c[5];
	const char *p = text;
	size_t len = 0;
	int columns = 0;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	o->owed = o->color && sequences[tone] ? tone : TONE_PLAIN;
	while (*p) {
		const char *from = p;
		int n = clean_char(o, &p, c);

		if (c[0] != ' ') {
			memcpy(word + len, from, (size_t)(p - from));
			len += (size_t)(p - from);
			columns += n;
			if (*p)
				continue;
		}
		word[len] = '\0';
		if (len)
			write_word(o, word, *p || c[0] == ' ' ? columns : columns + o->tail);
		len = 0;
		columns = 0;
		o->spaces += c[0] == ' ';
	}
	if (o->color && sequences[tone] && o->owed == TONE_PLAIN)
		emit(o, "\033[0m");
	o->owed = TONE_PLAIN;
	o->tail = 0;
}

void text_out__to(struct text_out *o, int col)
{
	if (o->col + o->spaces < col)
		o->spaces = col - o->col;
	else if (o->col && !o->spaces)
		o->spaces = 1;
}

void text_out__right(struct text_out *o, enum tone tone, int end_col, const char *text)
{
	text_out__to(o, end_col - text_out__columns(o, text));
	text_out__put(o, tone, "%s", text);
}

void text_out__newline(struct text_out *o)
{
	emit(o, "\n");
	o->col = 0;
	o->spaces = 0;
}
