# SPDX-License-Identifier: GPL-2.0-or-later
"""leasewatch for arm64: compiled and linked with Debian's cross compiler, the BPF programs held against an arm64
kernel's types. What it is compiled against is unpacked below the build directory.
"""
import gzip
import os
import struct
import subprocess

import kernels
import packages

ROOT = os.path.abspath(f"{os.path.dirname(os.path.abspath(__file__))}/../..")
CC = "aarch64-linux-gnu-gcc"
CROSS_INCLUDE = "/usr/aarch64-linux-gnu/include"
# Headers, and the archives that the program is made of.
LIBRARIES = ["libbpf-dev", "libelf-dev", "zlib1g-dev", "libjansson-dev", "libyaml-dev", "libncurses-dev", "libjsmn-dev",
             "uthash-dev", "libinih-dev", "libevent-dev", "libcap-ng-dev", "libseccomp-dev"]
KERNEL = "6.1"
MACHINE_ARM64 = 183  # EM_AARCH64 of the ELF header
BTF_MAGIC = b"\x9f\xeb\x01\x00"
BTF_HEADER = struct.Struct("<HBBIIIII")


def sysroot(build):
    there = packages.Packages(build, "arm64")
    place = f"{there.build}/vm/sysroot-arm64"
    there.unpack(place, LIBRARIES)
    return place


def compile_all(build):
    """The exit status of make and what it said; the program is build/arm64/leasewatch."""
    root = sysroot(build)
    libraries = f"{root}/usr/lib/aarch64-linux-gnu"
    # pkg-config would leave the sysroot's own directories out, as those of the system.
    environment = {**os.environ, "PKG_CONFIG_SYSROOT_DIR": root, "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1",
                   "PKG_CONFIG_LIBDIR": f"{libraries}/pkgconfig:{root}/usr/share/pkgconfig",
                   "CPPFLAGS": f"-isystem {root}/usr/include",
                   "LDFLAGS": f"-L{libraries}"}
    done = subprocess.run(
        ["make", "--no-print-directory", "-C", ROOT, f"BUILD={os.path.abspath(build)}/arm64", f"CC={CC}",
         "AR=aarch64-linux-gnu-ar", f"UAPI={CROSS_INCLUDE}", f"-j{os.cpu_count()}", "all"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, check=False)
    return done.returncode, done.stdout


def machine(program):
    """The ELF header's e_machine."""
    with open(program, "rb") as file:
        return struct.unpack("<H", file.read(20)[18:])[0]


def kernel_btf(build):
    """The types of Debian's arm64 kernel, cut out of its image."""
    kernel = kernels.fetch(build, KERNEL, "arm64")
    with open(kernel.image, "rb") as file:
        image = file.read()
    if image[:2] == b"\x1f\x8b":
        image = gzip.decompress(image)
    at, found = -1, b""
    while (at := image.find(BTF_MAGIC, at + 1)) >= 0:
        _, _, _, header, _, types, strings, strings_bytes = BTF_HEADER.unpack_from(image, at)
        end = at + header + strings + strings_bytes
        # The kernel's own begins with its strings' empty one; a module's would be smaller.
        if header == BTF_HEADER.size and strings == types and end <= len(image) and end - at > len(found):
            found = image[at:end]
    path = f"{os.path.abspath(build)}/vm/btf-{kernel.version}"
    with open(path, "wb") as file:
        file.write(found)
    return path


def run(tally, build):
    """Three tests: it compiles, it is for arm64, an arm64 kernel has what its programs read."""
    try:
        status, said = compile_all(build)
        tally.add(status == 0, "arm64: compiles", said)
        if status:
            return
        tally.add(machine(f"{build}/arm64/leasewatch") == MACHINE_ARM64, "arm64: is for arm64")
        done = subprocess.run([f"{ROOT}/tools/kernel-types", "--check", "--build", f"{build}/arm64", "--arch", "arm64",
                               "--btf", kernel_btf(build)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        tally.add(done.returncode == 0, f"arm64: Linux {KERNEL} has what is read: {done.stdout.strip()}")
    except packages.PackageError as error:
        tally.add(False, "arm64: compiles", str(error))
