// SPDX-License-Identifier: GPL-2.0-or-later
/* tls_text.c - alerts and OpenSSL's errors in words (see tls.h). */
#include "leasewatch/units.h"
#include "protocol/tls.h"

/* openssl/err.h and sslerr.h; the numbers are part of its ABI. */
#define ERR_LIB_SSL		   20
#define SSL_R_CERTIFICATE_VERIFY   134
#define SSL_R_PROTOCOL_IS_SHUTDOWN 207
#define SSL_R_UNEXPECTED_EOF	   294
#define SSL_AD_REASON_OFFSET	   1000
#define SSL_AD_REASON_MAX	   1255

struct word {
	unsigned int code;
	const char *text;
};

static const char *find_word(const struct word *words, size_t n, unsigned int code)
{
	for (size_t i = 0; i < n; i++)
		if (words[i].code == code)
			return words[i].text;
	return NULL;
}

const char *tls_alert_text(uint8_t description)
{
	/* RFC 8446 6.2, and what came before it. */
	static const struct word alerts[] = {
		{0, "close notify"},
		{10, "unexpected message"},
		{20, "bad record mac"},
		{22, "record overflow"},
		{40, "handshake failure"},
		{41, "no certificate"},
		{42, "bad certificate"},
		{43, "unsupported certificate"},
		{44, "certificate revoked"},
		{45, "certificate expired"},
		{46, "certificate unknown"},
		{47, "illegal parameter"},
		{48, "unknown CA"},
		{49, "access denied"},
		{50, "decode error"},
		{51, "decrypt error"},
		{70, "protocol version"},
		{71, "insufficient security"},
		{80, "internal error"},
		{86, "inappropriate fallback"},
		{90, "user canceled"},
		{100, "no renegotiation"},
		{109, "missing extension"},
		{110, "unsupported extension"},
		{112, "unrecognized name"},
		{113, "bad certificate status response"},
		{115, "unknown PSK identity"},
		{116, "certificate required"},
		{120, "no application protocol"},
	};

	return find_word(alerts, ARRAY_LEN(alerts), description);
}

enum tls_openssl_kind tls_openssl_error(uint64_t packed, unsigned int *code)
{
	unsigned int lib, reason;

	if (packed > UINT32_MAX || packed & 0x80000000) /* 3: an errno */
		return TLS_OPENSSL_NOTHING;
	lib = (unsigned int)packed >> 24; /* 1.1: lib, function, reason in 8, 12, 12 bits */
	reason = packed & 0xfff;
	if (lib != ERR_LIB_SSL) {
		lib = (unsigned int)packed >> 23; /* 3: lib, reason in 8, 23 bits */
		reason = packed & 0x7fffff;
	}
	if (lib != ERR_LIB_SSL || reason == SSL_R_UNEXPECTED_EOF ||
	    reason == SSL_R_PROTOCOL_IS_SHUTDOWN)
		return TLS_OPENSSL_NOTHING;
	if (reason == SSL_R_CERTIFICATE_VERIFY)
		return TLS_OPENSSL_CERTIFICATE;
	if (reason >= SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_MAX) {
		*code = reason - SSL_AD_REASON_OFFSET;
		return TLS_OPENSSL_ALERT;
	}
	*code = reason;
	return TLS_OPENSSL_PROTOCOL;
}

const char *tls_openssl_reason_text(unsigned int reason)
{
	static const struct word reasons[] = {
		{156, "the answer is plain HTTP"},
		{193, "no shared cipher"},
		{258, "unsupported protocol version"},
		{267, "the answer is no TLS, or of a wrong version"},
		{394, "its DH key is too small"},
		{397, "its CA's key is too small"},
		{398, "its CA's digest is too weak"},
		{399, "its key is too small"},
	};

	return find_word(reasons, ARRAY_LEN(reasons), reason);
}

const char *tls_verify_text(unsigned int code)
{
	/* openssl/x509_vfy.h; the numbers are part of its ABI. */
	static const struct word errors[] = {
		{2, "its issuer's certificate is missing"},
		{7, "its signature is wrong"},
		{9, "it is not valid yet"},
		{10, "it has expired"},
		{18, "it is self-signed"},
		{19, "its chain ends in a self-signed certificate that is not trusted"},
		{20, "its issuer is not among the trusted CAs"},
		{21, "it cannot be verified: its chain is incomplete"},
		{23, "it was revoked"},
		{26, "it is not meant for a server"},
		{28, "its issuer rejects it"},
		{62, "it is not for this host name"},
		{64, "it is not for this IP address"},
		{66, "its key is too weak"},
		{67, "its CA's key is too weak"},
		{68, "its CA's digest is too weak"},
	};

	return find_word(errors, ARRAY_LEN(errors), code);
}
