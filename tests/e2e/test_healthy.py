# SPDX-License-Identifier: GPL-2.0-or-later
"""A healthy cluster: every renewal is seen correctly, nobody else is seen, there is no alarm."""
import json
import os
import subprocess

from lab import LAB, wait_until

# Renews a lease of its own as Patroni does, and prints how long each renewal took by its own clock.
CLIENT = """
import http.client, json, sys, time
api = http.client.HTTPConnection(sys.argv[1], 2379)

def call(path, body):
    begin = time.time()
    api.request("POST", path, json.dumps(body))
    answer = api.getresponse().read()
    return json.loads(answer), begin, time.time()

lease, _, _ = call("/v3/lease/grant", {"TTL": 30})
sys.stdin.readline()
for i in range(12):
    _, begin, end = call("/v3/lease/keepalive", {"ID": lease["ID"]})
    print(json.dumps([begin, end]), flush=True)
    time.sleep(0.25)
"""


def test_every_renewal_is_one_request(quick_lab, trace):
    pid = quick_lab.pid("patroni1")
    t = trace(quick_lab, "-d", "27")
    bystanders = 0
    t.wait_for(10, event="process", phase="found")
    while t.process.poll() is None:
        subprocess.run([LAB, "etcdctl", "--name", quick_lab.name, "--", "get", "x"], check=True,
                       stdout=subprocess.DEVNULL)
        url = f"http://{quick_lab.endpoint('etcd1')}/v3/cluster/member/list"
        subprocess.run([LAB, "exec", "--name", quick_lab.name, "--", "curl", "-s", "-d", "{}", url], check=True,
                       stdout=subprocess.DEVNULL)
        bystanders += 1
    assert t.stop() == 0
    assert bystanders > 2

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
        assert k["endpoint"] == status["patronis"][0]["uses_endpoint"]
        assert k["patroni.member"] == "patroni1"
        assert k["patroni.role"] == "leader"
        assert k["outcome"] == "ok" and k["http.response.status_code"] == 200
    assert events[-1]["events_lost"] == 0


def test_duration_agrees_with_the_client(quick_lab, trace, tmp_path):
    """Within a millisecond of what the client itself measures around the same renewals."""
    script = tmp_path / "client.py"
    script.write_text(CLIENT)
    host = quick_lab.endpoint("etcd1").rpartition(":")[0]
    client = subprocess.Popen([LAB, "exec", "--name", quick_lab.name, "--", "/usr/bin/python3", str(script), host],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    pid = wait_until("the client", lambda: find(str(script)), 10)
    t = trace(None, "-p", str(pid))
    t.wait_for(10, event="process", phase="found")
    client.stdin.write("\n")
    client.stdin.flush()
    measured = [json.loads(line) for line in client.stdout]
    assert client.wait(10) == 0
    t.process.wait(20)  # nobody is left to watch
    seen = [e for e in t.renewals() if e["process.pid"] == pid]
    assert len(seen) == len(measured) == 12
    close = [abs((end - begin) - e["duration_s"]) < 0.001 for e, (begin, end) in zip(seen, measured)]
    for e, (begin, end) in zip(seen, measured):
        assert begin < e["ts_s"] < end + 0.0005 and e["duration_s"] < end - begin
    # The client may be preempted between its clock and its system calls; not every time.
    assert sum(close) >= 9, [(end - begin) - e["duration_s"] for e, (begin, end) in zip(seen, measured)]


def find(script):
    """The pid of the interpreter that runs this script."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if file.read().split(b"\0")[:2] == [b"/usr/bin/python3", script.encode()]:
                    return int(pid)
        except OSError:
            pass
    return None


def test_countdown_is_honest(quick_lab, trace):
    """remaining is never more than a second above what etcd itself says."""
    t = trace(quick_lab)
    wait_until("a renewal", t.renewals, 20)
    last = t.renewals()[-1]
    quick_lab.fault("stop-patroni")
    try:
        begin = t.wait_for(40, event="stall", phase="begin")
        truth = json.loads(quick_lab("lease"))
        ours = begin["lease.remaining_s"] - (truth["answered_at"] - begin["ts_s"])
        assert begin["lease.id"] == truth["id"] == last["lease.id"]
        # etcd reports whole seconds, rounded to the nearest.
        assert truth["remaining"] - 2 <= ours <= truth["remaining"] + 1
    finally:
        quick_lab("heal")
