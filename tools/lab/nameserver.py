# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab's nameservers, on UDP and TCP. A daemon of the lab.

usage: nameserver.py RECORDS BEHAVIOUR ADDRESS...
  RECORDS     a JSON object, {name: {type: [data]}}: all names that exist
  BEHAVIOUR   a file with a JSON object, {address: what it does}, read again at each query:
              answer (also when the address is not in it), silent, servfail, nxdomain, slow,
              truncate (over UDP; over TCP it answers)

It logs every query and what it does on stderr, with the time.
"""
import asyncio
import json
import sys
import time

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

PORT = 53
TTL_S = 60
SLOW_S = 2.0
RCODES = {"servfail": dns.rcode.SERVFAIL, "nxdomain": dns.rcode.NXDOMAIN}


def say(text):
    now = time.time()
    stamp = time.strftime("%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d}"
    print(f"{stamp} {text}", file=sys.stderr, flush=True)


class Zone:
    def __init__(self, records, behaviour_file):
        self.records = records
        self.behaviour_file = behaviour_file

    def behaviour(self, address):
        with open(self.behaviour_file, encoding="utf-8") as file:
            return json.load(file).get(address, "answer")

    def fill(self, response, question):
        known = self.records.get(question.name.to_text(omit_final_dot=True).lower())
        if known is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
            return
        kind = dns.rdatatype.to_text(question.rdtype)
        if known.get(kind):
            found = dns.rrset.from_text_list(question.name, TTL_S, "IN", kind, known[kind])
            response.answer.append(found)

    async def reply(self, packet, address, transport):
        """The answer's bytes, None for silence."""
        try:
            query = dns.message.from_wire(packet)
            question = query.question[0]
        except (dns.exception.DNSException, IndexError):
            return None
        behaviour = self.behaviour(address)
        kind = dns.rdatatype.to_text(question.rdtype)
        say(f"{address} {transport}: {question.name} {kind}: {behaviour}")
        if behaviour == "silent":
            return None
        if behaviour == "slow":
            await asyncio.sleep(SLOW_S)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA | dns.flags.RA
        if behaviour in RCODES:
            response.set_rcode(RCODES[behaviour])
        elif behaviour == "truncate" and transport == "UDP":
            response.flags |= dns.flags.TC
        else:
            self.fill(response, question)
        return response.to_wire()


class Udp(asyncio.DatagramProtocol):
    def __init__(self, zone, address):
        self.zone = zone
        self.address = address
        self.transport = None
        self.at_work = set()

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        task = asyncio.ensure_future(self.answer(data, addr))
        # The loop itself keeps no hold of it.
        self.at_work.add(task)
        task.add_done_callback(self.at_work.discard)

    async def answer(self, data, addr):
        answer = await self.zone.reply(data, self.address, "UDP")
        if answer:
            self.transport.sendto(answer, addr)


def tcp(zone, address):
    async def serve(reader, writer):
        try:
            while True:
                length = int.from_bytes(await reader.readexactly(2), "big")
                answer = await zone.reply(await reader.readexactly(length), address, "TCP")
                if answer:
                    writer.write(len(answer).to_bytes(2, "big") + answer)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    return serve


async def main(records, behaviour_file, *addresses):
    zone = Zone(json.loads(records), behaviour_file)
    loop = asyncio.get_running_loop()
    for address in addresses:
        await loop.create_datagram_endpoint(
            lambda address=address: Udp(zone, address), local_addr=(address, PORT)
        )
        await asyncio.start_server(tcp(zone, address), address, PORT)
    say("listens")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
