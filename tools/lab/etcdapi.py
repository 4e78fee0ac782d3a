# SPDX-License-Identifier: GPL-2.0-or-later
"""A client for etcd's JSON gateway, one connection a call, for use inside the lab.

By address, so that it works whatever a fault does to the names.
"""
import base64
import http.client
import json

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

    def post(self, path, body, timeout=None):
        connection = http.client.HTTPConnection(
            layout.address(self.name), CLIENT_PORT, timeout=timeout or self.timeout
        )
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

    def remaining(self, lease):
        """Seconds left of any lease, without renewing it."""
        return int(self.call("lease/timetolive", {"ID": lease}).get("TTL", -1))

    def move_leader(self, member_id):
        self.call("maintenance/transfer-leadership", {"targetID": member_id}, timeout=10)


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


def leader_key(options, timeout=2.0, serializable=False):
    """{member, lease, remaining} of Patroni's leader key, from the first etcd that answers; None
    when there is no such key."""
    key = f"{layout.NAMESPACE}{layout.SCOPE}/leader"
    last = None
    for member in members(options, timeout):
        try:
            found = member.range(key, serializable)
            if not found:
                return None
            lease = found["lease"]
            return {"member": found["value"], "lease": lease, "remaining": member.remaining(lease)}
        except EtcdError as error:
            last = error
    raise last
