/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * links.h - taking hooks away without making anybody wait for it.
 *
 * To detach a uprobe takes some 100 to 200 ms: the kernel waits until nobody can be running the
 * program any more. Meanwhile it lets nobody attach one either.
 */
#ifndef LEASEWATCH_LINKS_H
#define LEASEWATCH_LINKS_H

#include <stddef.h>
#include <bpf/libbpf.h>

/*
 * Detach these, some of which may be NULL, in the background: the ring buffer must not overflow
 * meanwhile. And not at once: a Patroni that goes is often followed by one that comes, whose hooks
 * would have to wait. Where memory is out they stay, and find no target.
 */
void links__destroy_later(struct bpf_link **links, size_t n);

/* Detach these now, as many at a time as the kernel allows. */
void links__destroy(struct bpf_link **links, size_t n);

#endif
