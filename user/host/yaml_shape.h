/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * yaml_shape.h - is a YAML text of a shape that a configuration can have? And if it is broken,
 * where?
 */
#ifndef LEASEWATCH_YAML_SHAPE_H
#define LEASEWATCH_YAML_SHAPE_H

#include <stddef.h>
#include <yaml.h>

/*
 * 0, or -EBADMSG with the offset of the fault: of a syntax error, or of a second document; 0 when
 * the whole text is refused, because it is too deep or has too many nodes, anchors or aliases.
 * -ENOMEM.
 */
int yaml_shape__measure(const char *text, size_t len, size_t *fault);

/* The offset of the line that the parser complains about. */
size_t yaml_shape__fault(const yaml_parser_t *parser, const char *text, size_t len);

/* The length of the text up to the last top-level key that begins at or before the fault. */
size_t yaml_shape__whole_sections(const char *text, size_t len, size_t fault);

#endif
