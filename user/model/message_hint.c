// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * message_hint.c - what to do about a stall: one sentence or two that an operator can act on.
 */
#include <string.h>

#include "base/append.h"
#include "model/message_private.h"
#include "model/patroni_version.h"

#define SAY(...) text_append(buf, size, __VA_ARGS__)

static const char *endpoint_of(const struct diagnosis *d)
{
	return d->endpoint ? d->endpoint->name : "that etcd";
}

/* A member that cannot forward renewals: what to check there, and whether Patroni moves away. */
static void hint_of_forwarding(char *buf, size_t size, const struct member *m)
{
	SAY("It probably cannot reach the etcd leader's peer URL: check DNS and port 2380 from that member");
	if (patroni_bug__is_in(PATRONI_BUG_STAYS, m->version_number))
		SAY("; Patroni %s will not leave it by itself: restart Patroni (not PostgreSQL) to move away.",
		    m->version);
	else
		SAY(", or restart Patroni to move away from it.");
}

void message__hint_error(char *buf, size_t size, const struct member *m)
{
	const struct diagnosis *d = &m->stall.diagnosis;

	switch (d->error) {
	case ETCD_ERROR_NO_LEADER:
		SAY("etcd has no leader: check that a majority of its members runs and can reach each other on port 2380.");
		break;
	case ETCD_ERROR_LEADER_CHANGED:
	case ETCD_ERROR_NOT_PRIMARY_LESSOR:
		SAY("etcd has just elected another leader, and the next attempt should pass; if elections go on, check etcd's disks and the network between its members.");
		break;
	case ETCD_ERROR_FULL:
		SAY("etcd is full (NOSPACE alarm): compact and defragment it, then `etcdctl alarm disarm`.");
		break;
	case ETCD_ERROR_LEARNER:
		SAY("This etcd member is a learner and serves no renewals: take it out of Patroni's etcd hosts, or promote it.");
		break;
	case ETCD_ERROR_LOGIN:
		SAY("etcd refuses Patroni's login: check `username` and `password` in Patroni's etcd section, and whether etcd has authentication enabled.");
		break;
	case ETCD_ERROR_PERMISSION:
		SAY("etcd accepts Patroni's login but not the request: give its role read and write permission on Patroni's key prefix.");
		break;
	case ETCD_ERROR_TOO_MANY_REQUESTS:
		SAY("etcd is overloaded: check its disk latency, and find who sends it so many requests.");
		break;
	case ETCD_ERROR_TIMEOUT:
		if (d->rpc == ETCD_RPC_LEASE_KEEPALIVE)
			hint_of_forwarding(buf, size, m);
		else
			SAY("etcd could not commit it: check that a majority of its members runs and can reach each other on port 2380.");
		break;
	default:
		SAY("Look at this etcd member's log for the error above.");
	}
}

void message__hint_dns(char *buf, size_t size, const struct member *m)
{
	const struct lookup_evidence *l = &m->stall.diagnosis.lookup;
	const char *server = l->server[0] ? l->server : "the nameserver";

	switch (l->outcome) {
	case DNS_NXDOMAIN:
		SAY("The name does not exist there: check it in Patroni's etcd hosts and in the DNS zone; an entry in /etc/hosts helps at once.");
		break;
	case DNS_SERVFAIL:
	case DNS_REFUSED:
		SAY("Check the zone and the forwarders of %s; an entry in /etc/hosts helps at once.",
		    server);
		break;
	default:
		SAY("Check that %s answers (`getent hosts %s`), or take it out of /etc/resolv.conf; an entry in /etc/hosts helps at once.",
		    server, l->name[0] ? l->name : "NAME");
	}
}

/* Patroni's own side: what the host did to it comes before what it waits for. */
void message__hint_host(char *buf, size_t size, const struct member *m)
{
	const struct diagnosis *d = &m->stall.diagnosis;

	if (diagnosis__is_stopped(d))
		SAY("Patroni itself is stopped (SIGSTOP or a debugger): continue it with `kill -CONT %u`.",
		    m->pid);
	else if (thread_delay__matters(&d->delay, d->delay.suspended_ns))
		SAY("This host was suspended (hypervisor, laptop lid): turn that off on a database host.");
	else if (thread_delay__matters(&d->delay, d->delay.throttled_ns))
		SAY("Patroni's cgroup has used up its CPU quota: raise CPUQuota (systemd) or the CPU limit of its container.");
	else if (thread_delay__matters(&d->delay, d->delay.run_delay_ns))
		SAY("Patroni gets no CPU: find what takes it (top), or give Patroni a higher CPUWeight.");
	else if (d->thread.memory_pressure >= 20)
		SAY("This host is short of memory: find out what swaps or reclaims (free, vmstat 1).");
	else if (d->thread.wait.kind == WAIT_POSTGRES)
		SAY("Patroni waits for its own PostgreSQL, not for etcd: find out where PostgreSQL hangs (its log, disk, pg_stat_activity).");
	else if (d->thread.state == 'D')
		SAY("Patroni waits for a disk or a file system: check it (dmesg, iostat).");
	else
		SAY("The fault is on this host: check Patroni's log, and what its main thread waits for.");
}

void message__hint_none(char *buf, size_t size, const struct member *m)
{
	(void)buf;
	(void)size;
	(void)m;
}

void message__hint_refused(char *buf, size_t size, const struct member *m)
{
	(void)m;
	SAY("Nothing listens there: start etcd on that host, or check the address and port in Patroni's configuration.");
}

void message__hint_network(char *buf, size_t size, const struct member *m)
{
	SAY("Check the network path to %s: firewall, routing, host down.",
	    endpoint_of(&m->stall.diagnosis));
}

void message__hint_reset(char *buf, size_t size, const struct member *m)
{
	(void)m;
	SAY("Check whether etcd on that host crashes or restarts, and for a proxy or firewall that resets connections.");
}

void message__hint_lease_lost(char *buf, size_t size, const struct member *m)
{
	(void)m;
	SAY("The lease expired or was revoked in etcd: Patroni must take a new one and may demote; find out who revoked it, or why earlier renewals failed.");
}

void message__hint_silent(char *buf, size_t size, const struct member *m)
{
	if (diagnosis__is_half_healthy(&m->stall.diagnosis))
		hint_of_forwarding(buf, size, m);
	else
		SAY("Its kernel acknowledges the bytes, but etcd does not answer: check whether etcd on that host is stopped, overloaded, short of disk or cut off from the other members.");
}
