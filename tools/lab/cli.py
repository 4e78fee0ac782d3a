# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands of `lab`: arguments in, text or JSON out, one sentence on stderr for an error."""
import argparse
import json
import os
import signal
import sys
import time

import certificates
import cgroups
import cluster
import etcdapi
import faults
import healing
import layout
import namespaces
import procs
import status
from layout import LabError, Options
from registry import FAULTS

DESCRIPTION = """\
A real cluster of etcd, Patroni and PostgreSQL in private namespaces on loopback addresses, and
faults to inject into it. A lab exists while `lab up` runs in the foreground, and leaves nothing
behind. Needs root."""

EPILOG = """\
example:
  sudo tools/lab/lab up                 in one terminal
  sudo tools/lab/lab fault incident     in another
  sudo tools/lab/lab heal"""


def wrapper_wait(init, ready_before):
    """Waits for init's end or for a signal that asks for it; the exit status of `lab up`."""
    while True:
        number = signal.sigwait(namespaces.STOP_SIGNALS | {signal.SIGCHLD})
        if number == signal.SIGCHLD:
            pid, _ = os.waitpid(init, os.WNOHANG)
            if pid:
                return 1
            continue
        was_ready = ready_before()
        os.kill(init, signal.SIGKILL)
        # Returns when the kernel has ended every process of the lab's pid namespace.
        os.waitpid(init, 0)
        return 0 if was_ready else 128 + number


def command_up(arguments):
    options = Options(
        name=arguments.name or layout.DEFAULT_NAME,
        ttl=arguments.ttl,
        loop_wait=arguments.loop_wait,
        retry_timeout=arguments.retry_timeout,
        etcds=arguments.etcds,
        patronis=arguments.patronis,
        auth=arguments.auth,
        ready_timeout=arguments.ready_timeout,
        log_level=arguments.log_level,
        log_bytes=arguments.log_bytes,
        srv=arguments.srv,
        net=arguments.net,
        tls=arguments.tls,
        mtls=arguments.mtls,
        v2=arguments.v2,
    )
    options.check()
    if arguments.with_parent:
        namespaces.die_with_parent(signal.SIGTERM)
    missing = cluster.missing_tools(options)
    if missing:
        raise LabError(f"missing: {', '.join(missing)}; install with: tools/setup lab")
    if any(lab.name == options.name for lab in namespaces.find_labs()):
        raise LabError(f"a lab named {options.name} is already running")
    signal.pthread_sigmask(signal.SIG_BLOCK, namespaces.STOP_SIGNALS | {signal.SIGCHLD})
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lab")
    argv = [sys.executable, script, namespaces.MARKER, options.name, options.to_json()]
    # A lab of that name that was killed with -9 may have left one behind.
    cgroups.remove(options.name)
    init = namespaces.start_init(argv)
    ready_file = f"/proc/{init}/root{layout.BASE}/ready"
    try:
        return wrapper_wait(init, lambda: os.path.exists(ready_file))
    finally:
        cgroups.remove(options.name)


def command_down(arguments):
    lab = namespaces.find_lab(arguments.name)
    wrapper = status.wrapper_of(lab.init)
    try:
        os.kill(wrapper or lab.init, signal.SIGTERM if wrapper else signal.SIGKILL)
    except ProcessLookupError:
        pass
    left = [lab.init] + ([wrapper] if wrapper else [])
    procs.wait_until(
        lambda: not any(map(namespaces.exists, left)), 10, f"the lab {lab.name} does not go away"
    )
    print(f"lab {lab.name}: gone")
    return 0


def command_status(arguments):
    lab = namespaces.find_lab(arguments.name)
    report = status.collect(lab)
    print(json.dumps(report, indent=2) if arguments.json else status.text(report))
    return 0


def command_faults(arguments):
    if arguments.json:
        known = {
            name: {"done_to": fault.takes, "lasting": fault.lasting, "what": fault.what}
            for name, fault in FAULTS.items()
        }
        print(json.dumps(known))
        return 0
    width = max(map(len, FAULTS))
    for theme in faults.THEMES:
        print(theme.TITLE)
        for name, fault in FAULTS.items():
            if fault.function.__module__ == theme.__name__:
                print(f"  {name:<{width}}  {fault.what}")
    return 0


def command_fault(arguments):
    lab = namespaces.find_lab(arguments.name)
    if arguments.fault not in FAULTS:
        raise LabError(f"there is no fault {arguments.fault!r}: see lab faults")
    lab.options()
    result = lab.call(faults.inject, arguments.fault, arguments.member, arguments.patroni)
    print(json.dumps(result) if arguments.json else f"{arguments.fault}: {result['done']}")
    return 0


def command_heal(arguments):
    lab = namespaces.find_lab(arguments.name)
    lab.options()
    result = lab.call(healing.heal)
    if arguments.json:
        print(json.dumps(result))
    else:
        leader, remaining = result["leader"], result["remaining"]
        print(f"healed in {result['seconds']:.1f} s: {leader} leads, {remaining} s on its lease")
    return 0


def command_lease(arguments):
    lab = namespaces.find_lab(arguments.name)
    lab.options()
    print(json.dumps(lab.call(status.lease)))
    return 0


def run_inside(lab, argv, environment):
    """Runs argv in the lab with this terminal; its exit status."""

    def inside():
        namespaces.default_signals()
        try:
            os.execvpe(argv[0], argv, environment)
        except OSError as error:
            print(f"lab: cannot run {argv[0]}: {error.strerror}", file=sys.stderr, flush=True)
            os._exit(126 if isinstance(error, PermissionError) else 127)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pid = lab.enter(inside)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: os.kill(pid, number))
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code if code >= 0 else 128 - code


def words(arguments):
    """The command given after the options, and after -- where its own options come first."""
    return arguments.argv[1:] if arguments.argv[:1] == ["--"] else arguments.argv


def command_exec(arguments):
    if not words(arguments):
        raise LabError("say what to run: lab exec -- CMD ...")
    return run_inside(namespaces.find_lab(arguments.name), words(arguments), os.environ)


def command_etcdctl(arguments):
    lab = namespaces.find_lab(arguments.name)
    options = lab.options()
    endpoints = ",".join(layout.client_url(options, name) for name in options.etcd_names())
    environment = dict(os.environ, ETCDCTL_API="3", ETCDCTL_ENDPOINTS=endpoints)
    if options.tls:
        environment["ETCDCTL_CACERT"] = certificates.CA
    if options.mtls:
        environment.update(
            ETCDCTL_CERT=certificates.PATRONI, ETCDCTL_KEY=certificates.PATRONI_KEY
        )
    if options.auth:
        environment["ETCDCTL_USER"] = f"{layout.ETCD_USER}:{layout.ETCD_PASSWORD}"
    return run_inside(lab, ["/usr/bin/etcdctl", *words(arguments)], environment)


def command_patronictl(arguments):
    lab = namespaces.find_lab(arguments.name)
    lab.options()
    config = f"{layout.directory('patroni1')}/config.yml"
    return run_inside(lab, ["/usr/bin/patronictl", "-c", config, *words(arguments)], os.environ)


def command_pid(arguments):
    lab = namespaces.find_lab(arguments.name)
    options = lab.options()
    if arguments.daemon not in options.etcd_names() + options.patroni_names():
        raise LabError(f"there is no {arguments.daemon} in the lab {lab.name}")
    pid = status.host_pid(lab, arguments.daemon)
    if pid is None:
        raise LabError(f"{arguments.daemon} is not running")
    print(pid)
    return 0


def command_logs(arguments):
    lab = namespaces.find_lab(arguments.name)
    options = lab.options()
    known = layout.log_names(options)
    names = [arguments.daemon] if arguments.daemon else known
    if arguments.daemon and arguments.daemon not in known:
        raise LabError(f"there is no log of {arguments.daemon}; there are: {', '.join(known)}")
    files = {}
    while True:
        for name in names:
            path = lab.path(layout.shown_log(options, name))
            if name not in files and os.path.exists(path):
                files[name] = open(path, encoding="utf-8", errors="replace")
            prefix = "" if len(names) == 1 else f"{name}: "
            for line in files.get(name, ()):
                print(prefix + line, end="")
        sys.stdout.flush()
        if not arguments.follow or not lab.alive():
            return 0
        time.sleep(0.2)


def up_options(up):
    for option, what in (
        ("ttl", "Patroni's ttl in seconds"),
        ("loop_wait", "Patroni's loop_wait in seconds"),
        ("retry_timeout", "Patroni's retry_timeout in seconds"),
        ("etcds", "number of etcd members, 1 to 5"),
        ("patronis", "number of Patronis, each with a PostgreSQL, 1 or 2"),
        ("ready_timeout", "give up if the cluster is not healthy after this many seconds"),
    ):
        default = getattr(Options, option)
        up.add_argument(
            "--" + option.replace("_", "-"),
            type=type(default),
            default=default,
            metavar="N",
            help=f"{what} ({default})",
        )
    up.add_argument(
        "--with-parent", action="store_true", help="also stop when the process that started it exits"
    )
    up.add_argument(
        "--srv", action="store_true", help="Patroni finds etcd through SRV records, not a list"
    )
    up.add_argument(
        "--net",
        type=int,
        default=Options.net,
        metavar="N",
        help="scope demoN, names etcd1.labN, addresses 127.0.N.x: for several labs at once",
    )
    up.add_argument("--tls", action="store_true", help="TLS between Patroni and etcd, and for PostgreSQL")
    up.add_argument("--mtls", action="store_true", help="the same, with client certificates")
    up.add_argument("--v2", action="store_true", help="Patroni uses etcd's v2 API")
    up.add_argument("--auth", action="store_true", help="etcd requires a password")
    up.add_argument(
        "--log-level",
        choices=["DEBUG", "INFO", "WARNING"],
        default=Options.log_level,
        help="Patroni's log level; DEBUG logs the status of each answer (INFO)",
    )
    up.add_argument(
        "--log-bytes",
        type=int,
        default=Options.log_bytes,
        metavar="N",
        help="Patroni writes its own log file and rotates it after N bytes",
    )


def build_parser():
    parser = argparse.ArgumentParser(
        prog="lab",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(name, function, text):
        command = commands.add_parser(name, help=text, description=text)
        default = "lab" if name == "up" else "the only one running"
        command.add_argument("--name", help=f"the lab's name (default: {default})")
        command.set_defaults(function=function)
        return command

    up_options(add("up", command_up, "start a lab and stay in the foreground until Ctrl-C"))
    add("down", command_down, "stop a lab and remove it")
    command = add("status", command_status, "members, leaders, pids, the lease, the faults")
    command.add_argument("--json", action="store_true")
    command = add("faults", command_faults, "list the faults")
    command.add_argument("--json", action="store_true")
    command = add("fault", command_fault, "inject a fault; returns when it is in effect")
    command.add_argument("fault", metavar="FAULT", help="see: lab faults")
    command.add_argument(
        "--member", metavar="ETCD", help="the etcd to break (default: the one that Patroni uses now)"
    )
    command.add_argument(
        "--patroni", metavar="PATRONI", help="the Patroni to break, or that sees the fault (default: the leader)"
    )
    command.add_argument("--json", action="store_true")
    command = add("heal", command_heal, "undo every fault; returns when the cluster is healthy")
    command.add_argument("--json", action="store_true")
    add("lease", command_lease, "print the leader's lease as etcd sees it, as JSON")
    command = add("exec", command_exec, "run a command inside the lab")
    command.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- CMD ...")
    command = add("etcdctl", command_etcdctl, "run etcdctl (v3) on the lab's etcds")
    command.add_argument("argv", nargs=argparse.REMAINDER, metavar="ARG")
    command = add("patronictl", command_patronictl, "run patronictl on the lab's cluster")
    command.add_argument("argv", nargs=argparse.REMAINDER, metavar="ARG")
    command = add("pid", command_pid, "print a daemon's pid as this host sees it")
    command.add_argument("daemon", metavar="NAME", help="etcd1 ..., patroni1 ...")
    command = add("logs", command_logs, "print the logs: etcd1 ..., patroni1 ..., postgres1 ...")
    command.add_argument("daemon", metavar="NAME", nargs="?", help="only this one")
    command.add_argument("-f", "--follow", action="store_true", help="go on as they grow")
    return parser


def main(argv):
    if argv[:1] == [namespaces.MARKER]:
        return cluster.init_main(Options.from_json(argv[2]))
    arguments = build_parser().parse_args(argv)
    if arguments.function is not command_faults and os.geteuid() != 0:
        print("lab: private namespaces need root: run it with sudo", file=sys.stderr)
        return 1
    try:
        return arguments.function(arguments)
    except (LabError, etcdapi.EtcdError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except KeyboardInterrupt:
        return 130
