# SPDX-License-Identifier: GPL-2.0-or-later
"""`report`: from a JSON log to the summary, without root, whatever the file holds."""
import json
import os
import re
import subprocess

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
LEASEWATCH = os.environ.get("LEASEWATCH", os.path.join(HERE, "../../build/leasewatch"))
INCIDENT = os.path.join(HERE, "../fuzz/corpus/jsonlog/incident")
DNS_TROUBLE = os.path.join(HERE, "../fuzz/corpus/jsonlog/dns_trouble")


def report(*args, stdin=b"", **kwargs):
    env = {**os.environ, "TZ": "UTC", "LC_ALL": "C"}
    kwargs.setdefault("stdout", subprocess.PIPE)
    done = subprocess.run([LEASEWATCH, "report", *args], input=stdin, stderr=subprocess.PIPE,
                          env=env, timeout=60, **kwargs)
    return done.returncode, (done.stdout or b"").decode(), done.stderr.decode()


@pytest.fixture(name="log")
def fixture_log():
    with open(INCIDENT, "rb") as f:
        return f.read()


@pytest.fixture(name="write")
def fixture_write(tmp_path):
    def write(data, name="log"):
        path = tmp_path / name
        path.write_bytes(data)
        return str(path)
    return write


def test_it_counts_again_what_the_log_says(log):
    code, out, err = report(INCIDENT)
    assert (code, err) == (2, "")
    last = json.loads(log.splitlines()[-1])
    assert last["event"] == "summary"
    for endpoint in last["endpoints"]:
        row = re.search(rf"^{re.escape(endpoint['endpoint'])} +\S+ +(\d+) +(\d+) +(\d+)", out, re.M)
        assert [int(n) for n in row.groups()] == [endpoint["requests"], endpoint["failed"],
                                                  endpoint["timeouts"]]
    assert "900 ms of the lease left" in out and last["worst_remaining_s"] == 0.9


def test_it_counts_look_ups_again():
    code, out, err = report(DNS_TROUBLE)
    assert (code, err) == (2, "")
    with open(DNS_TROUBLE, "rb") as f:
        dns = json.loads(f.read().splitlines()[-1])["dns"]
    row = re.search(r"^DNS  (\d+) lookups, (\d+) failed, p50 (\d+) ms, max (\S+) s$", out, re.M)
    assert [float(n) for n in row.groups()] == [dns["lookups"], dns["failed"], round(dns["p50_s"] * 1e3),
                                                round(dns["max_s"], 2)]
    # The one that does not answer is the slowest, however fast its answers were.
    row = re.search(r"^     slowest nameserver: (\S+), (\d+) queries, (\d+) failed \((\d+) unanswered\)", out, re.M)
    server = next(n for n in dns["nameservers"] if n["server.address"] == row[1])
    assert server["timeouts"] == max(n["timeouts"] for n in dns["nameservers"]) > 0
    assert [int(n) for n in row.groups()[1:]] == [server["queries"], server["failed"], server["timeouts"]]
    assert dns["in_flight"] == 1
    assert "     etcd1.lab: still no answer at 03:04:19, after 1.00 s\n" in out


def test_look_ups_in_the_story():
    out, all_of_it = (report(v, DNS_TROUBLE)[1] for v in ("-v", "-vv"))
    trouble = re.findall(r"^\S+  DNS      (.*(?:\n {23}.*)?)$", out, re.M)
    assert len(trouble) == 7
    assert "etcd2.lab: failed after 5.01 s: EAI_AGAIN (getaddrinfo)" in trouble
    assert "etcd2.lab A: not answered by 10.0.0.2 in 5.01 s" in trouble
    assert len(re.findall(r"^\S+  note     ", out, re.M)) == 3
    # Only then is the other type of the same name listed, and what succeeded.
    assert " AAAA: " not in out and all_of_it.count(" AAAA: ") == 4
    assert "answered by 10.0.0.2 in 1.2 ms" not in out and "answered by 10.0.0.2 in 1.2 ms" in all_of_it
    assert "previous: etcd1.lab:2379" not in out and "previous: etcd1.lab:2379" in all_of_it


def test_the_summary_in_the_log_is_not_believed(log, write):
    lines = log.splitlines(keepends=True)
    lie = json.loads(lines[-1])
    lie.update(verdict="healthy", stalls=0, endpoints=[])
    told = write(b"".join(lines[:-1]) + json.dumps(lie).encode() + b"\n")
    assert report(told)[:2] == report(INCIDENT)[:2]


def test_stdin_and_several_files(log, write):
    assert report("-", stdin=log)[:2] == report(INCIDENT)[:2]
    half = log.index(b"\n", len(log) // 2) + 1
    parts = write(log[:half], "1"), write(log[half:], "2")
    assert report(*parts)[:2] == report(INCIDENT)[:2]


def test_verbose_tells_the_story():
    out = report("-v", INCIDENT)[1]
    assert re.search(r"^03:03:32\.223  STALL  ", out, re.M)
    assert " TTL 30 s" not in out
    assert " TTL 30 s" in report("-vv", INCIDENT)[1]


def test_a_cut_log(log, write):
    code, out, err = report(write(log[:5000]))
    assert code == 2 and "still going on" in out
    assert "ends in the middle of a line" in err


def test_lines_that_are_not_ours(log, write):
    noise = b"Jan 02 db1 patroni: no action\n\0\0\0\n" + b"x" * 3000000 + b"\n"
    code, out, err = report(write(noise + log))
    assert (code, out) == report(INCIDENT)[:2]
    assert "3 of 23 lines are not leasewatch's" in err
    newer = b'{"ts":"2026-01-02T03:03:02Z","event":"telepathy"}\n'
    code, out, err = report(write(log + newer))
    assert (code, out) == report(INCIDENT)[:2]
    assert "1 of 21 lines are unknown to this version" in err


@pytest.mark.parametrize("data, sentence", [
    (b"Jan 02 db1 patroni: no action\n", "is not a JSON log of leasewatch"),
    (b"\0" * 3000000, "is not a JSON log of leasewatch"),
    (b"", "no findings in"),
    (b'{"ts":"2026-01-02T03:03:02Z","event":"start","schema_version":9}\n',
     "schema_version that this program does not know"),
], ids=["text", "zeros", "empty", "newer"])
def test_what_is_no_log(write, data, sentence):
    code, out, err = report(write(data))
    assert (code, out) == (1, "")
    assert sentence in err and err.count("\n") == 1


@pytest.mark.parametrize("args, sentence", [
    (["/nonexistent"], "cannot read /nonexistent: No such file"),
    (["/tmp"], "cannot read /tmp: Is a directory"),
    ([INCIDENT, "/nonexistent"], "cannot read /nonexistent"),
    ([], "no log given"),
    (["--bogus"], "unrecognized option"),
])
def test_bad_usage(args, sentence):
    code, out, err = report(*args)
    assert (code, out) == (1, "")
    assert sentence in err


def test_exit_status_of_the_other_verdicts(log, write):
    lines = [line for line in log.splitlines(keepends=True) if b'"event":"stall"' not in line]
    code, out, _ = report(write(b"".join(lines)))
    assert code == 0 and "healthy: no stall" in out
    quiet = [line for line in lines if not re.search(b'"event":"(request|connect)"', line)]
    code, out, _ = report(write(b"".join(quiet)))
    assert code == 3 and "nothing to judge" in out


def test_a_stdout_that_takes_nothing():
    with open("/dev/full", "wb") as full:
        code, _, err = report(INCIDENT, stdout=full)
    assert code == 1 and "cannot write to stdout: No space left" in err
    reader, writer = os.pipe()
    os.close(reader)
    try:
        code, _, err = report("-v", INCIDENT, stdout=writer)
    finally:
        os.close(writer)
    assert code == 1 and "cannot write to stdout: Broken pipe" in err


def test_help_and_version():
    code, out, _ = report("-h")
    assert code == 0 and "Usage: leasewatch report" in out
    code, out, _ = report("-V")
    assert code == 0 and re.fullmatch(r"leasewatch \d+\.\d+\.\d+\n", out)
