// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * manual.c - the rows of the tables as roff.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "manual.h"
#include "sink/evidence.h"
#include "sink/field.h"

#define COLUMNS 100

/* A hyphen is written as one, and what looks like roff is not. */
static void put_escaped_char(FILE *out, char c)
{
	if (c == '-')
		fputs("\\-", out);
	else if (c == '\\')
		fputs("\\e", out);
	else
		fputc(c, out);
}

static void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++)
		put_escaped_char(out, *text);
}

/* Wrapped, with each sentence beginning a line, as roff wants it. */
static void put_sentences(FILE *out, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t len = strcspn(text, " ");
		bool ends = strchr(".:", text[len - 1]) && text[len] && text[len + 1];

		if (column && column + 1 + len > COLUMNS) {
			fputc('\n', out);
			column = 0;
		}
		if (column)
			fputc(' ', out);
		else if (*text == '.' || *text == '\'')
			fputs("\\&", out);
		for (size_t i = 0; i < len; i++)
			put_escaped_char(out, text[i]);
		column += len + 1;
		text += len;
		text += *text == ' ';
		if (ends && text[-2] == '.') {
			fputc('\n', out);
			column = 0;
		}
	}
	fputc('\n', out);
}

static void put_key(FILE *out, const char *key)
{
	fputs(".TP\n.B ", out);
	put_escaped(out, key);
	fputc('\n', out);
}

static bool says_all_words(const struct field *f)
{
	for (size_t i = 0; i < f->words->len; i++)
		if (!strstr(f->meaning, enum_name(f->words, (unsigned int)i)))
			return false;
	return true;
}

static void put_words(FILE *out, const struct field *f)
{
	fputs("One of", out);
	for (size_t i = 0; i < f->words->len; i++)
		fprintf(out, "%s %s", i ? "," : "", enum_name(f->words, (unsigned int)i));
	fputs(".\n", out);
}

static void put_rows(FILE *out, const struct field *rows)
{
	for (const struct field *f = rows; !field__is_last(f); f++) {
		if (f->kind == FIELD_GROUP && f->of) {
			put_rows(out, f->rows);
			continue;
		}
		if (f->kind == FIELD_GROUP)
			continue; /* put_groups */
		put_key(out, f->key);
		put_sentences(out, f->meaning);
		if (f->words && f->kind != FIELD_FIXED && !says_all_words(f))
			put_words(out, f);
		if (f->rows) {
			fputs(".RS\n", out);
			put_rows(out, f->rows);
			fputs(".RE\n", out);
		}
	}
}

/* What an event shares with others is explained once. */
static void put_groups(FILE *out, const struct field *rows)
{
	const char *before = "Has the keys of ";
	bool any = false;

	for (const struct field *f = rows; !field__is_last(f); f++) {
		if (f->kind != FIELD_GROUP || f->of)
			continue;
		fprintf(out, "%s%s", before, f->meaning);
		before = ", ";
		any = true;
	}
	if (any)
		fputs(" (see Keys of many events), and:\n", out);
}

static void put_event(FILE *out, const struct event_fields *event)
{
	fprintf(out, ".SS Event %s\n", event->name);
	put_sentences(out, event->meaning);
	put_groups(out, event->rows);
	put_rows(out, event->rows);
}

static void put_evidence(FILE *out)
{
	fputs(".SS Evidence\n", out);
	put_sentences(out, "The keys of the object evidence, in the events stall and note. Those "
			   "that do not apply are left out.");
	for (size_t i = 0; i < evidence_rows_len; i++) {
		put_key(out, evidence_rows[i].key);
		put_sentences(out, evidence_rows[i].meaning);
	}
}

static void put_conventions(FILE *out)
{
	fputs(".SH JSON\n", out);
	put_sentences(
		out, "One object a line, in UTF-8. Its first keys are ts, the time (RFC 3339, UTC, "
		     "with microseconds), and event, its kind. Keys are those of OpenTelemetry "
		     "where it has one. What is not known is left out. Keys that end in _s are "
		     "seconds. Lease and member ids are decimal strings, because many readers of "
		     "JSON would round such large numbers. New events and keys may be added; "
		     "those listed here keep their meaning.");
}

static void put_shared(FILE *out)
{
	fputs(".SS Keys of many events\n", out);
	put_sentences(out, "The process, that is, which Patroni:");
	put_rows(out, who_fields);
	fputs(".PP\nThe address:\n", out);
	put_rows(out, peer_fields);
	fputs(".PP\nThe server:\n", out);
	put_rows(out, server_fields);
}

char *manual__fields(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	put_conventions(out);
	put_shared(out);
	for (size_t i = 0; i < FINDING_TYPES; i++)
		put_event(out, &event_fields[i]);
	put_evidence(out);
	fclose(out);
	return text;
}
