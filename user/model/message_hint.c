// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * message_hint.c - what to do about a stall: one sentence or two that an operator can act on.
 */
#include <string.h>

#include "model/message_private.h"
#include "model/patroni_version.h"

#define SAY(...) message__append(buf, size, __VA_ARGS__)

static const char *endpoint_of(const struct diagnosis *d)
{
	return d->endpoint ? d->endpoint->name : "that etcd";
}

/* A member that cannot forward renewals: what to check there, and whether Patroni moves away. */
static void hint_of_forwarding(char *buf, size_t size, const struct member *m)
{
	SAY("It probably cannot reach the etcd leader's peer URL: check DNS and port 2380 from "
	    "that member");
	if (patroni_bug__is_in(PATRONI_BUG_STAYS, m->version_number))
		SAY("; Patroni %s will not leave it by itself: restart Patroni (not PostgreSQL) to "
		    "move away.",
		    m->version);
	else
		SAY(", or restart Patroni to move away from it.");
}

static void hint_of_error(char *buf, size_t size, const struct member *m)
{
	const struct diagnosis *d = &m->stall.diagnosis;

	switch (d->error) {
	case ETCD_ERROR_NO_LEADER:
		SAY("etcd has no leader: check that a majority of its members runs and can reach "
		    "each other on port 2380.");
		break;
	case ETCD_ERROR_LEADER_CHANGED:
	case ETCD_ERROR_NOT_PRIMARY_LESSOR:
		SAY("etcd has just elected another leader, and the next attempt should pass; if "
		    "elections go on, check etcd's disks and the network between its members.");
		break;
	case ETCD_ERROR_FULL:
		SAY("etcd is full (NOSPACE alarm): compact and defragment it, then `etcdctl alarm "
		    "disarm`.");
		break;
	case ETCD_ERROR_LEARNER:
		SAY("This etcd member is a learner and serves no renewals: take it out of "
		    "Patroni's etcd hosts, or promote it.");
		break;
	case ETCD_ERROR_LOGIN:
		SAY("etcd refuses Patroni's login: check `username` and `password` in Patroni's "
		    "etcd section, and whether etcd has authentication enabled.");
		break;
	case ETCD_ERROR_PERMISSION:
		SAY("etcd accepts Patroni's login but not the request: give its role read and "
		    "write permission on Patroni's key prefix.");
		break;
	case ETCD_ERROR_TOO_MANY_REQUESTS:
		SAY("etcd is overloaded: check its disk latency, and find who sends it so many "
		    "requests.");
		break;
	case ETCD_ERROR_TIMEOUT:
		if (d->rpc == ETCD_RPC_LEASE_KEEPALIVE)
			hint_of_forwarding(buf, size, m);
		else
			SAY("etcd could not commit it: check that a majority of its members runs "
			    "and can reach each other on port 2380.");
		break;
	default:
		SAY("Look at this etcd member's log for the error above.");
	}
}

static void hint_of_dns(char *buf, size_t size, const struct lookup_evidence *l)
{
	const char *server = l->server[0] ? l->server : "the nameserver";

	switch (l->outcome) {
	case DNS_NXDOMAIN:
		SAY("The name does not exist there: check it in Patroni's etcd hosts and in the "
		    "DNS zone; an entry in /etc/hosts helps at once.");
		break;
	case DNS_SERVFAIL:
	case DNS_REFUSED:
		SAY("Check the zone and the forwarders of %s; an entry in /etc/hosts helps at "
		    "once.",
		    server);
		break;
	default:
		SAY("Check that %s answers (`getent hosts %s`), or take it out of "
		    "/etc/resolv.conf; an entry in /etc/hosts helps at once.",
		    server, l->name[0] ? l->name : "NAME");
	}
}

/* Patroni's own side: what the host did to it comes before what it waits for. */
static void hint_of_host(char *buf, size_t size, const struct diagnosis *d, uint32_t pid)
{
	if (message__is_stopped(&d->thread))
		SAY("Patroni itself is stopped (SIGSTOP or a debugger): continue it with `kill "
		    "-CONT %u`.",
		    pid);
	else if (message__matters(d->delay.suspended_ns, &d->delay))
		SAY("This host was suspended (laptop lid, hypervisor): a database host must not "
		    "be.");
	else if (message__matters(d->delay.throttled_ns, &d->delay))
		SAY("Patroni's cgroup has used up its CPU quota: raise CPUQuota (systemd) or the "
		    "CPU limit of its container.");
	else if (message__matters(d->delay.run_delay_ns, &d->delay))
		SAY("Patroni gets no CPU: find what takes it (top), or give Patroni a higher "
		    "CPUWeight.");
	else if (d->thread.memory_pressure >= 20)
		SAY("This host is short of memory: see what swaps or reclaims (free, vmstat 1).");
	else if (d->thread.wait.kind == WAIT_POSTGRES)
		SAY("Patroni waits for its own PostgreSQL, not for etcd: see what PostgreSQL hangs "
		    "in (its log, disk, pg_stat_activity).");
	else if (d->thread.state == 'D')
		SAY("Patroni waits for a disk or file system: look at it (dmesg, iostat).");
	else
		SAY("The fault is on this host: see Patroni's log, and what its main thread waits "
		    "for.");
}

void message__hint(char *buf, size_t size, const struct member *m)
{
	const struct diagnosis *d = &m->stall.diagnosis;

	switch (d->cause) {
	case CAUSE_DNS:
		hint_of_dns(buf, size, &d->lookup);
		break;
	case CAUSE_CONNECT_REFUSED:
		SAY("Nothing listens there: start etcd on that host, or check the address and port "
		    "in Patroni's configuration.");
		break;
	case CAUSE_NETWORK_LOSS:
		SAY("Check the network path to %s: firewall, routing, host down.", endpoint_of(d));
		break;
	case CAUSE_TLS:
		message__tls_hint(buf, size, d);
		break;
	case CAUSE_CONNECTION_RESET:
		SAY("Check whether etcd on that host crashes or restarts, and for a proxy or "
		    "firewall that resets connections.");
		break;
	case CAUSE_ENDPOINT_ERROR:
		hint_of_error(buf, size, m);
		break;
	case CAUSE_LEASE_LOST:
		SAY("The lease expired or was revoked in etcd: Patroni must take a new one and may "
		    "demote; see who revoked it, or why earlier renewals failed.");
		break;
	case CAUSE_LOCAL_DELAY:
	case CAUSE_NOT_ATTEMPTED:
		hint_of_host(buf, size, d, m->pid);
		break;
	case CAUSE_ENDPOINT_SILENT:
		if (message__is_half_healthy(d))
			hint_of_forwarding(buf, size, m);
		else
			SAY("Its kernel takes the bytes, etcd does not answer: check whether etcd "
			    "on that host is stopped, overloaded, short of disk or cut off from "
			    "the other members.");
		break;
	default:
		break;
	}
}
