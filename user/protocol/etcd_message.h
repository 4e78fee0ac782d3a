/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * etcd_message.h - makes somebody else's error text fit to show.
 */
#ifndef LEASEWATCH_ETCD_MESSAGE_H
#define LEASEWATCH_ETCD_MESSAGE_H

#include <stddef.h>

/*
 * The first line that says something, without HTML tags, in printable ASCII. What looks like a
 * token, or follows a word that announces one, becomes "***". dst always ends with NUL; cut when
 * too long.
 */
void etcd_message_clean(char *dst, size_t size, const char *src, size_t len);

#endif
