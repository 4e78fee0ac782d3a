// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stream.c - see stream.h.
 */
#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "stream.h"

#define CERTIFICATE_S (24 * 3600)

static void __attribute__((noreturn)) die_of_tls(const char *what)
{
	errno = 0;
	die("TLS: %s: %s", what, ERR_reason_error_string(ERR_peek_last_error()) ?: "no reason");
}

static SSL_CTX *new_tls(const SSL_METHOD *method)
{
	SSL_CTX *tls = SSL_CTX_new(method);

	if (!tls)
		die_of_tls("no context");
	/* libssl's socket BIO writes without MSG_NOSIGNAL. */
	signal(SIGPIPE, SIG_IGN);
	return tls;
}

static X509 *self_signed(EVP_PKEY *key)
{
	X509 *cert = X509_new();
	X509_NAME *name;

	if (!cert || !key)
		die_of_tls("no certificate");
	name = X509_get_subject_name(cert);
	if (!X509_set_version(cert, 2) || !ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) ||
	    !X509_gmtime_adj(X509_getm_notBefore(cert), 0) ||
	    !X509_gmtime_adj(X509_getm_notAfter(cert), CERTIFICATE_S) ||
	    !X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
					(const unsigned char *)"leasewatch benchmark", -1, -1, 0) ||
	    !X509_set_issuer_name(cert, name) || !X509_set_pubkey(cert, key) ||
	    !X509_sign(cert, key, EVP_sha256()))
		die_of_tls("cannot make a certificate");
	return cert;
}

SSL_CTX *stream__server_tls(void)
{
	SSL_CTX *tls = new_tls(TLS_server_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = self_signed(key);

	if (SSL_CTX_use_certificate(tls, cert) != 1 || SSL_CTX_use_PrivateKey(tls, key) != 1)
		die_of_tls("the certificate is not taken");
	/* A ticket would make the client's socket readable although no answer has come. */
	SSL_CTX_set_num_tickets(tls, 0);
	X509_free(cert);
	EVP_PKEY_free(key);
	return tls;
}

SSL_CTX *stream__client_tls(void)
{
	return new_tls(TLS_client_method());
}

static SSL *new_ssl(int fd, SSL_CTX *tls)
{
	SSL *ssl = SSL_new(tls);

	if (!ssl || SSL_set_fd(ssl, fd) != 1)
		die_of_tls("no connection");
	return ssl;
}

void stream__connected(struct stream *s, int fd, SSL_CTX *tls)
{
	*s = (struct stream){.fd = fd};
	if (!tls)
		return;
	s->ssl = new_ssl(fd, tls);
	SSL_set_connect_state(s->ssl);
	if (SSL_do_handshake(s->ssl) != 1)
		die_of_tls("the handshake");
}

void stream__accepted(struct stream *s, int fd, SSL_CTX *tls)
{
	*s = (struct stream){.fd = fd};
	if (!tls)
		return;
	if (fcntl(fd, F_SETFL, O_NONBLOCK))
		die("fcntl");
	s->ssl = new_ssl(fd, tls);
	SSL_set_accept_state(s->ssl);
}

/* What went wrong, as recv() would say it: 0 = closed by the peer. */
static ssize_t failed(const struct stream *s)
{
	int error = SSL_get_error(s->ssl, 0);

	if (error == SSL_ERROR_ZERO_RETURN)
		return 0;
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		errno = EAGAIN;
	else if (error != SSL_ERROR_SYSCALL || !errno)
		errno = EPIPE;
	return -1;
}

ssize_t stream__send(struct stream *s, const void *data, size_t len)
{
	size_t done;

	if (!s->ssl)
		return send(s->fd, data, len, MSG_NOSIGNAL);
	ERR_clear_error();
	errno = 0;
	return SSL_write_ex(s->ssl, data, len, &done) ? (ssize_t)done : failed(s);
}

ssize_t stream__recv(struct stream *s, void *data, size_t room, int flags)
{
	size_t done;

	if (!s->ssl)
		return recv(s->fd, data, room, flags);
	ERR_clear_error();
	errno = 0;
	return SSL_read_ex(s->ssl, data, room, &done) ? (ssize_t)done : failed(s);
}

void stream__close(struct stream *s)
{
	SSL_free(s->ssl);
	close(s->fd);
	*s = (struct stream){.fd = -1};
}
