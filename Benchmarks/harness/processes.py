"""Runs commands and says what they cost."""

from __future__ import annotations

import os
import select
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class Failure(Exception):
    """A program failed or its output is wrong; the message is one sentence for the reader."""


@dataclass(frozen=True)
class Usage:
    """What one command cost, as `measure` saw it."""

    start_ns: int  # on the monotonic clock, so that two commands can be compared
    end_ns: int
    user_us: int
    system_us: int
    peak_kib: int

    @property
    def wall_ns(self) -> int:
        return self.end_ns - self.start_ns

    @property
    def cpu_us(self) -> int:
        return self.user_us + self.system_us

    @property
    def peak_mb(self) -> float:
        return self.peak_kib * 1024 / 1e6


class Process:
    """A command running under `measure`. Leaving the `with` block ends it, whatever happened."""

    def __init__(
        self, measure: Path, command: Sequence[str], stdin: Path | None = None, stdout: Path | None = None
    ) -> None:
        self.command = command
        with open(stdin or os.devnull, "rb") as source, open(stdout or os.devnull, "wb") as sink:
            self._errors = tempfile.TemporaryFile()
            self.report, report_end = os.pipe()
            try:
                self._child = subprocess.Popen(
                    [str(measure), str(report_end), *command],
                    stdin=source,
                    stdout=sink,
                    stderr=self._errors,
                    pass_fds=(report_end,),
                    # A group of its own: `measure` and its command are ended together.
                    start_new_session=True,
                )
            finally:
                os.close(report_end)

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        if self._child.poll() is None:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
        os.close(self.report)
        self._errors.close()

    def __str__(self) -> str:
        name, *arguments = self.command
        return shlex.join([Path(name).name, *arguments])

    @property
    def pid(self) -> int:
        """Of `measure`, whose only child is the command."""
        return self._child.pid

    def has_ended(self) -> bool:
        return bool(select.select([self.report], [], [], 0)[0])

    def result(self) -> Usage:
        """Waits for the end of the command; a failure of it is raised as a sentence."""
        fields = os.read(self.report, 4096).split()
        self._child.wait()
        self._errors.seek(0)
        said = " | ".join(self._errors.read().decode(errors="replace").split("\n")[-4:]).strip(" |")
        if len(fields) != 6:
            raise Failure(f"`{self}` could not be measured: {said or 'no report'}")
        status, *numbers = map(int, fields)
        if status != 0:
            raise Failure(f"`{self}` ended with status {status}: {said or 'and said nothing'}")
        return Usage(*numbers)


def results(processes: Sequence[Process], timeout: float) -> list[Usage]:
    """Waits for all of them, in whatever order they end, and raises at the first failure."""
    deadline = time.monotonic() + timeout
    running = {process.report: process for process in processes}
    usages: dict[Process, Usage] = {}
    while running:
        ended, _, _ = select.select(list(running), [], [], max(0.0, deadline - time.monotonic()))
        if not ended:
            names = " and ".join(f"`{process}`" for process in running.values())
            raise Failure(f"{names} had not ended after {timeout:g} s (messages lost?)")
        for descriptor in ended:
            process = running.pop(descriptor)
            usages[process] = process.result()
    return [usages[process] for process in processes]


def run_quietly(command: Sequence[str]) -> bytes:
    """Runs an auxiliary command that is not measured and returns its output."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=10)
    except subprocess.TimeoutExpired:
        raise Failure(f"`{shlex.join(command)}` had not ended after 10 s") from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise Failure(f"`{shlex.join(command)}` ended with status {done.returncode}: {said}")
    return done.stdout
