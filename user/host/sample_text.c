// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sample_text.c - the small files of /proc and of cgroups, as values. No I/O. By hand and not with
 * scanf or strtod: those skip newlines, wrap on overflow, and read numbers as the locale writes
 * them.
 */
#include <stdlib.h>
#include <string.h>

#include "host/sample_private.h"

static const char *skip_spaces(const char *p)
{
	while (*p == ' ')
		p++;
	return p;
}

static const char *skip_word(const char *p)
{
	p = skip_spaces(p);
	return p + strcspn(p, " \n");
}

/* Digits of base 10 or 16 up to a character that is none. */
static bool take_number(const char **p, unsigned int base, uint64_t *out)
{
	const char *s = *p;
	uint64_t value = 0;

	for (;; s++) {
		unsigned int digit;

		if (*s >= '0' && *s <= '9')
			digit = (unsigned int)(*s - '0');
		else if (base == 16 && (*s | 0x20) >= 'a' && (*s | 0x20) <= 'f')
			digit = (unsigned int)((*s | 0x20) - 'a') + 10;
		else
			break;
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return false;
	}
	if (s == *p)
		return false;
	*p = s;
	*out = value;
	return true;
}

static bool counter(const char **p, int64_t *out)
{
	uint64_t value;

	*p = skip_spaces(*p);
	if (!take_number(p, 10, &value) || value > INT64_MAX)
		return false;
	*out = (int64_t)value;
	return true;
}

bool sample_text__stat(const char *text, struct sample_stat *out)
{
	/* The name may hold anything, also ")" and newlines; what follows it are numbers. */
	const char *p = strrchr(text, ')');
	struct sample_stat s;

	if (!p || p[1] != ' ' || !((p[2] | 0x20) >= 'a' && (p[2] | 0x20) <= 'z') || p[3] != ' ')
		return false;
	s.state = p[2];
	p += 3;
	if (!counter(&p, &s.ppid))
		return false;
	/* pgrp session tty_nr tpgid (may be -1) flags minflt cminflt */
	for (int i = 0; i < 7; i++)
		p = skip_word(p);
	if (!counter(&p, &s.major_faults))
		return false;
	*out = s;
	return true;
}

bool sample_text__schedstat(const char *text, int64_t *runtime_ns, int64_t *run_delay_ns)
{
	int64_t runtime, delay;

	if (!counter(&text, &runtime) || !counter(&text, &delay))
		return false;
	/* A kernel that does not count says "0 0 0". */
	if (!runtime && !delay)
		return false;
	*runtime_ns = runtime;
	*run_delay_ns = delay;
	return true;
}

bool sample_text__syscall(const char *text, struct sample_syscall *out)
{
	struct sample_syscall s = {.nr = -1};

	if (strncmp(text, "-1 ", 3) == 0) {
		*out = s;
		return true;
	}
	if (!counter(&text, &s.nr) || s.nr > INT32_MAX)
		return false;
	for (int i = 0; i < 6; i++) {
		text = skip_spaces(text);
		if (text[0] != '0' || text[1] != 'x')
			return false;
		text += 2;
		if (!take_number(&text, 16, &s.args[i]))
			return false;
	}
	*out = s;
	return true;
}

int64_t sample_text__value(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		int64_t value;

		line += *line == '\n';
		if (strncmp(line, key, len) != 0 || line[len] != ' ')
			continue;
		line += len;
		return counter(&line, &value) ? value : -1;
	}
	return -1;
}

double sample_text__pressure(const char *text)
{
	static const char head[] = "some avg10=";
	const char *p = text + sizeof(head) - 1;
	double value, unit = 1;
	uint64_t whole;

	if (strncmp(text, head, sizeof(head) - 1) != 0 || !take_number(&p, 10, &whole) ||
	    whole > 100)
		return -1;
	value = (double)whole;
	if (*p == '.')
		for (p++; *p >= '0' && *p <= '9' && unit > 1e-6; p++)
			value += (*p - '0') * (unit /= 10);
	return value;
}

double sample_text__quota(const char *text)
{
	int64_t quota, period;

	if (strncmp(text, "max", 3) == 0 && (text[3] == ' ' || text[3] == '\n' || !text[3]))
		return 0;
	if (!counter(&text, &quota) || !counter(&text, &period) || !quota || !period)
		return -1;
	return (double)quota / (double)period;
}

/* "0100007F:1538": words of 32 bits, each printed as the host's number of network bytes. */
static bool inet_end(const char **line, uint8_t addr[16], uint16_t *port, bool *is_v6)
{
	const char *p = skip_spaces(*line);
	size_t len = strspn(p, "0123456789abcdefABCDEF");
	char word[9] = "";
	uint64_t value;

	if ((len != 8 && len != 32) || p[len] != ':')
		return false;
	memset(addr, 0, 16);
	for (size_t i = 0; i < len / 8; i++) {
		uint32_t bits;

		memcpy(word, p + 8 * i, 8);
		bits = (uint32_t)strtoul(word, NULL, 16);
		memcpy(addr + 4 * i, &bits, sizeof(bits));
	}
	p += len + 1;
	if (!take_number(&p, 16, &value) || value > UINT16_MAX)
		return false;
	*is_v6 = len == 32;
	*port = (uint16_t)value;
	*line = p;
	return true;
}

bool sample_text__inet(const char *line, struct sample_inet *out)
{
	struct sample_inet s;
	uint64_t state;
	bool is_v6;

	line = skip_word(line); /* "12:" */
	if (!inet_end(&line, s.local, &s.local_port, &s.is_v6) ||
	    !inet_end(&line, s.remote, &s.remote_port, &is_v6) || is_v6 != s.is_v6)
		return false;
	line = skip_spaces(line);
	if (!take_number(&line, 16, &state) || state > UINT8_MAX)
		return false;
	s.state = (unsigned int)state;
	/* tx_queue:rx_queue tr:when retrnsmt uid timeout */
	for (int i = 0; i < 5; i++)
		line = skip_word(line);
	line = skip_spaces(line);
	if (!take_number(&line, 10, &s.inode))
		return false;
	*out = s;
	return true;
}

/* Is the word in a list with commas? */
static bool listed(const char *list, size_t len, const char *word)
{
	size_t want = strlen(word);

	while (len) {
		const char *comma = memchr(list, ',', len);
		size_t n = comma ? (size_t)(comma - list) : len;

		if (n == want && memcmp(list, word, n) == 0)
			return true;
		list += n + !!comma;
		len -= n + !!comma;
	}
	return false;
}

bool sample_text__cgroup(const char *text, const char *controller, char *out, size_t size)
{
	for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
		const char *list = memchr(text, ':', (size_t)(end - text));
		const char *path = list ? memchr(list + 1, ':', (size_t)(end - list - 1)) : NULL;
		size_t list_len, len;

		if (!path)
			continue;
		list_len = (size_t)(path - list - 1);
		if (controller ? !listed(list + 1, list_len, controller)
			       : list_len || strncmp(text, "0:", 2) != 0)
			continue;
		path++;
		len = (size_t)(end - path);
		if (*path != '/' || len >= size)
			return false;
		memcpy(out, path, len);
		out[len] = '\0';
		return true;
	}
	return false;
}

/* mountinfo writes space, tab, newline and backslash of a path as \040 and so on. */
static void unescape_octal(char *s)
{
	char *to = s;

	for (; *s; s++, to++) {
		*to = *s;
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*to = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		}
	}
	*to = '\0';
}

bool sample_text__mountinfo(char *line, struct sample_mountinfo *out)
{
	char *save, *words[6], *root, *point, *type, *options, *word;

	for (int i = 0; i < 6; i++) {
		words[i] = strtok_r(i ? NULL : line, " ", &save);
		if (!words[i])
			return false;
	}
	root = words[3];
	point = words[4];
	do {
		word = strtok_r(NULL, " ", &save);
		if (!word)
			return false;
	} while (strcmp(word, "-") != 0);
	type = strtok_r(NULL, " ", &save);
	word = strtok_r(NULL, " ", &save);
	options = strtok_r(NULL, " ", &save);
	if (!type || !word || !options)
		return false;
	unescape_octal(root);
	unescape_octal(point);
	*out = (struct sample_mountinfo){root, point, type, options};
	return true;
}
