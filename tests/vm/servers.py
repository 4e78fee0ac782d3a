# SPDX-License-Identifier: GPL-2.0-or-later
"""The other ends of the scenario: an etcd that does what the host's name in a request says, in clear and inside TLS,
and a nameserver.
"""
import json
import re
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time

PORT, DNS_PORT = 2379, 53
NAMESERVER, NO_NAMESERVER = "127.0.0.53", "127.0.0.54"
LEAVES = "127.0.0.3"  # answers once, and listens no more
SECURE = "127.0.0.4"  # speaks TLS
LEASE = "3355423098712000"
HEADER = '"header":{"cluster_id":"1","member_id":"2","revision":"3","raft_term":"4"}'
# Nothing that the program does on its own comes between two steps.
PAUSE_S = 0.5


def request(host, path, body):
    head = f"POST /v3/{path} HTTP/1.1\r\nHost: {host}:2379\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode(), body.encode()


def keepalive(host):
    return request(host, "lease/keepalive", json.dumps({"ID": LEASE}))


def answer(body, status="200 OK"):
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


RENEWED = answer('{"result":{%s,"ID":"%s","TTL":"30"}}' % (HEADER, LEASE))
GONE = answer('{"result":{%s,"ID":"%s"}}' % (HEADER, LEASE))
SAID_NO = answer('{"error":"etcdserver: request timed out","message":"etcdserver: request timed out","code":14}',
                 "503 Service Unavailable")


def respond(connection, host):
    """What the server does with a request to that host; False = the connection is over."""
    kind = host.partition(".")[0].rstrip("0123456789")
    if kind == "no":
        connection.sendall(SAID_NO)
    elif kind == "gone":
        connection.sendall(GONE)
    elif kind == "closes":
        return False
    elif kind == "resets":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False
    elif kind == "late":
        # After the client has found nothing to read.
        time.sleep(PAUSE_S)
        connection.sendall(RENEWED)
    elif kind != "silent":
        connection.sendall(RENEWED)
    return True


def serve(connection):
    data = b""
    with connection:
        while True:
            try:
                more = connection.recv(4096)
            except ConnectionError:
                return
            if not more:
                return
            data += more
            head, _, body = data.partition(b"\r\n\r\n")
            length = re.search(rb"Content-Length: (\d+)", head)
            if not length or len(body) < int(length[1]):
                continue
            data = b""
            if not respond(connection, re.search(rb"Host: ([^:\r]+)", head)[1].decode()):
                return


def listen(family, address, port, serve_one):
    server = socket.create_server((address, port), family=family, backlog=16)

    def accept():
        while True:
            connection, _ = server.accept()
            if address == LEAVES:
                server.close()
            threading.Thread(target=serve_one, args=(connection,), daemon=True).start()
            if address == LEAVES:
                return

    threading.Thread(target=accept, daemon=True).start()


def dns_message(name, kind=1):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", kind, 1)


def nameserver():
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((NAMESERVER, DNS_PORT))

    def reply_to(query):
        return query[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0) + query[12:] + \
            b"\xc0\x0c" + struct.pack(">HHIH4s", 1, 1, 60, 4, b"\x7f\0\0\1")

    def over_udp():
        while True:
            query, peer = udp.recvfrom(512)
            udp.sendto(reply_to(query), peer)

    def over_tcp(connection):
        with connection:
            size = struct.unpack(">H", connection.recv(2))[0]
            reply = reply_to(connection.recv(size))
            connection.sendall(struct.pack(">H", len(reply)) + reply)
            connection.recv(1)

    threading.Thread(target=over_udp, daemon=True).start()
    listen(socket.AF_INET, NAMESERVER, DNS_PORT, over_tcp)


def serve_securely():
    """serve() inside TLS, with a certificate that nobody has signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as directory:
        key, certificate = f"{directory}/key", f"{directory}/certificate"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-subj", "/CN=etcd.test", "-keyout", key, "-out", certificate], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        context.load_cert_chain(certificate, key)

    def serve_one(connection):
        with context.wrap_socket(connection, server_side=True) as secure:
            serve(secure)

    return serve_one


def start():
    """All of them, each in threads of its own."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET, LEAVES), (socket.AF_INET6, "::1")):
        listen(family, address, PORT, serve)
    listen(socket.AF_INET, SECURE, PORT, serve_securely())
    nameserver()
