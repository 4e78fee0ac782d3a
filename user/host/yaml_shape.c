// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * yaml_shape.c - how large and how deep is a YAML text? A streaming pass, before a tree is built.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "host/yaml_shape.h"

#define YAML_DEPTH_MAX	 64
#define YAML_NODES_MAX	 16384
#define YAML_ANCHORS_MAX 256 /* libyaml compares each alias with all of them */
#define YAML_ALIASES_MAX 1024

struct shape {
	unsigned int depth, nodes, documents, anchors, aliases;
};

static size_t line_offset(const char *text, size_t len, size_t line)
{
	size_t at = 0;

	while (line-- && at < len) {
		const char *newline = memchr(text + at, '\n', len - at);

		if (!newline)
			return len;
		at = (size_t)(newline + 1 - text);
	}
	return at;
}

size_t yaml_shape__fault(const yaml_parser_t *parser, const char *text, size_t len)
{
	size_t line = parser->problem_mark.line;

	if (parser->error == YAML_READER_ERROR)
		return parser->problem_offset < len ? parser->problem_offset : len;
	/* An unclosed quote is noticed at the end of the file, but meant where it opens. */
	if (parser->error == YAML_SCANNER_ERROR && parser->context &&
	    parser->context_mark.line < line)
		line = parser->context_mark.line;
	return line_offset(text, len, line);
}

static bool has_anchor(const yaml_event_t *e)
{
	return (e->type == YAML_SCALAR_EVENT && e->data.scalar.anchor) ||
	       (e->type == YAML_SEQUENCE_START_EVENT && e->data.sequence_start.anchor) ||
	       (e->type == YAML_MAPPING_START_EVENT && e->data.mapping_start.anchor);
}

/* Count one event. False when the text has outgrown what a configuration can be. */
static bool measure_event(struct shape *s, const yaml_event_t *e)
{
	if (e->type == YAML_MAPPING_START_EVENT || e->type == YAML_SEQUENCE_START_EVENT)
		s->depth++;
	if (e->type == YAML_MAPPING_END_EVENT || e->type == YAML_SEQUENCE_END_EVENT)
		s->depth--;
	s->documents += e->type == YAML_DOCUMENT_START_EVENT;
	s->anchors += has_anchor(e);
	s->aliases += e->type == YAML_ALIAS_EVENT;
	s->nodes++;
	return s->depth <= YAML_DEPTH_MAX && s->nodes <= YAML_NODES_MAX &&
	       s->anchors <= YAML_ANCHORS_MAX && s->aliases <= YAML_ALIASES_MAX;
}

int yaml_shape__measure(const char *text, size_t len, size_t *fault)
{
	struct shape shape = {0};
	yaml_parser_t parser;
	yaml_event_t event;
	bool end = false;
	int err = 0;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	while (!end && !err) {
		if (!yaml_parser_parse(&parser, &event)) {
			*fault = yaml_shape__fault(&parser, text, len);
			err = -EBADMSG;
			break;
		}
		end = event.type == YAML_STREAM_END_EVENT;
		if (!measure_event(&shape, &event)) {
			*fault = 0;
			err = -EBADMSG;
		} else if (event.type == YAML_DOCUMENT_START_EVENT && shape.documents > 1) {
			/* As safe_load, which accepts exactly one document. */
			*fault = line_offset(text, len, event.start_mark.line);
			err = -EBADMSG;
		}
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return err;
}

size_t yaml_shape__whole_sections(const char *text, size_t len, size_t fault)
{
	while (fault > 0) {
		const char *newline = memrchr(text, '\n', fault);
		size_t line = newline ? (size_t)(newline + 1 - text) : 0;

		if (line && line < len && !strchr(" \t\r\n#-]}", text[line]))
			return line;
		if (!line)
			return 0;
		fault = line - 1;
	}
	return 0;
}
