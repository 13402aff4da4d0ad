"""mq bridge against nsq_to_nsq, from one topic of a real nsqd to another."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

from harness.broker import find_program, running
from harness.nsq import SLOWER, Broker
from harness.processes import Failure, results
from harness.report import Row, Section, Target, pairwise
from harness.setting import Setting, write_lines

Progress = Callable[[str], None]
CHANNEL = "measured"


def commands(setting: Setting, broker: Broker, source: str, destination: str) -> dict[str, Sequence[str]]:
    address = f"127.0.0.1:{broker.tcp}"
    tool = find_program("nsq_to_nsq")
    assert tool
    found: dict[str, Sequence[str]] = {
        "nsq_to_nsq": [
            tool, f"-topic={source}", f"-channel={CHANNEL}", f"-destination-topic={destination}", "-max-in-flight=2500",
            f"-nsqd-tcp-address={address}", f"-destination-nsqd-tcp-address={address}",
        ]
    }  # fmt: skip
    if setting.mq:
        found["mq bridge"] = [
            str(setting.mq), "bridge", f"nsq://{address}/{source}/{CHANNEL}", f"nsq://{address}/{destination}", "-q",
        ]  # fmt: skip
    return found


def move(setting: Setting, broker: Broker, name: str, count: int) -> float:
    """Messages per second until the destination has them all."""
    with broker.topic() as source, broker.topic() as destination:
        file = setting.scratch / f"bridge-{count}"
        if not file.exists():
            write_lines(file, count)
        broker.ask("POST", f"/channel/create?topic={source}&channel={CHANNEL}")
        with setting.start([str(setting.mq), "send", f"nsq://127.0.0.1:{broker.tcp}/{source}"], file) as sender:
            results([sender], setting.timeout)
        log = setting.scratch / "bridge.log"
        start = time.perf_counter()
        with running(commands(setting, broker, source, destination)[name], log):
            while (depth := broker.depth(destination)) < count:
                if time.perf_counter() - start > setting.timeout:
                    raise Failure(f"{name}: {depth} of {count} messages arrived")
                time.sleep(0.005)
            rate = count / (time.perf_counter() - start)
        if (depth := broker.depth(destination)) != count:
            raise Failure(f"{name}: {depth} messages of {count}")
        return rate


def bridge(setting: Setting, section: Section, progress: Progress) -> None:
    """A topic moved to another, its messages finished only once they are published."""
    missing = [name for name in ("nsqd", "nsq_to_nsq") if find_program(name) is None]
    if missing or not setting.mq:
        section.note = f"not measured: {' and '.join(missing) or 'mq'} not on PATH, nor beside the nsqd that MQ_TEST_NSQD names"
        return
    section.note = f"{setting.messages:,} lines (the tool: a {SLOWER}th), {setting.rounds} rounds, interleaved; medians"
    sizes = {"nsq_to_nsq": setting.messages // SLOWER, "mq bridge": setting.messages}
    rates: dict[str, list[float]] = {name: [] for name in sizes}
    with Broker.started(setting, setting.messages) as broker:
        for number in range(setting.rounds):
            for name, count in sizes.items():
                progress(f"bridge: round {number + 1} of {setting.rounds}, {name}")
                rates[name].append(move(setting, broker, name, count))
    section.columns = ("kmsg/s",)
    for name, series in rates.items():
        section.lines.append((name, f"{statistics.median(series) / 1e3:.0f}"))
    section.rows.append(Row("mq bridge / nsq_to_nsq", pairwise(rates["mq bridge"], rates["nsq_to_nsq"]), target=Target("≥", 10)))
