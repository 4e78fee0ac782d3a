# SPDX-License-Identifier: GPL-2.0-or-later
"""A TCP proxy in front of one etcd's client port, which misbehaves as configured. A daemon of the lab.

usage: proxy.py SPEC    a JSON object:
  listen    "address:port"
  backends  ["address:port", ...]; with several, connections go to each in turn, those that begin
            with a renewal of the lease in a turn of their own
  delay_s   delays each byte of the answers by this much (0)
  spoil     "reset" or "cut": the answer to a renewal of the lease breaks off in the middle, with a
            RST or in good order (nothing)
  mute      accepts connections and reads from them, but never answers (false)
  tls       it ends the client's TLS and speaks TLS to the backends: {"server": [certificate, key],
            "client": [certificate, key], "ca": the clients'}; else both sides are passed on as they are
  idle_s    closes an idle connection after this long (never)

On SIGTERM it stops misbehaving, lets requests in flight end, closes connections cleanly and exits.
It logs what it does on stderr, with the time.
"""
import asyncio
import json
import signal
import socket
import ssl
import struct
import sys
import time

# In the v2 API the leader key itself is renewed.
RENEWALS, WATCH = (b"/lease/keepalive ", b"/leader HTTP/"), b"/watch "
# What was sent before a RST must not be overtaken by it.
BEFORE_RESET_S = 0.05
QUIET_S, DRAIN_S = 0.2, 2.0


def renews(request):
    return any(renewal in request for renewal in RENEWALS)


def say(text):
    now = time.time()
    stamp = time.strftime("%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d}"
    print(f"{stamp} {text}", file=sys.stderr, flush=True)


class Proxy:
    def __init__(self, spec):
        self.spec = spec
        self.turns = {}
        self.connections = set()
        self.draining = asyncio.Event()

    def backend(self, first_bytes):
        """The next in turn."""
        kind = renews(first_bytes)
        turn = self.turns.get(kind, 0)
        self.turns[kind] = turn + 1
        backends = self.spec["backends"]
        return backends[turn % len(backends)]

    def delay(self):
        return 0 if self.draining.is_set() else self.spec.get("delay_s", 0)

    def spoil(self):
        return None if self.draining.is_set() else self.spec.get("spoil")

    async def serve(self, reader, writer):
        connection = Connection(self, reader, writer)
        self.connections.add(connection)
        try:
            await connection.run()
        except OSError as error:
            say(f"{connection.client}: {error}")
        finally:
            connection.close()
            self.connections.discard(connection)

    async def drain(self):
        self.draining.set()
        # Send what was held back.
        await asyncio.sleep(QUIET_S)
        end = time.monotonic() + DRAIN_S
        while time.monotonic() < end:
            if all(one.quiet_s() > QUIET_S for one in self.connections):
                break
            await asyncio.sleep(0.02)
        for connection in list(self.connections):
            connection.close()


class Connection:
    """Patroni on one side, an etcd on the other."""

    def __init__(self, proxy, reader, writer):
        self.proxy = proxy
        self.reader, self.writer = reader, writer
        self.client = "%s:%d" % writer.get_extra_info("peername")
        self.server_writer = None
        self.renewal_open = False
        self.watch = False
        self.tail = b""
        self.last = time.monotonic()
        self.busy = False

    def quiet_s(self):
        return time.monotonic() - self.last

    def close(self):
        self.writer.close()
        if self.server_writer:
            self.server_writer.close()

    async def run(self):
        if self.proxy.spec.get("mute"):
            say(f"{self.client}: kept waiting")
            while await self.reader.read(65536):
                pass
            return
        first = await self.reader.read(65536)
        if not first:
            return
        host, _, port = self.proxy.backend(first).rpartition(":")
        say(f"{self.client} to {host}:{port}")
        server_reader, self.server_writer = await asyncio.open_connection(
            host, int(port), ssl=backend_tls(self.proxy.spec)
        )
        ways = [self.requests(first), self.answers(server_reader), self.end_when_idle()]
        tasks = [asyncio.ensure_future(way) for way in ways]
        done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        for task in done:
            task.result()

    async def requests(self, data):
        while data:
            self.last = time.monotonic()
            self.busy = True
            # A request line may come in two pieces.
            seen = self.tail + data
            if renews(seen):
                self.renewal_open = True
            self.watch = self.watch or WATCH in seen
            self.tail = seen[-max(map(len, RENEWALS)) + 1 :]
            self.server_writer.write(data)
            await self.server_writer.drain()
            data = await self.reader.read(65536)

    async def answers(self, server):
        """Passes them on, late; ends with the connection."""
        queue = asyncio.Queue()
        late = asyncio.ensure_future(self.deliver(queue))
        try:
            while True:
                data = await server.read(65536)
                await queue.put((time.monotonic() + self.proxy.delay(), data))
                if not data:
                    await late
                    return
                if late.done():
                    return
        finally:
            late.cancel()

    async def deliver(self, queue):
        held = b""
        while True:
            due, data = await queue.get()
            await self.wait_until(due)
            if not data:
                return
            self.last = time.monotonic()
            if self.renewal_open and self.proxy.spoil():
                held += data
                head, end, body = held.partition(b"\r\n\r\n")
                if len(body) < 2:
                    continue
                await self.break_off(head + end + body[: len(body) // 2])
                return
            self.renewal_open = False
            self.writer.write(data)
            await self.writer.drain()
            # The answer to a watch never ends.
            self.busy = self.watch

    async def wait_until(self, due):
        left = due - time.monotonic()
        if left > 0:
            try:
                await asyncio.wait_for(self.proxy.draining.wait(), left)
            except asyncio.TimeoutError:
                pass

    async def break_off(self, part):
        self.writer.write(part)
        await self.writer.drain()
        how = self.proxy.spoil()
        if how == "reset":
            await asyncio.sleep(BEFORE_RESET_S)
            linger = struct.pack("ii", 1, 0)
            sock = self.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.writer.transport.abort()
        else:
            self.writer.close()
        say(f"{self.client}: {how} after {len(part)} bytes of the answer to a renewal")
        # The other two ways end with the connection.
        self.server_writer.close()

    async def end_when_idle(self):
        limit = self.proxy.spec.get("idle_s")
        while limit is None or self.busy or self.quiet_s() < limit:
            await asyncio.sleep(0.2 if limit else 3600)
        say(f"{self.client}: closed after {limit} s without a byte")


def backend_tls(spec):
    if "tls" not in spec:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(*spec["tls"]["client"])
    return context


def front_tls(spec):
    if "tls" not in spec:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*spec["tls"]["server"])
    # A certificate is optional here: etcd decides whether it needs one.
    context.load_verify_locations(spec["tls"]["ca"])
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


async def main(spec):
    proxy = Proxy(spec)
    host, _, port = spec["listen"].rpartition(":")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    server = await asyncio.start_server(proxy.serve, host, int(port), ssl=front_tls(spec))
    say("listens: " + json.dumps(spec))
    await stop.wait()
    server.close()
    await proxy.drain()
    await asyncio.sleep(0.05)
    say("ends")


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
