/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * maps.h - the state that the BPF programs share. Weak, so that every object may define it and the
 * static linker keeps one.
 */
#ifndef LEASEWATCH_MAPS_H
#define LEASEWATCH_MAPS_H

/* What a target's socket is to us. */
enum follow {
	FOLLOW_UNDECIDED, /* no byte was sent yet */
	FOLLOW_YES,	  /* speaks etcd's API: copy what passes */
	FOLLOW_DNS,	  /* talks to a nameserver */
};

/* Lives in the socket and dies with it. A socket that has none is not ours: that is the filter. */
struct mark {
	__u64 cookie;
	__u32 tgid;
	__u32 follow;
	__u32 call;	    /* the system call that last moved data */
	__u32 next_message; /* of that call, if it is sendmmsg or recvmmsg */
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct mark);
} marks __weak SEC(".maps");

/* tgids of the Patroni processes. Asked on connect, exit, when sockets are adopted, and when a UDP
 * socket sends to port 53: never per byte. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LW_TARGETS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} targets __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, LW_RING_BYTES);
} events __weak SEC(".maps");

/* How often each enum lw_lost happened. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LW_LOST_REASONS);
	__type(key, __u32);
	__type(value, __u64);
} lost __weak SEC(".maps");

#endif
