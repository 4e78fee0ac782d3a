# SPDX-License-Identifier: GPL-2.0-or-later
"""With authentication on: no password, no token, no value of a key in any output."""
import subprocess

import pytest

from lab import LEASEWATCH, Lab, wait_until


@pytest.mark.parametrize("how", [[], ["--tls"]], ids=["clear", "tls"])
def test_no_secret_in_any_output(trace, tmp_path, how):
    lab = Lab("auth", "--auth", *how, "--ttl", "30", "--loop-wait", "5")
    try:
        text = open(tmp_path / "text", "w")
        screen = subprocess.Popen([LEASEWATCH, "trace", "-v", "-o", str(tmp_path / "log")], stdout=text,
                                  stderr=subprocess.STDOUT)
        t = trace(lab)
        wait_until("a renewal", t.renewals, 20)
        # It authenticates at the start, and whenever no etcd knows its token any longer. Where the library of a new
        # process has to be hooked first, its first request may be over by then.
        lab.fault("rolling-restart" if how else "restart-patroni")
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
        output = output.replace("etcdserver: invalid auth token", "")  # what etcd says of an old one
        for secret in ("lab-secret", "password", "uthorization", "conn_url", "postgres://", "token"):
            assert secret not in output
