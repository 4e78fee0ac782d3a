# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults of Patroni's nameservers. Patroni caches a name for ten minutes, so a fault of this kind
also restarts Patroni: the new one asks while the old one's lease is still valid."""
import json
import os

import layout
import procs
from layout import nameservers
from registry import fault

TITLE = "Patroni's nameservers (each restarts Patroni)"


def behave(behaviours):
    """{address: what it does}; the others answer."""
    layout.replace(layout.dns_file(), json.dumps(behaviours))


def look_up_again(target, behaviours):
    """Returns when the new Patroni's first query has arrived; what was done."""
    name = target.patroni
    behave(behaviours)
    if procs.state(name) != "dead":
        procs.kill(name)
    asked = os.path.getsize(layout.log_file("nameserver"))
    procs.start_patroni(target.options, name)
    procs.wait_until(
        lambda: os.path.getsize(layout.log_file("nameserver")) > asked,
        20,
        f"{name} asks no nameserver",
    )
    return f"{name} is started again, and looks its etcds up"


def all_do(what):
    return {address: what for address in nameservers()}


@fault("dns-silent", "patroni")
def dns_silent(target):
    """Patroni's nameservers do not answer."""
    return "the nameservers are silent; " + look_up_again(target, all_do("silent"))


@fault("dns-first-silent", "patroni")
def dns_first_silent(target):
    """The first of Patroni's two nameservers does not answer: each lookup takes 5 s."""
    done = look_up_again(target, {nameservers()[0]: "silent"})
    return f"the nameserver {nameservers()[0]} is silent; {done}"


@fault("dns-slow", "patroni")
def dns_slow(target):
    """Patroni's nameservers answer after 2 s."""
    return "the nameservers are slow; " + look_up_again(target, all_do("slow"))


@fault("dns-servfail", "patroni")
def dns_servfail(target):
    """Patroni's nameservers answer SERVFAIL."""
    return "the nameservers answer SERVFAIL; " + look_up_again(target, all_do("servfail"))


@fault("dns-nxdomain", "patroni")
def dns_nxdomain(target):
    """Patroni's nameservers answer that etcd's names do not exist (NXDOMAIN)."""
    return "the nameservers answer NXDOMAIN; " + look_up_again(target, all_do("nxdomain"))


@fault("dns-truncate", "patroni")
def dns_truncate(target):
    """Patroni's nameservers truncate UDP answers: lookups use TCP, and all stays well."""
    return "the nameservers cut UDP short; " + look_up_again(target, all_do("truncate"))


def undo(options):
    behave({})
    if procs.state("nameserver") == "dead":
        procs.start_nameserver(options)


def settle(_options):
    """Nothing here needs the etcds."""
