"""Keeps processes that others start on their side's CPU."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from harness.processes import Process
from harness.setting import Setting, Side


def pin_descendants(setting: Setting, process: Process, generation: int, sides: Sequence[Side]) -> None:
    """Pins what was started `generation` levels below `measure`, in the order of starting; waits until it is there.

    Threads that are there already go along, and later ones inherit. A process that has ended needs no CPU.
    """
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and not process.has_ended():
        found = [process.pid]
        for _ in range(generation):
            found = [child for parent in found for child in children(parent)]
        if len(found) >= len(sides):
            for number, side in zip(sorted(found), sides, strict=False):
                pin_threads(setting, number, side)
            return
        time.sleep(0.001)


def children(parent: int) -> list[int]:
    with suppress(OSError):
        return [int(word) for word in Path(f"/proc/{parent}/task/{parent}/children").read_text("ascii").split()]
    return []


def pin_threads(setting: Setting, number: int, side: Side) -> None:
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{number}/task"):
            os.sched_setaffinity(int(thread), setting.processor(side))
