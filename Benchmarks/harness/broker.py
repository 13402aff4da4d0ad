"""Brokers that are measured against: started on free ports of 127.0.0.1, ended with the section."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.processes import Failure


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def find_program(name: str) -> str | None:
    """On PATH, or beside the nsqd that MQ_TEST_NSQD names."""
    if named := os.environ.get("MQ_TEST_NSQD"):
        beside = Path(named).with_name(name)
        if os.access(beside, os.X_OK):
            return str(beside)
    return shutil.which(name)


@contextmanager
def running(command: Sequence[str], log: Path) -> Iterator[subprocess.Popen[str]]:
    with open(log, "ab") as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()


def wait_for_port(port: int, process: subprocess.Popen[str], log: Path) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.01)
    raise Failure(f"{process.args[0]} does not listen: {log.read_text(errors='replace')[-500:]}")  # type: ignore[index]


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Whatever is started inside inherits these values."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def check_same_lines(expected: Path, actual: Path, who: str) -> None:
    """The same records in any order: a broker need not keep it."""
    left, right = (sorted(path.read_bytes().splitlines()) for path in (expected, actual))
    if left != right:
        raise Failure(f"{who}: {len(right)} records came out of {len(left)}, or others")
