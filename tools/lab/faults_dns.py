# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults of Patroni's nameservers. Patroni keeps a name for ten minutes, so a fault of this kind
also restarts Patroni: the new one asks while the old one's lease still runs."""
import json
import os

import layout
import procs
from layout import nameservers
from registry import fault

TITLE = "Patroni's nameservers (each restarts Patroni)"


def behave(behaviours):
    """{address: what it does}; those left out answer."""
    layout.replace(layout.dns_file(), json.dumps(behaviours))


def look_up_again(target, behaviours):
    """Returns when the new Patroni's first query is there; what was done."""
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
    """Patroni's nameservers do not answer when it looks up its etcds; it is restarted for that."""
    return "the nameservers are silent; " + look_up_again(target, all_do("silent"))


@fault("dns-first-silent", "patroni")
def dns_first_silent(target):
    """Only the first of Patroni's two nameservers is silent: each look-up takes 5 s."""
    done = look_up_again(target, {nameservers()[0]: "silent"})
    return f"the nameserver {nameservers()[0]} is silent; {done}"


@fault("dns-slow", "patroni")
def dns_slow(target):
    """Patroni's nameservers answer after 2 s."""
    return "the nameservers are slow; " + look_up_again(target, all_do("slow"))


@fault("dns-servfail", "patroni")
def dns_servfail(target):
    """Patroni's nameservers answer SERVFAIL when it looks up its etcds."""
    return "the nameservers answer SERVFAIL; " + look_up_again(target, all_do("servfail"))


@fault("dns-nxdomain", "patroni")
def dns_nxdomain(target):
    """Patroni's nameservers answer that there are no such etcds (NXDOMAIN)."""
    return "the nameservers answer NXDOMAIN; " + look_up_again(target, all_do("nxdomain"))


@fault("dns-truncate", "patroni")
def dns_truncate(target):
    """Patroni's nameservers answer over TCP only; all works, and must look so."""
    return "the nameservers cut UDP short; " + look_up_again(target, all_do("truncate"))


def undo(options):
    behave({})
    if procs.state("nameserver") == "dead":
        procs.start_nameserver(options)


def settle(_options):
    """Nothing of it waits for the etcds."""
