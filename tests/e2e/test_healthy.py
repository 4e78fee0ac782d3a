# SPDX-License-Identifier: GPL-2.0-or-later
"""A healthy cluster: every renewal is seen as it is, nobody else is seen, nothing is alarmed."""
import re
import subprocess

from lab import LAB, seconds


def lease_of(lab):
    return lab.status()["leader_key"]["lease"]


def strace_keepalives(path):
    """(seconds since 1970, shortest, longest duration) of each keepalive.

    The truth lies between counting from the send's begin and from its return: strace itself delays
    the latter.
    """
    pending, found = {}, []
    line_re = re.compile(r"^\d+\s+(\d+\.\d+) (sendto|recvfrom)\((\d+), (.*) = (-?\d+).*<(\d+\.\d+)>$")
    for line in open(path):
        m = line_re.match(line)
        if not m or int(m[5]) <= 0:
            continue
        end = float(m[1]) + float(m[6])
        if m[2] == "sendto" and "POST /v3/lease/keepalive" in m[4]:
            pending[m[3]] = float(m[1]), end
        elif m[2] == "recvfrom" and m[3] in pending:
            begin, returned = pending.pop(m[3])
            found.append((begin, end - returned, end - begin))
    return found


def test_every_renewal_is_one_request(quick_lab, trace, tmp_path):
    pid = quick_lab.pid("patroni1")
    strace = subprocess.Popen(["strace", "-f", "-ttt", "-T", "-e", "trace=sendto,recvfrom", "-s", "64",
                               "-o", str(tmp_path / "strace"), "-p", str(pid)],
                              stderr=subprocess.DEVNULL)
    t = trace("-d", "27")
    bystanders = 0
    t.wait_for(10, event="process", phase="found")
    while t.process.poll() is None:
        subprocess.run([LAB, "etcdctl", "--name", quick_lab.name, "--", "get", "x"], check=True,
                       stdout=subprocess.DEVNULL)
        subprocess.run([LAB, "exec", "--name", quick_lab.name, "--", "curl", "-s", "-d", "{}",
                        "http://etcd1.lab:2379/v3/cluster/member/list"], check=True,
                       stdout=subprocess.DEVNULL)
        bystanders += 1
    strace.terminate()
    strace.wait(10)
    assert t.process.returncode == 0
    assert bystanders > 5

    events = t.events()
    assert events[0]["event"] == "start" and events[-1]["event"] == "summary"
    assert not t.events(event="stall") and not t.events(event="lost")
    assert {e["process.pid"] for e in events if "process.pid" in e} == {pid}

    keepalives = t.events(event="request", etcd__rpc="lease/keepalive")
    status = quick_lab.status()
    assert 4 <= len(keepalives) <= 7
    for k in keepalives:
        assert k["lease.ttl_s"] == 30
        assert k["lease.id"] == str(status["leader_key"]["lease"])
        assert k["endpoint"] == status["patronis"][0]["uses_endpoint"] or \
            k["endpoint"].endswith(".lab:2379")
        assert (k["patroni.scope"], k["patroni.member"]) == ("demo", "patroni1")
        assert k["patroni.role"] == "leader"
        assert k["outcome"] == "ok" and k["http.response.status_code"] == 200
    assert events[-1]["verdict"] == "healthy" and events[-1]["events_lost"] == 0

    independent = strace_keepalives(tmp_path / "strace")
    compared = 0
    for k in keepalives:
        begin = seconds(k["ts"]) - k["duration_s"]
        for at, shortest, longest in independent:
            if abs(at - begin) < 0.02:
                compared += 1
                assert shortest - 0.001 < k["duration_s"] < longest + 0.001
    assert compared >= 3
