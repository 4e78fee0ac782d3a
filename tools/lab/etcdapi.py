# SPDX-License-Identifier: GPL-2.0-or-later
"""A client for etcd's JSON gateway, one connection a call, for use inside the lab.

By address, so that it works whatever a fault does to the names.
"""
import base64
import http.client
import json

import certificates
import layout
from layout import CLIENT_PORT, LabError


class EtcdError(LabError):
    """status and code are None when no answer came."""

    def __init__(self, message, status=None, code=None):
        super().__init__(message)
        self.status = status
        self.code = code


def b64(text):
    return base64.b64encode(text.encode()).decode()


class Etcd:
    """One member. Times out after timeout seconds unless a call says otherwise."""

    def __init__(self, options, name, timeout=2.0):
        self.options = options
        self.name = name
        self.timeout = timeout
        self.token = None

    def connect(self, timeout=None):
        where, timeout = layout.address(self.name), timeout or self.timeout
        tls = certificates.client_context(self.options)
        if tls:
            return http.client.HTTPSConnection(where, CLIENT_PORT, timeout=timeout, context=tls)
        return http.client.HTTPConnection(where, CLIENT_PORT, timeout=timeout)

    def v2(self, method, path):
        """A call of the v2 API: its answer, None when there is no such key."""
        connection = self.connect()
        try:
            connection.request(method, "/v2/keys" + path)
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            why = str(error) or type(error).__name__
            raise EtcdError(f"{self.name} did not answer {path}: {why}") from error
        finally:
            connection.close()
        if answer.get("errorCode") == 100:
            return None
        if "errorCode" in answer:
            raise EtcdError(f"{self.name} answered {path} with: {answer['message']}")
        return answer

    def delete_v2(self, path):
        self.v2("DELETE", path)

    def post(self, path, body, timeout=None):
        connection = self.connect(timeout)
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = self.token
        try:
            connection.request("POST", "/v3/" + path, json.dumps(body), headers)
            response = connection.getresponse()
            answer = json.loads(response.read() or b"{}")
        except (OSError, http.client.HTTPException, ValueError) as error:
            why = str(error) or type(error).__name__
            raise EtcdError(f"{self.name} did not answer {path}: {why}") from error
        finally:
            connection.close()
        if response.status != 200 or "error" in answer:
            error = answer.get("error")
            detail = error if isinstance(error, dict) else answer
            message = detail.get("message") or str(error)
            code = detail.get("code", detail.get("grpc_code"))
            raise EtcdError(f"{self.name} answered {path} with: {message}", response.status, code)
        return answer

    def call(self, path, body=None, timeout=None):
        """As post, with a token when the lab has authentication."""
        if self.options.auth and not self.token:
            login = {"name": layout.ETCD_USER, "password": layout.ETCD_PASSWORD}
            try:
                self.token = self.post("auth/authenticate", login, timeout)["token"]
            except EtcdError as error:
                # Not enabled yet, while the lab starts.
                if "not enabled" not in str(error):
                    raise
        return self.post(path, body or {}, timeout)

    def status(self):
        """(member id, leader id or None). Answered from the member's own memory, without a token:
        to get one, it would need the quorum."""
        answer = self.post("maintenance/status", {})
        leader = answer.get("leader", "0")
        return answer["header"]["member_id"], None if leader == "0" else leader

    def revision(self):
        """Up to where the member's own store is; from its memory, as status()."""
        return int(self.post("maintenance/status", {})["header"].get("revision", 0))

    def range(self, key, serializable=False, timeout=None):
        """The key's {value, lease, mod_revision} with the value decoded, None when it is absent."""
        answer = self.call("kv/range", {"key": b64(key), "serializable": serializable}, timeout)
        for kv in answer.get("kvs", []):
            value = base64.b64decode(kv.get("value", "")).decode()
            return {"value": value, "lease": kv.get("lease"), "mod_revision": kv["mod_revision"]}
        return None

    def grant(self, ttl):
        return self.call("lease/grant", {"TTL": ttl})["ID"]

    def revoke(self, lease):
        self.call("lease/revoke", {"ID": lease})

    def keepalive(self, lease, timeout=None):
        """Seconds left; 0 when the lease is gone."""
        answer = self.call("lease/keepalive", {"ID": lease}, timeout)
        return int(answer["result"].get("TTL", 0))

    def time_to_live(self, lease):
        """(seconds granted, seconds left) of any lease, without renewing it; (0, -1) when it is
        gone. etcd's own whole seconds, rounded down (lease.go, TimeToLive)."""
        answer = self.call("lease/timetolive", {"ID": lease})
        return int(answer.get("grantedTTL", 0)), int(answer.get("TTL", 0))

    def move_leader(self, member_id):
        self.call("maintenance/transfer-leadership", {"targetID": member_id}, timeout=10)

    def raise_no_space(self):
        alarm = {"action": "ACTIVATE", "memberID": self.status()[0], "alarm": "NOSPACE"}
        self.call("maintenance/alarm", alarm)

    def disarm(self):
        """Every alarm of every member."""
        alarms = self.call("maintenance/alarm", {"action": "GET"}).get("alarms", [])
        for alarm in alarms:
            self.call("maintenance/alarm", {"action": "DEACTIVATE", **alarm})

    def learners(self):
        """The member ids of the learners."""
        found = self.call("cluster/member/list").get("members", [])
        return [member["ID"] for member in found if member.get("isLearner")]

    def add_learner(self, peer_url):
        self.call("cluster/member/add", {"peerURLs": [peer_url], "isLearner": True})

    def remove_member(self, member_id):
        self.call("cluster/member/remove", {"ID": member_id})


def members(options, timeout=2.0):
    return [Etcd(options, name, timeout) for name in options.etcd_names()]


def find_leader(options, timeout=2.0):
    """The name of the member that says of itself that it leads, or None."""
    for member in members(options, timeout):
        try:
            own, leader = member.status()
        except EtcdError:
            continue
        if own == leader:
            return member.name
    return None


def any_member(options, ask, timeout=2.0, first=None):
    """ask(Etcd) of the first member that answers it, beginning with first."""
    last = None
    order = sorted(members(options, timeout), key=lambda member: member.name != first)
    for member in order:
        try:
            return ask(member)
        except EtcdError as error:
            last = error
    raise last


def move_leader(options, old, new):
    Etcd(options, old).move_leader(Etcd(options, new).status()[0])


def find_learners(options):
    return any_member(options, lambda member: member.learners())


def member_lease(options, patroni):
    """The lease that a Patroni's keys hang on, None when it has none."""
    key = layout.member_path(patroni)
    found = any_member(options, lambda member: member.range(key))
    return found and found["lease"]


def leader_key(options, timeout=2.0, serializable=False, first=None):
    """{member, lease, granted, remaining} of Patroni's leader key, from the first etcd that
    answers; None when there is no such key. With the v2 API lease is "0"."""

    def ask_v2(member):
        path = layout.leader_path() + ("" if serializable else "?quorum=true")
        answer = member.v2("GET", path)
        if answer is None:
            return None
        node = answer["node"]
        return {
            "member": node["value"],
            "lease": "0",
            "granted": options.ttl,
            "remaining": node.get("ttl", 0),
        }

    def ask(member):
        found = member.range(layout.leader_path(), serializable)
        if not found:
            return None
        granted, remaining = member.time_to_live(found["lease"])
        return {
            "member": found["value"],
            "lease": found["lease"],
            "granted": granted,
            "remaining": remaining,
        }

    return any_member(options, ask_v2 if options.v2 else ask, timeout, first)
