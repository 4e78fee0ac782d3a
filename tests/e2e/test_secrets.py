# SPDX-License-Identifier: GPL-2.0-or-later
"""With authentication on: no password, no token, no value of a key in any output."""
import subprocess

from lab import LEASEWATCH, Lab, wait_until


def test_no_secret_in_any_output(trace, tmp_path):
    lab = Lab("auth", "--auth", "--ttl", "30", "--loop-wait", "5")
    try:
        text = open(tmp_path / "text", "w")
        screen = subprocess.Popen([LEASEWATCH, "trace", "-v", "-o", str(tmp_path / "log")], stdout=text,
                                  stderr=subprocess.STDOUT)
        t = trace(lab)
        t.wait_for(10, event="process", phase="found")
        lab.fault("restart-patroni")  # it authenticates anew
        t.wait_for(20, event="request", etcd__rpc="auth/authenticate", outcome="ok")
        wait_until("renewals", lambda: len(t.events(etcd__rpc="lease/keepalive", outcome="ok")) >= 2, 30)
        screen.terminate()
        screen.wait(10)
        t.stop()
    finally:
        lab.down()
    outputs = [open(path, errors="replace").read()
               for path in (t.path, t.errors, tmp_path / "text", tmp_path / "log")]
    assert "authenticate" in outputs[0] and "authenticate" in outputs[2]
    for output in outputs:
        for secret in ("lab-secret", "password", "uthorization", "conn_url", "postgres://", "token"):
            assert secret not in output
