# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel that lacks something: it costs a feature that `check` names, never the program.

No such kernel is at hand, so the program is given other names to look for: the sections of its BPF programs, which lie
in it as they are, name hooks that no kernel has.
"""
import json
import os
import subprocess

import pytest

from lab import LEASEWATCH, TRACE_OPTIONS, wait_until

# What is renamed, and the features that it costs.
OPTIONAL = {
    "iter/task_file": {"adopting sockets", "socket evidence"},
    "tp_btf/tcp_retransmit_skb": {"retransmissions"},
    "tp_btf/inet_sk_error_report": {"network errors"},
}
REQUIRED = {
    "tp_btf/inet_sock_set_state": "connection state",
    "tp_btf/sched_process_exec": "process start, end",
}


def without(tmp_path, *sections):
    with open(LEASEWATCH, "rb") as file:
        program = file.read()
    for section in sections:
        name = section.encode()
        assert name in program
        program = program.replace(name, name[:-3] + b"xxx")
    path = tmp_path / "leasewatch"
    path.write_bytes(program)
    os.chmod(path, 0o755)
    return str(path)


def check(program):
    done = subprocess.run([program, "check", "-j", *TRACE_OPTIONS], stdout=subprocess.PIPE, text=True, timeout=120)
    table = json.loads(done.stdout)
    return done.returncode, table, {row["feature"]: row for row in table["features"]}


def renews(program, tmp_path):
    """Does it still tell the requests of a process? One that does nothing but ask, on a new connection each time."""
    client = subprocess.Popen(
        ["/usr/bin/python3", "-c", """
import socket, time
server = socket.create_server(("127.0.0.1", 0))
while True:
    with socket.create_connection(server.getsockname()) as client:
        accepted, _ = server.accept()
        client.sendall(b"POST /v3/kv/range HTTP/1.1\\r\\nHost: a.test\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
        accepted.recv(4096)
        accepted.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
        client.recv(4096)
        accepted.close()
    time.sleep(0.2)
"""])
    log = tmp_path / "log"
    with open(log, "w") as out:
        trace = subprocess.Popen([program, "trace", "-j", "-p", str(client.pid), *TRACE_OPTIONS], stdout=out)
    try:
        return wait_until("a request", lambda: trace.poll() is not None or '"etcd.rpc":"kv/range"' in log.read_text(),
                          60) and trace.poll() is None
    finally:
        trace.kill()
        client.kill()
        trace.wait()
        client.wait()


@pytest.mark.parametrize("section", OPTIONAL)
def test_an_optional_feature_is_missing(tmp_path, section):
    program = without(tmp_path, section)
    code, table, rows = check(program)
    assert code != 1 and table["ready"]
    for name, row in rows.items():
        if row["used"] or name in OPTIONAL[section]:
            assert row["found"] == (name not in OPTIONAL[section]), row
    for name in OPTIONAL[section]:
        row = rows[name]
        assert not row["used"] and not row["required"]
        assert "no such hook" in row["detail"] and row["lost_without"]
    assert renews(program, tmp_path)


def test_all_of_them_are_missing(tmp_path):
    program = without(tmp_path, *OPTIONAL)
    code, _, rows = check(program)
    assert code != 1
    assert not [name for names in OPTIONAL.values() for name in names if rows[name]["used"]]
    assert renews(program, tmp_path)


@pytest.mark.parametrize("section", REQUIRED)
def test_a_required_feature_is_missing(tmp_path, section):
    program = without(tmp_path, section)
    code, table, rows = check(program)
    assert code == 1 and not table["ready"]
    assert rows[REQUIRED[section]]["required"] and not rows[REQUIRED[section]]["found"]
    sentence = f"cannot watch: {REQUIRED[section]}: this kernel has no such hook"
    assert sentence in table["why"]
    done = subprocess.run([program, "trace", "-d", "1", *TRACE_OPTIONS], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1 and sentence in done.stderr and not done.stdout


def test_no_tier_is_left(tmp_path):
    program = without(tmp_path, "tp_btf/sock_send_length", "fexit/inet_sendmsg")
    code, table, rows = check(program)
    assert code == 1 and not table["ready"]
    assert "no hook for data" in table["why"] and "tier " in table["why"]
    assert not rows["tier sock"]["used"] and not rows["tier fexit"]["used"]
