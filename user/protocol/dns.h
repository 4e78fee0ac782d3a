/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dns.h - one DNS message: the question and the answers.
 *
 * A pure function over untrusted bytes: no I/O, no allocation, no state between calls. The records
 * are read by glibc's parser (ns_parserr). Formats and numbers: RFC 1035, RFC 3596 (AAAA), RFC 2782
 * (SRV); registries: IANA "Domain Name System (DNS) Parameters".
 */
#ifndef LEASEWATCH_DNS_H
#define LEASEWATCH_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_NAME_BYTES 256 /* a name of 253 bytes, and NUL */
#define DNS_TYPE_BYTES 12  /* "TYPE65535", and NUL */
#define DNS_KEPT_MAX   8   /* addresses, and targets, that are kept of one answer */

enum dns_type {
	DNS_TYPE_A = 1,
	DNS_TYPE_NS = 2,
	DNS_TYPE_CNAME = 5,
	DNS_TYPE_SOA = 6,
	DNS_TYPE_PTR = 12,
	DNS_TYPE_MX = 15,
	DNS_TYPE_TXT = 16,
	DNS_TYPE_AAAA = 28,
	DNS_TYPE_SRV = 33,
	DNS_TYPE_ANY = 255,
};

enum dns_rcode {
	DNS_RCODE_NOERROR = 0,
	DNS_RCODE_SERVFAIL = 2,
	DNS_RCODE_NXDOMAIN = 3,
	DNS_RCODE_REFUSED = 5,
};

struct dns_target {
	char name[DNS_NAME_BYTES]; /* as dns_message.name */
	uint16_t port;
};

/*
 * Names are in lower case (DNS ignores case, and a nameserver may return another one), without a
 * final dot; the root is ".". Bytes that are no printable ASCII are escaped as in a zone file
 * (\032), so that a name may be shown.
 */
struct dns_message {
	uint16_t id;
	uint8_t opcode; /* 0 = a query */
	uint8_t rcode;	/* of the header; EDNS's upper bits are not read */
	bool is_response;
	bool truncated; /* the TC flag: the answer did not fit, ask again over TCP */
	bool partial;	/* not all answers were read: truncated, malformed, or the capture ends */
	bool malformed; /* the message is whole, but its answers cannot be read */
	char name[DNS_NAME_BYTES]; /* "" = a response that does not repeat its question (FORMERR) */
	uint16_t type;		   /* asked for; 0 = no question */
	uint16_t answers;	   /* answers of that type (all, for ANY); a part if partial */
	uint8_t addresses_len, targets_len;
	uint8_t addresses[DNS_KEPT_MAX][16];	 /* of A and AAAA answers; IPv4 mapped */
	struct dns_target targets[DNS_KEPT_MAX]; /* of SRV answers */
};

/*
 * data[0..captured) is the beginning of a message of len bytes. Bytes after the answers are not
 * looked at. Returns 0; -EBADMSG: no DNS message, or none with one question that can be shown;
 * -EAGAIN: the capture ends before the question does. *out is untouched on failure.
 */
int dns_parse(const uint8_t *data, size_t captured, size_t len, struct dns_message *out);

/* "A", "SRV", else "TYPE65" (RFC 3597). Returns buf. */
const char *dns_type_name(uint16_t type, char buf[DNS_TYPE_BYTES]);

/* "NXDOMAIN"; NULL = has no name. */
const char *dns_rcode_name(uint8_t rcode);

/*
 * Bring a name that a person or program wrote into the form of dns_message.name: lower case, no
 * final dot; what is not printable ASCII becomes '?'. Cut if too long.
 */
void dns_name_normal(char dst[DNS_NAME_BYTES], const char *src, size_t len);

#endif
