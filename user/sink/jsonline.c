// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * jsonline.c - from a jansson tree to one whole line in a file.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sink/jsonline.h"

#define REAL_LIMIT	   9e12 /* times 1e6 still fits an int64_t */
#define READER_PATIENCE_MS 200

struct buffer {
	char *data;
	size_t len, cap;
};

static int append(struct buffer *b, const char *data, size_t len)
{
	if (b->len + len > b->cap) {
		size_t cap = 2 * (b->len + len) + 512;
		char *more = realloc(b->data, cap);

		if (!more)
			return -ENOMEM;
		b->data = more;
		b->cap = cap;
	}
	memcpy(b->data + b->len, data, len);
	b->len += len;
	return 0;
}

/* Digits by hand: printf would follow the locale's decimal point. */
static int append_real(struct buffer *b, double value)
{
	char text[48];
	int64_t micro;
	int len;

	if (!(value >= -REAL_LIMIT && value <= REAL_LIMIT)) /* NaN, too */
		return -EINVAL;
	micro = (int64_t)(value * 1e6 + (value < 0 ? -0.5 : 0.5));
	len = snprintf(text, sizeof(text), "%s%" PRId64 ".%06" PRId64, micro < 0 ? "-" : "",
		       (micro < 0 ? -micro : micro) / 1000000,
		       (micro < 0 ? -micro : micro) % 1000000);
	while (text[len - 1] == '0' && text[len - 2] != '.')
		len--;
	return append(b, text, (size_t)len);
}

/* By jansson: a string that needs escapes, true, false, null. */
static int append_scalar(struct buffer *b, const json_t *value)
{
	size_t len = json_dumpb(value, NULL, 0, JSON_ENCODE_ANY);
	char small[256], *text = small;
	int err;

	if (!len)
		return -EINVAL;
	if (len > sizeof(small)) {
		text = malloc(len);
		if (!text)
			return -ENOMEM;
	}
	json_dumpb(value, text, len, JSON_ENCODE_ANY);
	err = append(b, text, len);
	if (text != small)
		free(text);
	return err;
}

static bool needs_escape(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == '"' || s[i] == '\\')
			return true;
	return false;
}

/*
 * Almost every string is its own spelling. To have jansson say so, once for the length and once for
 * the bytes, with the memory that it takes each time, was half the cost of a line.
 */
static int append_string(struct buffer *b, const char *s, size_t len)
{
	json_t *value;
	int err;

	if (!needs_escape(s, len)) {
		err = append(b, "\"", 1);
		if (!err)
			err = append(b, s, len);
		return err ? err : append(b, "\"", 1);
	}
	value = json_stringn(s, len);
	if (!value)
		return -ENOMEM;
	err = append_scalar(b, value);
	json_decref(value);
	return err;
}

static int append_integer(struct buffer *b, json_int_t value)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, value);

	return append(b, text, (size_t)len);
}

static int append_value(struct buffer *b, const json_t *value);

static int append_object(struct buffer *b, const json_t *object)
{
	json_t *own = (json_t *)object; /* jansson's iteration takes no const */
	bool first = true;
	int err = append(b, "{", 1);

	for (void *i = json_object_iter(own); i && !err; i = json_object_iter_next(own, i)) {
		const char *key = json_object_iter_key(i);

		if (!first)
			err = append(b, ",", 1);
		first = false;
		if (!err)
			err = append_string(b, key, strlen(key));
		if (!err)
			err = append(b, ":", 1);
		if (!err)
			err = append_value(b, json_object_iter_value(i));
	}
	return err ? err : append(b, "}", 1);
}

static int append_array(struct buffer *b, const json_t *array)
{
	int err = append(b, "[", 1);

	for (size_t i = 0; i < json_array_size(array) && !err; i++) {
		if (i)
			err = append(b, ",", 1);
		if (!err)
			err = append_value(b, json_array_get(array, i));
	}
	return err ? err : append(b, "]", 1);
}

static int append_value(struct buffer *b, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return append_object(b, value);
	case JSON_ARRAY:
		return append_array(b, value);
	case JSON_STRING:
		return append_string(b, json_string_value(value), json_string_length(value));
	case JSON_INTEGER:
		return append_integer(b, json_integer_value(value));
	case JSON_REAL:
		return append_real(b, json_real_value(value));
	default:
		return append_scalar(b, value);
	}
}

int jsonline__encode(const json_t *tree, char **line, size_t *len)
{
	struct buffer b = {0};
	int err = append_value(&b, tree);

	if (!err)
		err = append(&b, "\n", 1);
	if (err) {
		free(b.data);
		return err;
	}
	*line = b.data;
	*len = b.len;
	return 0;
}

/* Take `len` bytes back from the end of a regular file, unless somebody has written behind them. */
static bool take_back(int fd, size_t len)
{
	struct stat st;
	off_t end = lseek(fd, 0, SEEK_CUR);

	if (end < (off_t)len || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size != end)
		return false;
	if (ftruncate(fd, end - (off_t)len))
		return false;
	return lseek(fd, end - (off_t)len, SEEK_SET) >= 0;
}

/* How much was written: all, or less with *err set. */
static size_t write_all(int fd, const char *data, size_t len, int *err)
{
	size_t done = 0;

	*err = 0;
	while (done < len) {
		ssize_t n = write(fd, data + done, len - done);

		if (n > 0) {
			done += (size_t)n;
		} else if (n < 0 && errno == EINTR) {
			continue;
		} else if (n < 0 && errno == EAGAIN) {
			struct pollfd p = {.fd = fd, .events = POLLOUT};

			if (poll(&p, 1, READER_PATIENCE_MS) > 0)
				continue;
			*err = -EAGAIN;
			break;
		} else {
			*err = n < 0 ? -errno : -EIO;
			break;
		}
	}
	return done;
}

int jsonline__write(struct jsonline_file *file, const char *line, size_t len)
{
	char *joined = NULL;
	size_t done;
	int err;

	if (file->dirty) {
		joined = malloc(len + 1);
		if (!joined)
			return -ENOMEM;
		joined[0] = '\n';
		memcpy(joined + 1, line, len);
		line = joined;
		len++;
	}
	done = write_all(file->fd, line, len, &err);
	if (!err)
		file->dirty = false;
	else if (done && !take_back(file->fd, done))
		/* A newline alone got out: then the earlier part is ended, and nothing new is
		 * begun. */
		file->dirty = !(joined && done == 1);
	free(joined);
	return err;
}
