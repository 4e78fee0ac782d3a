/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * maps.h - the state that the BPF programs share. Weak, so that every object may define it and the
 * linker keeps one.
 */
#ifndef LEASEWATCH_MAPS_H
#define LEASEWATCH_MAPS_H

/* How a target's socket is followed. */
enum follow {
	FOLLOW_UNDECIDED, /* no byte sent yet */
	FOLLOW_YES,	  /* speaks etcd's API: copy what passes */
	FOLLOW_DNS,	  /* talks to a nameserver */
	FOLLOW_TLS,	  /* speaks TLS: a handshake, or we have not read what is inside */
	FOLLOW_TLS_PLAIN, /* speaks TLS, and what is inside is read through its libssl */
};

/* Lives and dies with the socket. A socket without one is not followed: that is the filter. */
struct mark {
	__u64 cookie;
	__u32 tgid;
	__u32 follow;
	__u32 call;	    /* the system call that last transferred data */
	__u32 next_message; /* of that call, if it is sendmmsg or recvmmsg */
	__u32 foreign;	    /* writes through TLS so far that are not etcd's API */
	__u32 untied;	    /* user space knows that what is inside is not read */
	__u64 ssl;	    /* the SSL object that belongs to it, 0 = none */
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct mark);
} marks __weak SEC(".maps");

/* tgids of the Patroni processes. Looked up on connect, on exit, when sockets are adopted, and when
 * a UDP socket sends to port 53: never per byte. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LW_TARGETS_MAX);
	__type(key, __u32);
	__type(value, struct lw_target);
} targets __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, LW_RING_BYTES);
} events __weak SEC(".maps");

/* Programs that begin and end: struct lw_event_process only. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, LW_PROCESS_RING_BYTES);
} process_events __weak SEC(".maps");

/* The call into libssl that a target's thread is in, or just left. Dies with the thread. */
struct tls_call {
	__u64 ssl; /* 0 = in no call */
	__u64 buf, len;
	__u64 done;	   /* the _ex calls: where the number of bytes goes */
	__u64 cookie;	   /* of the TLS socket that it moved data on, 0 = none */
	__u64 failed;	   /* the same of the last call, if that failed */
	__u32 function;	   /* enum lw_tls_function */
	__u32 since_rx_us; /* at its first receive: how long data had waited */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct tls_call);
} tls_calls __weak SEC(".maps");

/*
 * Which socket is this SSL object? Seen once the object has moved data on a followed socket, and
 * dropped when that socket closes.
 */
struct tls_key {
	__u64 ssl;
	__u32 tgid;
	__u32 pad;
};

struct tls_tie {
	__u64 cookie;
	__u64 sending_ns; /* since when a write is on its way, 0 = none */
	__u32 srtt_us;
	__u32 total_retrans;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LW_TLS_SOCKETS_MAX);
	__type(key, struct tls_key);
	__type(value, struct tls_tie);
} tls_ties __weak SEC(".maps");

/* How often each enum lw_lost happened. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LW_LOST_REASONS);
	__type(key, __u32);
	__type(value, __u64);
} lost __weak SEC(".maps");

#endif
