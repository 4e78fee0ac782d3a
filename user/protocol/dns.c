// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dns.c - DNS messages (see dns.h).
 *
 * glibc's parser rejects a message that is not whole. So it gets a copy that ends with the last
 * whole answer, with the counts set accordingly: the rest of a cut capture is simply absent.
 */
#include "base/address.h"
#include "leasewatch/units.h"
#include "protocol/dns.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "protocol/text.h"

#define COPY_BYTES 4096 /* of a message; a longer one is read as if it were cut there */

/* Where the header has its counts; RFC 1035 4.1.1. */
#define QDCOUNT 4
#define ANCOUNT 6
#define NSCOUNT 8
#define ARCOUNT 10

static const struct {
	uint16_t type;
	const char *name;
} types[] = {
	{DNS_TYPE_A, "A"},     {DNS_TYPE_NS, "NS"},   {DNS_TYPE_CNAME, "CNAME"},
	{DNS_TYPE_SOA, "SOA"}, {DNS_TYPE_PTR, "PTR"}, {DNS_TYPE_MX, "MX"},
	{DNS_TYPE_TXT, "TXT"}, {DNS_TYPE_SRV, "SRV"}, {DNS_TYPE_AAAA, "AAAA"},
	{DNS_TYPE_ANY, "ANY"},
};

static const char *const rcodes[] = {
	"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",  "REFUSED",
	"YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE",
};

const char *dns_type_name(uint16_t type, char buf[DNS_TYPE_BYTES])
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (types[i].type == type) {
			snprintf(buf, DNS_TYPE_BYTES, "%s", types[i].name);
			return buf;
		}
	}
	snprintf(buf, DNS_TYPE_BYTES, "TYPE%u", type);
	return buf;
}

const char *dns_rcode_name(uint8_t rcode)
{
	return rcode < ARRAY_LEN(rcodes) ? rcodes[rcode] : NULL;
}

void dns_name_normal(char dst[DNS_NAME_BYTES], const char *src, size_t len)
{
	if (len > 1 && src[len - 1] == '.')
		len--;
	text_copy_ascii(dst, DNS_NAME_BYTES, src, len);
	for (char *c = dst; *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + 'a' - 'A');
	}
}

/* A name as glibc's parser writes it: escaped, "" for the root. False: too long to keep. */
static bool keep_name(char dst[DNS_NAME_BYTES], const char *name)
{
	size_t len = strlen(name);

	if (len >= DNS_NAME_BYTES)
		return false;
	dns_name_normal(dst, len ? name : ".", len ? len : 1);
	return true;
}

static void keep_address(struct dns_message *m, const ns_rr *rr)
{
	uint8_t *to;

	if (m->addresses_len == DNS_KEPT_MAX)
		return;
	to = m->addresses[m->addresses_len];
	if (ns_rr_type(*rr) == ns_t_a && ns_rr_rdlen(*rr) == NS_INADDRSZ) {
		address__from_v4(to, ns_rr_rdata(*rr));
		m->addresses_len++;
	} else if (ns_rr_type(*rr) == ns_t_aaaa && ns_rr_rdlen(*rr) == NS_IN6ADDRSZ) {
		memcpy(to, ns_rr_rdata(*rr), NS_IN6ADDRSZ);
		m->addresses_len++;
	}
}

/* SRV: priority, weight, port (two bytes each), then the target's name. */
static void keep_target(struct dns_message *m, const ns_msg *msg, const ns_rr *rr)
{
	const uint8_t *data = ns_rr_rdata(*rr);
	struct dns_target *to;
	char name[NS_MAXDNAME];

	if (m->targets_len == DNS_KEPT_MAX || ns_rr_rdlen(*rr) < 7)
		return;
	if (ns_name_uncompress(ns_msg_base(*msg), ns_msg_end(*msg), data + 6, name, sizeof(name)) <
	    0)
		return;
	to = &m->targets[m->targets_len];
	if (!keep_name(to->name, name))
		return;
	to->port = (uint16_t)ns_get16(data + 4);
	m->targets_len++;
}

static void read_answers(struct dns_message *m, ns_msg *msg)
{
	ns_rr rr;

	for (int i = 0; i < ns_msg_count(*msg, ns_s_an); i++) {
		if (ns_parserr(msg, ns_s_an, i, &rr)) {
			m->malformed = m->partial = true;
			return;
		}
		if (ns_rr_type(rr) != m->type && m->type != DNS_TYPE_ANY)
			continue;
		m->answers++;
		if (ns_rr_type(rr) == ns_t_srv)
			keep_target(m, msg, &rr);
		else
			keep_address(m, &rr);
	}
}

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Bytes of the answers that are whole, from `at` on; *count becomes how many they are. */
static size_t whole_answers(const uint8_t *at, const uint8_t *end, size_t *count)
{
	const uint8_t *start = at;
	size_t n;

	for (n = 0; n < *count; n++) {
		int len = ns_skiprr(at, end, ns_s_an, 1);

		if (len < 0)
			break;
		at += len;
	}
	*count = n;
	return (size_t)(at - start);
}

/* copy[0..have) begins with a header; cut: the message goes on after it. */
static int parse_message(uint8_t *copy, size_t have, bool cut, struct dns_message *m)
{
	size_t questions = ns_get16(copy + QDCOUNT), answers = ns_get16(copy + ANCOUNT);
	size_t whole = answers, end = NS_HFIXEDSZ;
	ns_msg msg;
	ns_rr rr;
	int len;

	m->id = (uint16_t)ns_get16(copy);
	m->is_response = copy[2] & 0x80;
	m->opcode = copy[2] >> 3 & 0xf;
	m->truncated = copy[2] & 0x02;
	m->rcode = copy[3] & 0xf;
	if (questions > 1 || (questions == 0 && !m->is_response))
		return -EBADMSG;
	len = ns_skiprr(copy + end, copy + have, ns_s_qd, (int)questions);
	if (len < 0)
		return cut ? -EAGAIN : -EBADMSG;
	end += (size_t)len;
	end += whole_answers(copy + end, copy + have, &whole);
	m->malformed = whole < answers && !cut && !m->truncated;
	m->partial = whole < answers || m->truncated;
	put16(copy + ANCOUNT, whole);
	put16(copy + NSCOUNT, 0);
	put16(copy + ARCOUNT, 0);
	if (ns_initparse(copy, (int)end, &msg))
		return -EBADMSG;
	if (questions == 0)
		return 0;
	if (ns_parserr(&msg, ns_s_qd, 0, &rr) || !keep_name(m->name, ns_rr_name(rr)))
		return -EBADMSG;
	m->type = ns_rr_type(rr);
	read_answers(m, &msg);
	return 0;
}

int dns_parse(const uint8_t *data, size_t captured, size_t len, struct dns_message *out)
{
	struct dns_message m = {0};
	uint8_t copy[COPY_BYTES];
	size_t have = captured < len ? captured : len;
	int ret;

	if (len < NS_HFIXEDSZ || len > NS_MAXMSG)
		return -EBADMSG;
	if (have < NS_HFIXEDSZ)
		return -EAGAIN;
	if (have > sizeof(copy))
		have = sizeof(copy);
	memcpy(copy, data, have);
	ret = parse_message(copy, have, have < len, &m);
	if (!ret)
		*out = m;
	return ret;
}
