# SPDX-License-Identifier: GPL-2.0-or-later
"""Answers what ./patroni asks, as etcd's gateway would; a request's own header says when it shall not.

etcd.py ADDRESS PORT      says `ready`
"""
import re
import selectors
import socket
import struct
import sys

MEMBER = '"header":{"cluster_id":"14841639068965178418","member_id":"10276657743932975437","revision":"7","raft_term":"2"}'
HEAD = "HTTP/1.1 {}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
TIMED_OUT = '{"error":"etcdserver: request timed out","message":"etcdserver: request timed out","code":14}'


def chunked(status, body):
    return (HEAD.format(status) + f"{len(body) + 1:x}\r\n{body}\n\r\n0\r\n\r\n").encode()


def answer(rpc, body, fault):
    if fault == "503":
        return chunked("503 Service Unavailable", TIMED_OUT)
    if rpc != "lease/keepalive":
        return chunked("200 OK", f"{{{MEMBER}}}")
    lease = re.search(r'"ID": "(\d+)"', body)[1]
    ttl = "" if fault == "gone" else ',"TTL":"30"'
    return chunked("200 OK", f'{{"result":{{{MEMBER},"ID":"{lease}"{ttl}}}}}')


class Client:
    def __init__(self, s):
        self.socket = s
        self.bytes = b""

    def on_readable(self):
        """False: it is gone."""
        try:
            piece = self.socket.recv(65536)
        except ConnectionError:
            return False
        self.bytes += piece
        while piece and (end := self.bytes.find(b"\r\n\r\n")) >= 0:
            head = self.bytes[:end].decode()
            length = int(re.search(r"Content-Length: (\d+)", head)[1])
            if len(self.bytes) < end + 4 + length:
                break
            body = self.bytes[end + 4:end + 4 + length].decode()
            self.bytes = self.bytes[end + 4 + length:]
            fault = re.search(r"Fault: (\w+)", head)
            if not self.serve(re.match(r"POST /v3/(\S+)", head)[1], body, fault[1] if fault else ""):
                return False
        return bool(piece)

    def serve(self, rpc, body, fault):
        if fault == "reset":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if fault != "silence":
            self.socket.sendall(answer(rpc, body, fault))
        return True


def main(address, port):
    listener = socket.create_server((address, int(port)), backlog=1024)
    ready = selectors.DefaultSelector()
    ready.register(listener, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in ready.select():
            if not key.data:
                s = listener.accept()[0]
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                ready.register(s, selectors.EVENT_READ, Client(s))
            elif not key.data.on_readable():
                ready.unregister(key.fileobj)
                key.fileobj.close()


main(*sys.argv[1:])
