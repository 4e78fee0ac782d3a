# SPDX-License-Identifier: GPL-2.0-or-later
"""How far the look into TLS reaches: connections that were there before, nobody but Patroni, and what is seen without it."""
import contextlib
import glob
import json
import os
import subprocess

from causes import stall_of
from lab import LAB, LEASEWATCH, wait_until

LOOP_S = 3  # of tls_lab


def test_attached_to_an_established_connection(tls_lab, trace):
    """On the connection that was there before leasewatch; each request once, and read as soon as libssl is hooked.

    To hook it takes longest where another leasewatch takes its hooks away. Until then, requests are seen from outside.
    """
    t = trace(tls_lab)
    found = t.wait_for(10, event="process", phase="found")
    wait_until("a renewal", t.renewals, 20)
    first = t.renewals()[0]
    wait_until("four renewals", lambda: len(t.renewals()) >= 4, 20)
    uses = tls_lab.status()["patronis"][0]["uses_endpoint"]
    assert t.stop() == 0
    assert not t.events(event="connect")
    requests = t.events(event="request")
    assert {e["outcome"] for e in requests} == {"ok"}
    began = [found["ts_s"]] + [e["ts_s"] - e["duration_s"] for e in requests]
    assert max(after - before for before, after in zip(began, began[1:])) < 1.5 * LOOP_S
    read = [e for e in requests if e["ts_s"] >= first["ts_s"]]
    # A renewal in every loop and a few other requests: nothing twice, and nothing that is not etcd's.
    assert {e["etcd.rpc"] for e in read} <= {"lease/keepalive", "kv/put", "kv/range", "cluster/member/list"}
    sent = [e["ts_s"] - e["duration_s"] for e in t.renewals()]
    assert min(after - before for before, after in zip(sent, sent[1:])) > 0.5 * LOOP_S
    for renewal in t.renewals():
        assert renewal["lease.ttl_s"] == 30
        # By its address where nobody has said its name since leasewatch looks.
        assert renewal["endpoint"] in (uses, f"{renewal['network.peer.address']}:2379")


@contextlib.contextmanager
def counting_runs():
    """The kernel counts how often BPF programs run."""
    switch = "/proc/sys/kernel/bpf_stats_enabled"
    with open(switch, encoding="ascii") as file:
        before = file.read()
    with open(switch, "w", encoding="ascii") as file:
        file.write("1")
    try:
        yield
    finally:
        with open(switch, "w", encoding="ascii") as file:
            file.write(before)


def uprobe_runs(pid):
    """{name: runs} of the programs that this leasewatch has on uprobes."""
    ours = set()
    for path in glob.glob(f"/proc/{pid}/fdinfo/*"):
        with contextlib.suppress(OSError), open(path, encoding="ascii") as file:
            ours.update(int(line.split()[1]) for line in file if line.startswith("prog_id:"))
    shown = json.loads(subprocess.check_output(["bpftool", "-j", "prog", "show"]))
    return {program["name"]: program.get("run_cnt", 0) for program in shown
            if program["id"] in ours and program["name"].startswith(("tls_", "resolve_"))}


def libssl_of(pid):
    """The files, as device and inode."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps:
        return {tuple(line.split()[3:5]) for line in maps if "/libssl.so" in line}


def postmaster_of(lab):
    """Its pid as this host sees it: the PostgreSQL in the pid namespace of the lab's Patroni."""
    namespace = os.readlink(f"/proc/{lab.pid('patroni1')}/ns/pid")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
            if file.read().split("\0")[0].endswith("/postgres") and os.readlink(f"/proc/{pid}/ns/pid") == namespace:
                return int(pid)
    raise AssertionError("the lab has no PostgreSQL")


def pgbench(lab, script, *options):
    """Connections over TLS, one after the other; how many transactions it has made."""
    program = sorted(glob.glob("/usr/lib/postgresql/*/bin/pgbench"))[-1]
    url = f"host=127.0.{lab.net}.21 user=postgres dbname=postgres sslmode=require"
    done = subprocess.run([LAB, "exec", "--name", lab.name, "--", program, "-n", "-f", script, *options, url],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
    return int(done.stdout.split("actually processed:")[1].split()[0].partition("/")[0])


def test_postgres_over_tls_pays_nothing(tls_lab, trace, healed, tmp_path):
    """No program on a uprobe runs, whatever PostgreSQL and its clients do with the same libssl."""
    healed(tls_lab)
    patroni = tls_lab.pid("patroni1")
    t = trace(tls_lab, "-p", str(patroni))
    wait_until("a renewal", t.renewals, 20)
    script = tmp_path / "select"
    script.write_text("SELECT 1;\n")
    with counting_runs():
        idle = uprobe_runs(t.process.pid)
        renewals = len(t.renewals())
        wait_until("another renewal", lambda: len(t.renewals()) > renewals, 20)
        busy = uprobe_runs(t.process.pid)
        # They are counted, and they fire in Patroni.
        assert busy["tls_enter"] > idle["tls_enter"] and busy["tls_return"] > idle["tls_return"]

        assert libssl_of(postmaster_of(tls_lab)) == libssl_of(patroni) != set()
        tls_lab.fault("stop-patroni")
        before = uprobe_runs(t.process.pid)
        assert pgbench(tls_lab, str(script), "-t", "200") == 200
        assert pgbench(tls_lab, str(script), "-t", "20", "-C") == 20
        assert uprobe_runs(t.process.pid) == before
    tls_lab("heal")
    assert t.stop() in (0, 2)


def test_blind(tls_lab, trace, healed):
    """Without the plaintext: what is silent is named, and so is what is not known."""
    healed(tls_lab)
    t = trace(tls_lab, "--no-plaintext")
    t.wait_for(10, event="process", phase="found")
    tls_lab.fault("close-idle")  # a new connection says the etcd's name
    said = t.wait_for(20, event="process", phase="updated", tls__blind="switched off with --no-plaintext")
    assert "renewals cannot be told from other requests" in said["note"]
    wait_until("requests", lambda: len(t.events(event="request", outcome="ok")) >= 6, 20)
    assert not t.events(event="stall")

    fault = tls_lab.fault("freeze")
    begin = wait_until("the stall", lambda: stall_of(t, fault), 20)
    assert begin["cause"] == "endpoint_silent" and begin["endpoint"] == fault["endpoint"]
    assert "lease.remaining_s" not in begin and "lease.id" not in begin
    assert "cannot be read" in begin["headline"] and "stopped, overloaded" in begin["hint"]
    tls_lab("heal")
    assert t.wait_for(20, event="stall", phase="end", stall_id=begin["stall_id"])["result"] == "recovered"
    healthy = len(t.events(event="request", outcome="ok"))
    wait_until("requests", lambda: len(t.events(event="request", outcome="ok")) >= healthy + 6, 20)
    assert t.stop() == 2
    assert len(t.events(event="stall", phase="begin")) == 1
    # Nothing is guessed.
    requests = t.events(event="request")
    assert {e["etcd.rpc"] for e in requests} == {"tls"}
    assert not [e for e in requests if "lease.ttl_s" in e or "http.response.status_code" in e]
    assert t.all_events()[-1]["tls.blind"] == "switched off with --no-plaintext"


def test_check_says_whether_tls_can_be_read(tls_lab):
    table = json.loads(subprocess.run([LEASEWATCH, "check", "-j"], stdout=subprocess.PIPE, timeout=60).stdout)
    ours = [p for p in table["processes"] if p["process.pid"] == tls_lab.pid("patroni1")]
    assert ours[0]["tls"] and ours[0]["tls.readable"] and "libssl" in ours[0]["tls.library"]
