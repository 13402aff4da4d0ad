"""mq request and mq serve against the loops of libzmq's own latency test in C: one request and its reply after the other."""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from harness.broker import free_port
from harness.pipelines import remark_noise
from harness.processes import Failure
from harness.report import Row, Section, Target, pairwise
from harness.setting import Setting, ipc_path

Progress = Callable[[str], None]
REFERENCE = "REQ and REP in C"
SIZE = 100
SHARE = 20  # a round trip costs more than a message


def commands(setting: Setting, endpoint: str, count: int) -> dict[str, tuple[Sequence[str], Sequence[str]]]:
    """The server, and who asks it."""
    reference = setting.program("zmq_lat")

    def mq(options: str) -> tuple[Sequence[str], Sequence[str]]:
        ask = [str(setting.mq), "request", f"zmq:{endpoint}{options}", "x" * SIZE, "-n", str(count), "--log-format", "json"]
        return [str(setting.mq), "serve", f"zmq:@{endpoint}{options}", "--echo", "-q"], ask

    return {
        REFERENCE: ([reference, "serve", endpoint], [reference, "request", endpoint, str(SIZE), str(count)]),
        "mq over libzmq": mq(",engine=libzmq"),
        "mq": mq(""),
    }


def rate(setting: Setting, name: str, endpoint: str, count: int) -> float:
    """Round trips per second, as whoever asks has counted them: starting up is not among them."""
    server, client = commands(setting, endpoint, count)[name]
    with ExitStack() as stack:
        stack.enter_context(setting.start(server))
        # Nobody reads the replies: a reader would need one of the processors.
        output = subprocess.PIPE if name == REFERENCE else subprocess.DEVNULL
        done = subprocess.run(
            client, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE, text=True, timeout=setting.timeout
        )
        if done.returncode != 0:
            raise Failure(f"{name}: {done.stderr.strip()}")
        return float(done.stdout if name == REFERENCE else json.loads(done.stderr.splitlines()[-1])["per_second"])


def requests(setting: Setting, section: Section, progress: Progress) -> None:
    """Both ends are of one kind each time."""
    if not setting.mq:
        section.note = "not measured: mq is not there"
        return
    count = max(setting.messages // SHARE, 100)
    section.note = f"{count:,} round trips of {SIZE} bytes, {setting.rounds} rounds, interleaved; medians"
    section.columns = ("round trips/s",)
    for medium in ("ipc", "tcp"):
        rates: dict[str, list[float]] = {name: [] for name in commands(setting, "", count)}
        for number in range(setting.rounds):
            for name, series in rates.items():
                progress(f"request: round {number + 1} of {setting.rounds}, {name} over {medium}")
                with ipc_path() as path:
                    endpoint = f"ipc://{path}" if medium == "ipc" else f"tcp://127.0.0.1:{free_port()}"
                    series.append(rate(setting, name, endpoint, count))
        for name, series in rates.items():
            section.lines.append((f"{medium}, {name}", f"{statistics.median(series):,.0f}"))
        reference = rates[REFERENCE]
        for name, bound in (("mq over libzmq", 0.9), ("mq", 2.5)):
            section.rows.append(Row(f"{medium}, {name} / C", pairwise(rates[name], reference), target=Target("≥", bound)))
        remark_noise(setting, section, reference)
