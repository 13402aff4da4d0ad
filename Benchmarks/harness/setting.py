"""What every section needs: the programs, the sizes, the input file, names that nobody else has."""

from __future__ import annotations

import os
import random
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.processes import Failure, Process

Side = Literal["send", "recv"]

LINE = 100  # bytes, the newline included


@dataclass(frozen=True)
class Setting:
    programs: Path  # where the reference programs were built
    scratch: Path  # inputs and outputs of this run, removed after it
    mq: Path | None
    messages: int
    framing_messages: int
    rounds: int
    starts: int
    tail_runs: int
    timeout: float
    is_pinned: bool  # the sender on one CPU, the receiver on another

    def program(self, name: str) -> str:
        return str(self.programs / name)

    def start(self, command: Sequence[str], stdin: Path | None = None, stdout: Path | None = None) -> Process:
        return Process(self.programs / "measure", command, stdin, stdout)

    def processor(self, side: Side) -> set[int]:
        allowed = os.sched_getaffinity(0)
        return {min(allowed) if side == "send" else max(allowed)}

    @contextmanager
    def placed(self, side: Side) -> Iterator[None]:
        """Whatever is started inside inherits the CPU of its side, if the sides are pinned."""
        allowed = os.sched_getaffinity(0)
        if self.is_pinned:
            os.sched_setaffinity(0, self.processor(side))
        try:
            yield
        finally:
            os.sched_setaffinity(0, allowed)


def build(sources: Path, names: Sequence[str], destination: Path) -> None:
    compiler = os.environ.get("CC", "cc")
    destination.mkdir(parents=True, exist_ok=True)
    for name in names:
        command = [compiler, "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", str(sources / f"{name}.c")]
        command += ["-o", str(destination / name)] + (["-lzmq", "-pthread"] if name.startswith("zmq_") else [])
        if shutil.which(compiler) is None:
            raise Failure(f"no C compiler: {compiler} is not there (name one in CC)")
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            hint = " (libzmq's headers are in libzmq3-dev)" if "zmq.h" in done.stderr else ""
            raise Failure(f"{name}.c does not compile{hint}:\n{done.stderr.strip()}")


def write_lines(path: Path, count: int) -> None:
    """Writes lines of varied printable characters, the same ones every time."""
    source = random.Random(20240229)
    printable = bytes(ord("!") + value % 94 for value in range(256))
    with open(path, "wb") as file:
        while count > 0:
            lines = min(count, 10_000)
            block = bytearray(source.randbytes(lines * LINE).translate(printable))
            block[LINE - 1 :: LINE] = b"\n" * lines
            file.write(block)
            count -= lines


def check_same(expected: Path, actual: Path, who: str) -> None:
    sizes = expected.stat().st_size, actual.stat().st_size
    with open(expected, "rb") as left, open(actual, "rb") as right:
        offset = 0
        while (a := left.read(1 << 20)) == (b := right.read(1 << 20)) and a:
            offset += len(a)
    if a == b:
        return
    offset += next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    raise Failure(
        f"{who}: the output differs from the input at byte {offset}, record {offset // LINE + 1} "
        f"(expected {sizes[0]} bytes, got {sizes[1]})"
    )


def unique_name() -> str:
    return f"mq-bench-{os.getpid()}-{secrets.token_hex(4)}"


def unique_key() -> str:
    """A System V key; never 0, which would mean a private queue."""
    return hex((os.getpid() & 0x7FFF) << 16 | 1 + secrets.randbelow(0xFFFF))


@contextmanager
def ipc_path() -> Iterator[Path]:
    """A path short enough for a socket address, in a directory that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix=f"mq-bench-{os.getpid()}-") as directory:
        path = Path(directory, "zmq")
        if len(os.fsencode(path)) > 107:
            raise Failure(f"{path} is too long for a socket address (107 bytes): set TMPDIR to a shorter one")
        yield path


def wait_for_listener(path: Path, receiver: Process) -> None:
    """Returns when a process listens at `path`: a peer that connects earlier would wait out a reconnect interval.

    Connecting to find out would disturb the receiver; the kernel's table tells as well.
    """
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with open("/proc/net/unix", encoding="utf-8", errors="replace") as table:
            next(table)  # the heading
            for entry in table:
                fields = entry.split(maxsplit=7)
                accepts = len(fields) == 8 and int(fields[3], 16) & 0x10000  # SO_ACCEPTCON
                if accepts and fields[7].rstrip("\n") == str(path):
                    return
        if receiver.has_ended():
            receiver.result()
            raise Failure(f"`{receiver}` ended before it listened at {path}")
        time.sleep(0.001)
    raise Failure(f"`{receiver}` does not listen at {path} after 10 s")
