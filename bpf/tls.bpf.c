// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tls.bpf.c - what the Patroni processes pass to libssl and get from it: the requests and answers
 * of a TLS connection, decrypted, reported with the socket's cookie as if they were in the clear.
 *
 * Who pays: only the targets. The programs are attached to each target's own libraries, for that
 * process only. One program serves all entries and one all returns: the attachment's cookie says
 * which function it is.
 */
#include "leasewatch/event.h"
#include "kernel.h"
#include "maps.h"
#include "emit.h"
#include "socket.h"
#include "tls.h"

#define SSL_RECEIVED_SHUTDOWN 2 /* <openssl/ssl.h> */

/* The upper half of an attachment's cookie is the function, the lower one is the target. */
static __always_inline bool is_our_target(struct pt_regs *ctx, __u32 *function)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	__u64 cookie = bpf_get_attach_cookie(ctx);

	*function = cookie >> 32;
	return (__u32)cookie == tgid && is_target_current(tgid);
}

SEC("uprobe")
int tls_enter(struct pt_regs *ctx)
{
	struct tls_call *call;
	__u32 function;

	if (!is_our_target(ctx, &function))
		return 0;
	call = bpf_task_storage_get(&tls_calls, bpf_get_current_task_btf(), NULL,
				    BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!call) {
		count_lost(LW_LOST_NO_MEMORY);
		return 0;
	}
	call->ssl = LW_CALL_ARG1(ctx);
	call->buf = LW_CALL_ARG2(ctx);
	call->len = function == LW_TLS_READ || function == LW_TLS_WRITE ? (__u32)LW_CALL_ARG3(ctx)
									: LW_CALL_ARG3(ctx);
	call->done = LW_CALL_ARG4(ctx);
	call->cookie = 0;
	call->failed = 0;
	call->function = function;
	call->since_rx_us = 0;
	return 0;
}

/* A function of its own keeps the frames small; `want` is checked by whoever reserved. */
static __noinline int fill_plain(struct lw_event_data *event, const struct tls_call *call,
				 const struct tls_tie *tie, __u64 len, __u32 want)
{
	bool writing;

	if (!event || !call || !tie)
		return 0;
	writing = is_writing(call);
	event->len = len;
	event->since_rx_us = writing ? 0 : call->since_rx_us;
	event->srtt_us = tie->srtt_us;
	event->total_retrans = tie->total_retrans;
	event->since_sent_us =
		writing && tie->sending_ns ? (event->event.ts_ns - tie->sending_ns) / 1000 : 0;
	event->captured = 0;
	if (want) {
		if (bpf_probe_read_user(event->payload, want, (void *)call->buf))
			count_lost(LW_LOST_PAYLOAD);
		else
			event->captured = want;
	}
	event->event.size = sizeof(*event) + event->captured;
	return 0;
}

static __always_inline void emit_plain(const struct tls_call *call, const struct tls_tie *tie,
				       __u64 len, __u32 want, const __u64 room)
{
	__u32 type = is_writing(call) ? LW_EVENT_SEND : LW_EVENT_RECV;
	struct lw_event_data *event;

	event = emit_reserve_own(sizeof(*event) + room, type, tie->cookie);
	if (!event)
		return;
	barrier_var(want); /* the verifier must see the bound here */
	if (want > room)
		want = room;
	fill_plain(event, call, tie, len, want);
	emit_submit(event, CAN_WAIT);
}

static __noinline int tell_plain(struct tls_call *call, struct tls_tie *tie, __u64 len)
{
	__u32 want = len < LW_CAPTURE_BYTES ? len : LW_CAPTURE_BYTES;

	if (!call || !tie)
		return 0;
	/* The same sizes as in data.h. */
	if (want <= 64)
		emit_plain(call, tie, len, want, 64);
	else if (want <= 256)
		emit_plain(call, tie, len, want, 256);
	else if (want <= 512)
		emit_plain(call, tie, len, want, 512);
	else if (want <= 1024)
		emit_plain(call, tie, len, want, 1024);
	else
		emit_plain(call, tie, len, want, LW_CAPTURE_BYTES);
	if (is_writing(call))
		tie->sending_ns = 0;
	return 0;
}

static __always_inline void emit_tls(__u64 cookie, __u32 what, __u64 code)
{
	struct lw_event_tls *event = emit_reserve_own(sizeof(*event), LW_EVENT_TLS, cookie);

	if (!event)
		return;
	event->what = what;
	event->pad = 0;
	event->code = code;
	emit_submit(event, what == LW_TLS_ERROR ? URGENT : CAN_WAIT);
}

/* How many bytes did it move? 0 = none, or it failed. */
static __always_inline __u64 bytes_moved(const struct tls_call *call, int result)
{
	__u64 bytes = 0;

	if (result <= 0)
		return 0;
	if (call->function == LW_TLS_READ || call->function == LW_TLS_WRITE)
		return result;
	if (bpf_probe_read_user(&bytes, sizeof(bytes), (void *)call->done)) {
		count_lost(LW_LOST_PAYLOAD);
		return 0;
	}
	return bytes <= call->len ? bytes : 0;
}

static __always_inline void data_moved(struct tls_call *call, __u64 ssl, __u64 len)
{
	struct tls_key key = {.ssl = ssl, .tgid = bpf_get_current_pid_tgid() >> 32};
	struct tls_tie *tie = bpf_map_lookup_elem(&tls_ties, &key);

	if (!tie)
		return;
	/*
	 * A write always sends. This one did not, on the socket that we know: the object was freed
	 * and its memory reused. A read may be served from data that is already decrypted.
	 */
	if (call->cookie != tie->cookie && (is_writing(call) || call->cookie)) {
		if (!bpf_map_delete_elem(&tls_ties, &key))
			count_tie(key.tgid, -1);
		return;
	}
	tell_plain(call, tie, len);
}

SEC("uretprobe")
int tls_return(struct pt_regs *ctx)
{
	int result = LW_CALL_RESULT(ctx);
	struct tls_call *call;
	__u64 ssl, len;
	__u32 function;

	if (!is_our_target(ctx, &function))
		return 0;
	call = thread_call();
	if (!call || !call->ssl || call->function != function)
		return 0;
	ssl = call->ssl;
	call->ssl = 0;
	if (result <= 0)
		call->failed = call->cookie;
	if (function == LW_TLS_DO_HANDSHAKE) {
		if (result == 1 && call->cookie)
			emit_tls(call->cookie, LW_TLS_HANDSHAKE, 0);
		return 0;
	}
	len = bytes_moved(call, result);
	if (len)
		data_moved(call, ssl, len);
	return 0;
}

/* X509_STORE_CTX_get_error(): libssl calls it after verifying the peer's certificate. */
SEC("uretprobe")
int tls_verify(struct pt_regs *ctx)
{
	int result = LW_CALL_RESULT(ctx);
	struct tls_call *call;
	__u32 function;

	if (!result || !is_our_target(ctx, &function))
		return 0;
	call = thread_call();
	if (call && call->ssl && call->cookie)
		emit_tls(call->cookie, LW_TLS_VERIFY, result);
	return 0;
}

/*
 * ERR_peek_error(): SSL_get_error() calls it, and that is how callers learn why a call failed.
 */
SEC("uretprobe")
int tls_error(struct pt_regs *ctx)
{
	__u64 code = LW_CALL_RESULT_ULONG(ctx);
	struct tls_call *call;
	__u32 function;

	if (!code || !is_our_target(ctx, &function))
		return 0;
	call = thread_call();
	if (!call || call->ssl || !call->failed)
		return 0;
	emit_tls(call->failed, LW_TLS_ERROR, code);
	call->failed = 0;
	return 0;
}

/*
 * SSL_get_shutdown(): a reader that gets nothing asks whether that was the end. So the end is known
 * before the socket closes, even if Patroni closes it first.
 */
SEC("uretprobe")
int tls_shutdown(struct pt_regs *ctx)
{
	int result = LW_CALL_RESULT(ctx);
	struct tls_call *call;
	__u32 function;

	if (!(result & SSL_RECEIVED_SHUTDOWN) || !is_our_target(ctx, &function))
		return 0;
	call = thread_call();
	if (!call || call->ssl || !call->failed)
		return 0;
	emit_tls(call->failed, LW_TLS_CLOSED, 0);
	call->failed = 0;
	return 0;
}

char LICENSE[] SEC("license") __weak = "GPL";
