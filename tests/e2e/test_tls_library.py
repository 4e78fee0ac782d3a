# SPDX-License-Identifier: GPL-2.0-or-later
"""Whichever libssl a process has, wherever it lies: what it does TLS with is read."""
import glob
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading

import pytest

from lab import LEASEWATCH, wait_until

# Says on its output that it is there; then, at a word on its input, asks an etcd over TLS again and again.
CLIENT = """
import ctypes, socket, sys, time
if sys.argv[2] == "early":
    import ssl
for path in sys.argv[3:]:
    ctypes.CDLL(path)
print("there", flush=True)
sys.stdin.readline()
import ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
while True:
    with context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1])))) as etcd:
        for _ in range(5):
            etcd.sendall(b"POST /v3/kv/range HTTP/1.1\\r\\nHost: a.test:2379\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
            etcd.recv(4096)
            time.sleep(0.1)
"""
# As above with an OpenSSL of its own: one that looks like Patroni does (patroni.__main__), with what it has from PyPI.
OWN = """
import ctypes, socket, sys, time
lib = ctypes.CDLL(sys.argv[1])
for name in ("TLS_client_method", "SSL_CTX_new", "SSL_new"):
    getattr(lib, name).restype = ctypes.c_void_p
tls = ctypes.c_void_p(lib.SSL_new(ctypes.c_void_p(lib.SSL_CTX_new(ctypes.c_void_p(lib.TLS_client_method())))))
time.sleep(1)  # the real one takes as long to begin
etcd = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
lib.SSL_set_fd(tls, etcd.fileno())
lib.SSL_ctrl(tls, 55, 0, b"a.test")  # SSL_CTRL_SET_TLSEXT_HOSTNAME
assert lib.SSL_connect(tls) == 1
answer = ctypes.create_string_buffer(4096)
while True:
    request = b"POST /v3/kv/range HTTP/1.1\\r\\nHost: a.test\\r\\nContent-Length: 2\\r\\n\\r\\n{}"
    lib.SSL_write(tls, request, len(request))
    lib.SSL_read(tls, answer, len(answer))
    time.sleep(0.3)
"""
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def certificate(directory):
    """A file with a key and a certificate."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "a.test")])
    now = datetime.datetime.utcnow()
    day = datetime.timedelta(days=1)
    signed = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
              .serial_number(1).not_valid_before(now - day).not_valid_after(now + day).sign(key, hashes.SHA256()))
    path = directory / "certificate.pem"
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                       serialization.NoEncryption()) +
                     signed.public_bytes(serialization.Encoding.PEM))
    return str(path)


def answer(connection):
    try:
        while connection.recv(4096):
            connection.sendall(ANSWER)
    except OSError:
        pass
    connection.close()


@pytest.fixture
def etcd(tmp_path):
    """The port of one that answers everything, over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path))
    server = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)

    def serve():
        while True:
            try:
                threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()
            except ssl.SSLError:
                pass
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1]
    server.close()


def system_libraries():
    """libssl and libcrypto as Python finds them."""
    found = subprocess.check_output(["/usr/bin/python3", "-c", "import ssl; print(open('/proc/self/maps').read())"],
                                    text=True)
    return sorted({line.split()[5] for line in found.splitlines() if "/libssl.so" in line or "/libcrypto.so" in line})


def copies(directory):
    directory.mkdir()
    for path in system_libraries():
        shutil.copy(path, directory)
    return str(directory)


def is_seen(t):
    requests = t.events(event="request", etcd__rpc="kv/range", outcome="ok", endpoint="a.test:2379")
    return requests[-1] if requests else None


def watch(trace, etcd, argv, env=None, before=lambda: None):
    """The client is there, leasewatch attaches, the client asks: that is seen. What it had mapped before, as text."""
    client = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              env={**os.environ, **(env or {})})
    try:
        assert client.stdout.readline() == "there\n"
        before()
        maps = open(f"/proc/{client.pid}/maps", encoding="ascii").read()
        t = trace(None, "-p", str(client.pid))
        t.wait_for(10, event="process", phase="found")
        client.stdin.write("\n")
        client.stdin.flush()
        seen = wait_until("a request", lambda: is_seen(t), 20)
        assert seen["http.response.status_code"] == 200 and seen["network.peer.port"] == etcd
        return maps
    finally:
        client.kill()
        client.wait()


def python(etcd, when, *others):
    """The client that imports ssl early or late, and then loads other libraries."""
    return ["/usr/bin/python3", "-c", CLIENT, str(etcd), when, *others]


def test_mapped_late(trace, etcd):
    """By the time it is used; a program may import it when it first needs it."""
    maps = watch(trace, etcd, python(etcd, "late"))
    assert "/libssl" not in maps


def test_replaced_by_an_upgrade(trace, etcd, tmp_path):
    """No path leads to it any more."""
    directory = copies(tmp_path / "lib")
    maps = watch(trace, etcd, python(etcd, "early"), {"LD_LIBRARY_PATH": directory},
                 lambda: shutil.rmtree(directory))
    assert f"{directory}/libssl.so.3 (deleted)" in maps


def test_several_copies(trace, etcd, tmp_path):
    """One that nobody uses, and the one that is used."""
    directory = copies(tmp_path / "lib")
    other = glob.glob(f"{directory}/libssl.so*")[0]
    maps = watch(trace, etcd, python(etcd, "early", other))
    assert other in maps and any(f"{path}\n" in maps for path in system_libraries() if "libssl" in path)


def test_in_a_mount_namespace_of_its_own(trace, etcd, tmp_path):
    """As in a container: its paths mean nothing outside."""
    directory = tmp_path / "lib"
    directory.mkdir()
    script = f"mount -t tmpfs none {directory} && cp {' '.join(system_libraries())} {directory} && exec \"$@\""
    maps = watch(trace, etcd, ["unshare", "-m", "sh", "-c", script, "sh", *python(etcd, "early")],
                 {"LD_LIBRARY_PATH": str(directory)})
    assert f"{directory}/libssl.so.3" in maps and not os.listdir(directory)


def test_one_of_its_own(trace, etcd, tmp_path):
    """Linked into a Python module, as in the wheels of cryptography: it cannot be read, and the reason is reported."""
    module = str(tmp_path / "_rust.abi3.so")
    subprocess.run(["gcc", "-shared", "-o", module, "-Wl,--whole-archive", "-l:libssl.a", "-l:libcrypto.a",
                    "-Wl,--no-whole-archive", "-ldl", "-lpthread"], check=True)
    script = tmp_path / "patroni"
    script.write_text(f'"""patroni.__main__"""{OWN}')
    t = trace(None)
    t.wait_for(20, event="start")
    client = subprocess.Popen(["/usr/bin/python3", str(script), module, str(etcd)], env={
        **os.environ, "PATRONI_SCOPE": "own", "PATRONI_NAME": "m1", "PATRONI_ETCD3_HOSTS": f"a.test:{etcd}",
        "PATRONI_ETCD3_PROTOCOL": "https"})
    try:
        why = f"pyOpenSSL has an OpenSSL of its own, inside {module}"
        said = t.wait_for(20, event="process", phase="updated", process__pid=client.pid, tls__blind=why)
        assert "cannot be read" in said["note"]
        # What can be seen is reported: the endpoint, and how long it takes.
        request = t.wait_for(10, event="request", process__pid=client.pid, etcd__rpc="tls", outcome="ok")
        assert request["endpoint"] == f"a.test:{etcd}"
        table = json.loads(subprocess.check_output([LEASEWATCH, "check", "-j"], timeout=60))
        ours = [p for p in table["processes"] if p["process.pid"] == client.pid][0]
        assert ours["tls"] and not ours["tls.readable"] and ours["tls.obstacle"] == why
        assert client.poll() is None
    finally:
        client.kill()
        client.wait()
