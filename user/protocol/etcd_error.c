// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * etcd_error.c - which error an answer is. The only place that reads etcd's texts (they are those
 * of api/v3rpc/rpctypes/error.go, the same in 3.4, 3.5 and 3.6 unless said otherwise).
 */
#include <string.h>

#include "leasewatch/units.h"
#include "protocol/etcd.h"

/* gRPC codes by which an error of any wording is known; HTTP says the same with its statuses. */
enum { GRPC_PERMISSION_DENIED = 7, GRPC_UNAUTHENTICATED = 16 };
enum { HTTP_UNAUTHORIZED = 401, HTTP_FORBIDDEN = 403, HTTP_TOO_MANY_REQUESTS = 429 };

/* The first that the message contains counts: an etcd that forwards wraps the other's text. */
static const struct {
	const char *text;
	enum etcd_error error;
} texts[] = {
	{"etcdserver: no leader", ETCD_ERROR_NO_LEADER},
	{"etcdserver: leader changed", ETCD_ERROR_LEADER_CHANGED},
	{"not a primary lessor", ETCD_ERROR_NOT_PRIMARY_LESSOR},
	{"database space exceeded", ETCD_ERROR_FULL},
	{"etcdserver: rpc not supported for learner", ETCD_ERROR_LEARNER},
	{"etcdserver: requested lease not found", ETCD_ERROR_LEASE_NOT_FOUND},
	{"etcdserver: key not found", ETCD_ERROR_KEY_NOT_FOUND},
	{"etcdserver: too many requests", ETCD_ERROR_TOO_MANY_REQUESTS},
	/* Also "..., possibly due to previous leader failure", "... due to connection lost". */
	{"etcdserver: request timed out", ETCD_ERROR_TIMEOUT},
	{"context deadline exceeded", ETCD_ERROR_TIMEOUT},
	{"etcdserver: user name is empty", ETCD_ERROR_LOGIN},
	{"etcdserver: user name not found", ETCD_ERROR_LOGIN},
	{"etcdserver: authentication failed", ETCD_ERROR_LOGIN},
	{"etcdserver: authentication is not enabled", ETCD_ERROR_LOGIN},
	{"etcdserver: invalid auth token", ETCD_ERROR_LOGIN},
	{"etcdserver: revision of auth store is old", ETCD_ERROR_LOGIN},
	{"etcdserver: permission denied", ETCD_ERROR_PERMISSION},
};

enum etcd_error etcd_error_of(int status, int code, const char *message)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (strstr(message, texts[i].text))
			return texts[i].error;
	if (code == GRPC_UNAUTHENTICATED || status == HTTP_UNAUTHORIZED)
		return ETCD_ERROR_LOGIN;
	if (code == GRPC_PERMISSION_DENIED || status == HTTP_FORBIDDEN)
		return ETCD_ERROR_PERMISSION;
	/* With a gRPC code it is one of etcd's own refusals, which the texts above know. */
	if (!code && status == HTTP_TOO_MANY_REQUESTS)
		return ETCD_ERROR_TOO_MANY_REQUESTS;
	return ETCD_ERROR_OTHER;
}
