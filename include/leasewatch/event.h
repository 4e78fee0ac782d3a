/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event.h - the records that the BPF programs write and user space decodes.
 *
 * Every record begins with struct lw_event. Widths are fixed, padding is explicit and zero, and
 * sizes are asserted, so that a recorded history can be replayed on another machine of the same
 * byte order. Times are CLOCK_BOOTTIME nanoseconds, because a lease expires while the host is
 * suspended. Addresses are IPv6, with IPv4 mapped (::ffff:a.b.c.d), in network byte order; ports
 * are in host byte order.
 */
#ifndef LEASEWATCH_EVENT_H
#define LEASEWATCH_EVENT_H

#include <linux/types.h>
#include "leasewatch/limits.h"

enum lw_event_type {
	LW_EVENT_STATE = 1, /* struct lw_event_sock: a target's TCP socket changed state */
	LW_EVENT_SEED,	    /* struct lw_event_sock: a target's socket was open before we started */
	LW_EVENT_SEND,	    /* struct lw_event_data */
	LW_EVENT_RECV,	    /* struct lw_event_data */
	LW_EVENT_RETRANSMIT, /* struct lw_event_tcp: a target retransmitted a segment */
	LW_EVENT_SNAPSHOT,   /* struct lw_event_tcp: the socket's state, on request */
	LW_EVENT_EXEC,	     /* struct lw_event_process: any process ran a new program */
	LW_EVENT_EXIT,	     /* struct lw_event_process: a target's last thread ended */
	LW_EVENT_DNS,	     /* struct lw_event_dns: a target asked a nameserver, or was answered */
	LW_EVENT_RESOLVE,    /* struct lw_event_resolve: a target entered or left getaddrinfo() */
	/*
	 * struct lw_event_data: bytes of a TLS connection as they pass the socket; only what is in
	 * the clear can be read. Not for data that SEND and RECV report decrypted.
	 */
	LW_EVENT_TLS_SEND,
	LW_EVENT_TLS_RECV,
	LW_EVENT_TLS, /* struct lw_event_tls: what a target's libssl reports of a connection */
};

/* Why a record, or a part of one, never reached user space. Index of the map `lost`. */
enum lw_lost {
	LW_LOST_RING_FULL, /* the ring buffer was full: a whole record is missing */
	LW_LOST_NO_MEMORY, /* a target's socket could not be marked: it is not followed */
	LW_LOST_PAYLOAD,   /* the caller's buffer could not be read: the record has no payload */
	LW_LOST_TLS_TIE,   /* too many TLS connections at once: what is inside one is not read */
	LW_LOST_BUDGET,	   /* the target has used up what one may put into the ring buffer */
	LW_LOST_REASONS,
};

/* TCP states, as in the kernel's include/net/tcp_states.h (stable: they are in the tcp_info ABI).
 */
enum lw_tcp_state {
	LW_TCP_ESTABLISHED = 1,
	LW_TCP_SYN_SENT,
	LW_TCP_SYN_RECV,
	LW_TCP_FIN_WAIT1,
	LW_TCP_FIN_WAIT2,
	LW_TCP_TIME_WAIT,
	LW_TCP_CLOSE,
	LW_TCP_CLOSE_WAIT,
	LW_TCP_LAST_ACK,
	LW_TCP_LISTEN,
	LW_TCP_CLOSING,
};

/* A process that is followed: the value of the map `targets`, whose key is its pid. */
struct lw_target {
	__u64 start_ticks;  /* as in /proc/PID/stat; with the pid it is who it is. 0 = anyone */
	__u64 window_ns;    /* its budget: when the window began */
	__u64 window_bytes; /* ... and what it has used since; the kernel side counts */
	__u64 tls_sockets;  /* its own in the map `tls_ties` */
};

struct lw_event {
	__u64 ts_ns;
	__u64 cookie; /* the socket's cookie: unique while the host is up; 0 for a process */
	__u32 tgid;   /* of the Patroni process, in the initial pid namespace */
	__u32 tid;    /* the thread in whose context it happened; 0 = none (softirq) */
	__u32 type;   /* enum lw_event_type */
	__u32 size;   /* of the whole record, payload included, in bytes */
};

struct lw_event_sock {
	struct lw_event event;
	__u8 saddr[16];
	__u8 daddr[16];
	__u16 sport;
	__u16 dport;
	__u8 oldstate; /* enum lw_tcp_state; SEED: the same as newstate */
	__u8 newstate;
	__u8 pad[2];
	__s32 err;	   /* sk_err: a positive errno, 0 = none */
	__u32 since_rx_us; /* SEED: since the last segment came in; else 0 */
};

struct lw_event_data {
	struct lw_event event;
	__s32 len;	     /* bytes sent or received; RECV: 0 = the peer closed; < 0: -errno */
	__u32 captured;	     /* bytes of payload that follow, <= len */
	__u32 since_rx_us;   /* RECV: since the last data came in, so how long it was unread */
	__u32 srtt_us;	     /* the kernel's smoothed round trip time, 0 = not measured yet */
	__u32 total_retrans; /* retransmissions since the socket was opened */
	__u32 since_sent_us; /* SEND through TLS: since its first byte left; else 0 */
	__u8 payload[];
};

struct lw_event_tcp {
	struct lw_event event;
	__u32 state;	     /* enum lw_tcp_state */
	__u32 unacked_bytes; /* sent, not acknowledged by the peer's kernel */
	__u32 unsent_bytes;  /* written by Patroni, not sent yet */
	__u32 unread_bytes;  /* received, not read by Patroni */
	__u32 total_retrans;
	__u32 retransmits; /* of the segment now outstanding */
	__u32 backoff;	   /* doublings of the retransmission timer */
	__u32 srtt_us;
	__u32 since_rx_us; /* since data last came in, in whole ticks of the kernel */
	__u32 pad;
};

struct lw_event_process {
	struct lw_event event;
	char comm[LW_COMM_BYTES]; /* EXEC: the new name; EXIT: the last one */
};

/*
 * One datagram, or one piece of a TCP stream, to or from port 53. Over TCP a message is preceded by
 * its length in two bytes, which may come as a separate piece.
 */
struct lw_event_dns {
	struct lw_event event; /* cookie: of the socket; tid: the thread that asks */
	__u8 server[16];       /* the nameserver; all zero = not known (an answer on a socket that
				  talks to several) */
	__u16 port;
	__u8 received;	/* 0 = sent, 1 = received */
	__u8 tcp;	/* 0 = UDP, 1 = TCP */
	__s32 len;	/* bytes sent or received; < 0: -errno. received = 1 then: what the network
			   says of the queries that wait on this socket (ECONNREFUSED: nobody
			   listens), it may be told twice; received = 0: this query was not sent */
	__u32 captured; /* bytes of payload that follow, <= len */
	__u32 pad;
	__u8 payload[];
};

struct lw_event_resolve {
	struct lw_event event;
	__u8 done; /* 0 = entered: name is set; 1 = returned: result is set */
	__u8 pad[3];
	__s32 result;		  /* of getaddrinfo(): 0, or the libc's EAI_* */
	char name[LW_HOST_BYTES]; /* the node argument, "" = NULL or not readable */
};

/* A function of libssl: the upper half of the cookie with which a program is attached to it. */
enum lw_tls_function {
	LW_TLS_READ,
	LW_TLS_READ_EX,
	LW_TLS_WRITE,
	LW_TLS_WRITE_EX,
	LW_TLS_DO_HANDSHAKE,
	LW_TLS_OTHER, /* those that have their own program */
};

enum lw_tls_what {
	LW_TLS_HANDSHAKE, /* the handshake is done; code 0 */
	LW_TLS_VERIFY,	  /* the peer's certificate: code is OpenSSL's X509_V_ERR_*, never 0 */
	LW_TLS_ERROR,	  /* a call failed: code is what OpenSSL's ERR_peek_error() returned */
	LW_TLS_CLOSED,	  /* the peer announced that it sends no more (close_notify); code 0 */
	LW_TLS_UNTIED,	  /* it is one too many: what is inside is not read; code 0 */
};

struct lw_event_tls {
	struct lw_event event; /* cookie: of the socket */
	__u32 what;	       /* enum lw_tls_what */
	__u32 pad;
	__u64 code;
};

_Static_assert(sizeof(struct lw_event) == 32, "the record header has a fixed size");
_Static_assert(sizeof(struct lw_event_sock) == 80, "no hidden padding");
_Static_assert(sizeof(struct lw_event_data) == 56, "no hidden padding");
_Static_assert(sizeof(struct lw_event_tcp) == 72, "no hidden padding");
_Static_assert(sizeof(struct lw_event_process) == 48, "no hidden padding");
_Static_assert(sizeof(struct lw_event_dns) == 64, "no hidden padding");
_Static_assert(sizeof(struct lw_event_tls) == 48, "no hidden padding");
_Static_assert(sizeof(struct lw_event_resolve) == 296, "no hidden padding");

#endif
