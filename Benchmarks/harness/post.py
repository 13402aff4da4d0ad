"""mq post against nsq_to_http: the same messages from a real nsqd to the same worker."""

from __future__ import annotations

import statistics
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from harness.broker import find_program, running
from harness.nsq import Broker
from harness.processes import Failure
from harness.report import Row, Section, Target, pairwise
from harness.setting import Setting

Progress = Callable[[str], None]
SHARE = 20  # a request costs more than a message
WIDTHS = (20, 100)  # requests at once; nsq_to_http has 100 if it is not told
CALM = 400  # messages whose age is looked at
PAUSE = 0.002  # s between them


def contenders(setting: Setting, broker: Broker, width: int) -> dict[str, Callable[[str, int], Sequence[str]]]:
    found: dict[str, Callable[[str, int], Sequence[str]]] = {}
    if (tool := find_program("nsq_to_http")) is not None:
        found["nsq_to_http"] = lambda topic, port: [
            tool, f"-topic={topic}", "-channel=measured", f"-nsqd-tcp-address=127.0.0.1:{broker.tcp}", f"-post=http://127.0.0.1:{port}/",
            f"-n={width}", f"-max-in-flight={width}",
        ]  # fmt: skip
    if setting.mq:
        found["mq"] = lambda topic, port: [
            str(setting.mq), "post", f"nsq://127.0.0.1:{broker.tcp}/{topic}/measured", f"http://127.0.0.1:{port}/", "-q", "-j", f"{width}",
        ]  # fmt: skip
    return found


@contextmanager
def worker(setting: Setting, count: int) -> Iterator[tuple[subprocess.Popen[str], int]]:
    command = [setting.program("http_worker"), str(count)]
    with running(command, setting.scratch / "worker.log") as process:
        assert process.stdout
        yield process, int(process.stdout.readline())


def answer(process: subprocess.Popen[str], who: str, timeout: float) -> tuple[float, float, float]:
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        raise Failure(f"{who}: not every message was posted within {timeout:g} s") from None
    assert process.stdout
    rate, middle, late = process.stdout.readline().split()
    return float(rate), float(middle), float(late)


def post(setting: Setting, section: Section, progress: Progress) -> None:
    """Requests per second from a full channel, and how old a message is when it arrives from an idle one."""
    if find_program("nsqd") is None:
        section.note = "not measured: nsqd is not on PATH, nor named by MQ_TEST_NSQD"
        return
    count = max(setting.messages // SHARE, CALM)
    section.note = f"{count:,} messages, {setting.rounds} rounds, interleaved"
    rates: dict[int, dict[str, list[float]]] = {width: {} for width in WIDTHS}
    middles: dict[str, list[float]] = {}
    lates: dict[str, list[float]] = {}
    with Broker.started(setting, count) as broker:
        for number in range(setting.rounds):
            for width in WIDTHS:
                for name, run in contenders(setting, broker, width).items():
                    progress(f"post: round {number + 1} of {setting.rounds}, {name}, {width} at once")
                    rates[width].setdefault(name, []).append(full(setting, broker, name, run, count))
            for name, run in contenders(setting, broker, WIDTHS[0]).items():
                progress(f"post: round {number + 1} of {setting.rounds}, {name}, idle")
                _, middle, late = calm(setting, broker, name, run)
                middles.setdefault(name, []).append(middle / 1e3)
                lates.setdefault(name, []).append(late / 1e3)
    section.columns = tuple(f"at once: {width}" for width in WIDTHS)
    for name in middles:
        section.lines.append((name, *(f"{statistics.median(rates[width][name]):,.0f}" for width in WIDTHS)))
    for name in middles:
        section.rows.append(Row(f"age on arrival, p50, {name}", middles[name], "ms"))
        section.rows.append(Row(f"age on arrival, p99, {name}", lates[name], "ms"))
    if {"mq", "nsq_to_http"} <= middles.keys():
        for width in WIDTHS:
            ratios = pairwise(rates[width]["mq"], rates[width]["nsq_to_http"])
            section.rows.append(Row(f"requests/s, {width}, mq / nsq_to_http", ratios, target=Target("≥", 3)))
        section.rows.append(Row("p99, mq / nsq_to_http", pairwise(lates["mq"], lates["nsq_to_http"]), target=Target("≤", 1)))


def full(setting: Setting, broker: Broker, name: str, run: Callable[[str, int], Sequence[str]], count: int) -> float:
    with broker.topic() as topic, worker(setting, count) as (process, port):
        broker.ask("POST", f"/channel/create?topic={topic}&channel=measured")
        stamp = str(time.monotonic_ns())
        lines = "\n".join([stamp] * count).encode()
        publish(broker, topic, lines)
        with running(run(topic, port), setting.scratch / "poster.log"):
            return answer(process, name, setting.timeout)[0]


def calm(setting: Setting, broker: Broker, name: str, run: Callable[[str, int], Sequence[str]]) -> tuple[float, float, float]:
    with broker.topic() as topic, worker(setting, CALM) as (process, port):
        broker.ask("POST", f"/channel/create?topic={topic}&channel=measured")
        with running(run(topic, port), setting.scratch / "poster.log"):
            deadline = time.monotonic() + 10
            while b'"client_count":1' not in broker.ask("GET", f"/stats?format=json&topic={topic}").replace(b" ", b""):
                if time.monotonic() > deadline:
                    raise Failure(f"{name}: did not connect")
                time.sleep(0.01)
            for _ in range(CALM):
                broker.publish(topic, [str(time.monotonic_ns()).encode()])
                time.sleep(PAUSE)
            return answer(process, name, setting.timeout)


def publish(broker: Broker, topic: str, lines: bytes) -> None:
    """In pieces that nsqd takes at once."""
    step = 1 << 20
    rest = lines + b"\n"
    while rest:
        end = len(rest) if len(rest) <= step else rest.rfind(b"\n", 0, step) + 1
        part, rest = rest[:end], rest[end:]
        request = urllib.request.Request(f"http://127.0.0.1:{broker.http}/mpub?topic={topic}", data=part.rstrip(b"\n"), method="POST")
        with urllib.request.urlopen(request, timeout=30) as reply:
            reply.read()
