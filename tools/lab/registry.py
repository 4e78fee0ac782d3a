# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of faults, and their targets. Each theme (faults_*.py) adds its own."""
import etcdapi
import layout
import procs
import sockets
from etcdapi import EtcdError

FAULTS = {}


class Fault:
    """function(target) does it inside the lab, and returns one sentence on what was done to whom.
    takes: "member" or "patroni" when it is done to one that the caller may choose, or None.
    lasting: False for a disturbance that is over when the function returns."""

    def __init__(self, function, takes, lasting):
        self.function = function
        self.takes = takes
        self.lasting = lasting
        self.what = function.__doc__.strip().splitlines()[0]


def fault(name, takes, lasting=True):
    """To add a fault, write one function under it in the file of its theme: the docstring's first
    line is what `lab faults` prints. What needs undoing must be undone in the theme's undo() or
    settle(), which healing calls whatever state the lab is in."""

    def register(function):
        FAULTS[name] = Fault(function, takes, lasting)
        return function

    return register


class Target:
    """Who a fault is done to, looked up only by the faults that ask."""

    def __init__(self, options, member=None, patroni=None):
        self.options = options
        self._member = member
        self._patroni = patroni

    @property
    def patroni(self):
        if self._patroni is None:
            self._patroni = leading_patroni(self.options)
        return self._patroni

    @property
    def member(self):
        if self._member is None:
            self._member = procs.wait_until(
                lambda: sockets.member_in_use(self.options, self.patroni),
                self.options.loop_wait + 2,
                lambda: f"{self.patroni} has no connection to any etcd: say which with --member",
                step=0.2,
            )
        return self._member

    @property
    def others(self):
        return [name for name in self.options.etcd_names() if name != self.member]


def leading_patroni(options):
    """The owner of the leader key; the first that runs when there is no such."""
    try:
        key = etcdapi.leader_key(options, timeout=1.0, serializable=True)
        if key and key["member"] in options.patroni_names():
            return key["member"]
    except EtcdError:
        pass
    running = [name for name in options.patroni_names() if procs.state(name) != "dead"]
    return (running or options.patroni_names())[0]


def who(member):
    return f"{member} ({layout.address(member)})"
