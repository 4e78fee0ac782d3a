# SPDX-License-Identifier: GPL-2.0-or-later
"""A network that is slow, or loses packets: where the kernel has netem (tests/vm: Debian's)."""
import contextlib
import subprocess

import pytest

from lab import LAB, wait_until


def tc(lab, *args):
    done = subprocess.run([LAB, "exec", "--name", lab.name, "--", "tc", *args], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode == 0, done.stdout


@contextlib.contextmanager
def network(lab, member, *what):
    """Packets to the member's client port go through netem; those of the etcds among each other do not."""
    known, said = tc(lab, "qdisc", "add", "dev", "lo", "root", "handle", "1:", "prio")
    if known:
        known, said = tc(lab, "qdisc", "add", "dev", "lo", "parent", "1:3", "handle", "30:", "netem", *what)
    try:
        if not known:
            pytest.skip(f"this kernel has no netem: {said.strip()}")
        match = ["match", "ip", "dst", f"127.0.{lab.net}.1{member[-1]}/32", "match", "ip", "dport", "2379", "0xffff"]
        known, said = tc(lab, "filter", "add", "dev", "lo", "parent", "1:", "protocol", "ip", "prio", "1", "u32",
                         *match, "flowid", "1:3")
        assert known, said
        yield
    finally:
        tc(lab, "qdisc", "del", "dev", "lo", "root")


def member_in_use(lab):
    return lab.status()["patronis"][0]["uses"]


def test_packets_are_lost(quick_lab, trace):
    """Sent bytes are not acknowledged: the network's fault, not etcd's."""
    t = trace(quick_lab)
    wait_until("a renewal", t.renewals, 20)
    member = member_in_use(quick_lab)
    with network(quick_lab, member, "loss", "100%"):
        begin = t.wait_for(30, event="stall", phase="begin")
        assert begin["cause"] == "network_loss", begin
        assert begin["endpoint"] == quick_lab.endpoint(member)
        # It is in the evidence that the other end's kernel has not acknowledged what was sent.
        assert begin["evidence"]["tcp.unacked_bytes"] > 0, begin
    t.wait_for(40, event="stall", phase="end", stall_id=begin["stall_id"])
    quick_lab("heal")
    assert t.stop() == 2


def test_the_network_is_slow(quick_lab, trace):
    """Every request takes longer than it should, none long enough for an alarm."""
    t = trace(quick_lab)
    wait_until("a renewal", t.renewals, 20)
    member = member_in_use(quick_lab)
    with network(quick_lab, member, "delay", "150ms"):
        state = t.wait_for(60, event="endpoint", state="slow")
        assert state["endpoint"] == quick_lab.endpoint(member)

        def late():
            return [k for k in t.renewals() if k["ts_s"] > state["ts_s"]]

        wait_until("two renewals", lambda: len(late()) >= 2, 40)
        assert all(k["duration_s"] >= 0.15 for k in late())
    quick_lab("heal")
    assert t.stop() == 0
    assert not t.events(event="stall")
