# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest: a kernel, software emulation, the host's root read-only below an overlay, one command, its output.

The guest's initramfs holds only busybox and the modules that its root needs. The command and what comes of it pass
through a directory that both sides share.
"""
import gzip
import lzma
import os
import shutil
import subprocess
import time

import background

HERE = os.path.dirname(os.path.abspath(__file__))
# An emulated clock of an emulated chip is slow to read, and nobody attacks the guest.
CMDLINE = "panic=-1 quiet loglevel=4 clocksource=tsc tsc=reliable mitigations=off"
# What mounts the root; all else is loaded from there.
MODULES = ["virtio_pci", "9pnet_virtio", "9p", "overlay"]
MACHINES = {
    # Debian's name of the architecture: the emulator and what it is given, the console
    "amd64": (["qemu-system-x86_64", "-machine", "q35"], "ttyS0"),
    "arm64": (["qemu-system-aarch64", "-machine", "virt"], "ttyAMA0"),
}


def _cpio_member(name, mode, data=b""):
    """One file of an initramfs: the format is the kernel's Documentation/driver-api/early-userspace."""
    encoded = name.encode() + b"\0"
    fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0]
    header = b"070701" + b"".join(b"%08x" % field for field in fields) + encoded
    return header + bytes(-len(header) % 4) + data + bytes(-len(data) % 4)


def _module(path):
    """Decompressed: busybox need not know how."""
    with open(path, "rb") as file:
        data = file.read()
    if path.endswith(".xz"):
        return lzma.decompress(data)
    return gzip.decompress(data) if path.endswith(".gz") else data


def _initramfs(path, kernel, busybox, config):
    directories = ["bin", "dev", "proc", "sys", "modules"]
    members = [_cpio_member(name, 0o40755) for name in directories]
    with open(busybox, "rb") as file:
        members.append(_cpio_member("bin/busybox", 0o100755, file.read()))
    with open(f"{HERE}/init", "rb") as file:
        members.append(_cpio_member("init", 0o100755, file.read()))
    for number, module in enumerate(kernel.module_files(MODULES)):
        members.append(_cpio_member(f"modules/{number:02}.ko", 0o100644, _module(module)))
    members.append(_cpio_member("config", 0o100644, config.encode()))
    members.append(_cpio_member("TRAILER!!!", 0))
    with open(path, "wb") as file:
        file.write(b"".join(members))


class VmError(Exception):
    """What went wrong, and what the guest said."""


class Guest:
    """Runs `script` (sh, as root) in a guest. `directory` is its own: out/ in it is the guest's /run/vm.

    It has one processor, and its clock counts what that does (-icount, a nanosecond an instruction): how busy the host is,
    and how many guests run side by side, makes a guest late and not slow. And with two processors a guest would die of
    an int3 now and then (seen on 6.12): the kernel changes its own code while it runs (static keys: a tracepoint is
    attached to), and qemu lets one processor run into what the other is changing.
    """

    def __init__(self, kernel, busybox, directory, script, *, name, arch="amd64", root="/", memory_mb=2048, cmdline=""):
        self.kernel = kernel
        self.out = f"{directory}/out"
        self.console = f"{directory}/console"
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(self.out)
        with open(f"{self.out}/command", "w", encoding="utf-8") as file:
            file.write(script)
        config = f"modules='{kernel.modules}'\nguest='{HERE}/guest'\n"
        _initramfs(f"{directory}/initramfs", kernel, busybox, config)
        machine, tty = MACHINES[arch]
        if not shutil.which(machine[0]):
            raise VmError(f"{machine[0]} is missing; install with: tools/setup vm")
        share = "local,security_model=none,multidevs=remap"
        command = [
            *machine, "-accel", "tcg", "-icount", "shift=0,sleep=on", "-cpu", "max", "-smp", "1",
            "-m", str(memory_mb),
            "-nographic", "-nodefaults", "-no-reboot", "-monitor", "none", "-serial", f"file:{self.console}",
            "-kernel", kernel.image, "-initrd", f"{directory}/initramfs",
            "-append", f"console={tty} {CMDLINE} vm.name={name} {cmdline}",
            "-virtfs", f"{share},path={root},mount_tag=root,readonly=on,id=root",
            "-virtfs", f"{share},path={self.out},mount_tag=out,id=out",
        ]
        self.began = time.monotonic()
        # A guest that waits for a processor is late, and not slow: whatever else runs goes first.
        self.process = background.start(command, 19, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)

    def _read(self, path):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def output(self):
        return self._read(f"{self.out}/output")

    def console_tail(self, size=6000):
        return self._read(self.console)[-size:]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def wait(self, timeout):
        """The script's exit status; a VmError with the console's end when the guest did not come to one."""
        try:
            said, _ = self.process.communicate(timeout=max(0.1, self.began + timeout - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.kill()
            raise VmError(f"the guest was stopped after {timeout:.0f} s; its console ends with:\n"
                          f"{self.console_tail()}\nits output with:\n{self.output()[-6000:]}") from None
        status = self._read(f"{self.out}/status").strip()
        if not status:
            raise VmError(f"the guest ended without a result {said.strip()}; its console ends with:\n"
                          f"{self.console_tail()}\nits output with:\n{self.output()[-6000:]}")
        return int(status)
