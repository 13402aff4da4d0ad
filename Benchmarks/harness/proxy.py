"""mq proxy against libzmq's own zmq_proxy in C: a file through a sender, a streamer and a receiver into a file."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from harness.pipelines import remark_noise
from harness.processes import results
from harness.report import Row, Section, Target, pairwise
from harness.setting import Setting, check_same, ipc_path, wait_for_listener, write_lines

Progress = Callable[[str], None]


def commands(setting: Setting, front: Path, back: Path) -> dict[str, Sequence[str]]:
    def proxy(options: str) -> list[str]:
        return [str(setting.mq), "proxy", f"zmq:pull:@ipc://{front}{options}", f"zmq:push:@ipc://{back}{options}", "-q"]

    return {
        "zmq_proxy": [setting.program("zmq_proxy"), "streamer", f"ipc://{front}", f"ipc://{back}"],
        "mq over libzmq": proxy(",engine=libzmq"),
        "mq": proxy(""),
    }


def pass_through(setting: Setting, name: str, source: Path) -> float:
    """Messages per second, from the start of the sender to the end of the receiver. Both are mq, whoever is between them."""
    output = setting.scratch / "proxy-output"
    with ExitStack() as stack:
        stack.callback(output.unlink, missing_ok=True)
        front, back = stack.enter_context(ipc_path()), stack.enter_context(ipc_path())
        proxy = stack.enter_context(setting.start(commands(setting, front, back)[name]))
        for path in (front, back):
            wait_for_listener(path, proxy)
        mq, count = str(setting.mq), str(setting.messages)
        receiver = stack.enter_context(setting.start([mq, "recv", f"zmq:pull:ipc://{back}", "-n", count], stdout=output))
        sender = stack.enter_context(setting.start([mq, "send", f"zmq:push:ipc://{front}"], stdin=source))
        send, recv = results([sender, receiver], setting.timeout)
        check_same(source, output, name)
        return setting.messages / ((recv.end_ns - send.start_ns) / 1e9)


def proxy(setting: Setting, section: Section, progress: Progress) -> None:
    """Between two programs that are the same for all, so that the proxy is what differs."""
    if not setting.mq:
        section.note = "not measured: mq is not there"
        return
    section.note = f"{setting.messages:,} lines over ipc through a streamer, {setting.rounds} rounds, interleaved; medians"
    source = setting.scratch / "input"
    if not source.exists():
        write_lines(source, setting.messages)
    rates: dict[str, list[float]] = {name: [] for name in commands(setting, source, source)}
    for number in range(setting.rounds):
        for name, series in rates.items():
            progress(f"proxy: round {number + 1} of {setting.rounds}, {name}")
            series.append(pass_through(setting, name, source))
    section.columns = ("msg/s",)
    for name, series in rates.items():
        section.lines.append((name, f"{statistics.median(series):,.0f}"))
    reference = rates["zmq_proxy"]
    for name in ("mq over libzmq", "mq"):
        section.rows.append(Row(f"msg/s, {name} / zmq_proxy", pairwise(rates[name], reference), target=Target("≥", 0.95)))
    remark_noise(setting, section, reference)
