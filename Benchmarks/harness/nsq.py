"""mq against nsq's own tools, with a real nsqd between them."""

from __future__ import annotations

import json
import os
import random
import select
import socket
import statistics
import struct
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from harness.broker import check_same_lines, find_program, free_port, running, wait_for_port
from harness.costs import as_json
from harness.processes import Failure, Usage, results
from harness.report import Row, Section, Target, pairwise
from harness.setting import Setting, unique_name, write_lines

Progress = Callable[[str], None]
TOOLS = ("nsqd", "to_nsq", "nsq_tail")
SLOWER = 5  # the tools get so many times fewer messages
FIRST_LINES = 11
LATENCIES = 200  # the tools get a tenth: theirs takes a quarter of a second each


@dataclass(frozen=True)
class Broker:
    tcp: int
    http: int

    @classmethod
    @contextmanager
    def started(cls, setting: Setting, messages: int) -> Iterator[Broker]:
        """An nsqd of one's own that keeps so many messages in memory."""
        nsqd = find_program("nsqd")
        assert nsqd
        broker = cls(free_port(), free_port())
        data = setting.scratch / f"nsqd-{broker.tcp}"
        data.mkdir()
        log = data.with_suffix(".log")
        command = [nsqd, f"-tcp-address=127.0.0.1:{broker.tcp}", f"-http-address=127.0.0.1:{broker.http}"]
        command += ["-broadcast-address=127.0.0.1", f"-data-path={data}", f"-mem-queue-size={2 * messages}", "-log-level=error"]
        with running(command, log) as process:
            wait_for_port(broker.http, process, log)
            yield broker

    def ask(self, method: str, path: str) -> bytes:
        request = urllib.request.Request(f"http://127.0.0.1:{self.http}{path}", method=method)
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.read()

    def depth(self, topic: str) -> int:
        topics = json.loads(self.ask("GET", f"/stats?format=json&topic={topic}"))["topics"]
        return topics[0]["depth"] if topics else 0

    @contextmanager
    def topic(self) -> Iterator[str]:
        name = unique_name()
        self.ask("POST", f"/topic/create?topic={name}")
        try:
            yield name
        finally:
            self.ask("POST", f"/topic/delete?topic={name}")

    def publish(self, topic: str, bodies: Sequence[bytes]) -> None:
        with socket.create_connection(("127.0.0.1", self.tcp)) as connection:
            connection.sendall(b"  V2")
            for body in bodies:
                connection.sendall(f"PUB {topic}\n".encode() + struct.pack(">i", len(body)) + body)
                connection.recv(64)


@dataclass(frozen=True)
class Contender:
    name: str
    send: Callable[[str], Sequence[str]]
    recv: Callable[[str, int | None], Sequence[str]]
    messages: int


def contenders(setting: Setting, broker: Broker) -> list[Contender]:
    to_nsq, nsq_tail = find_program("to_nsq"), find_program("nsq_tail")
    assert to_nsq and nsq_tail
    address = f"-nsqd-tcp-address=127.0.0.1:{broker.tcp}"

    def tail(topic: str, count: int | None) -> list[str]:
        limit = [f"-n={count}"] if count else []
        return [nsq_tail, f"-topic={topic}", "-channel=measured", address, *limit]

    found = [Contender("nsq tools", lambda topic: [to_nsq, f"-topic={topic}", address], tail, setting.messages // SLOWER)]
    if setting.mq:
        mq, base = str(setting.mq), f"nsq://127.0.0.1:{broker.tcp}"
        found.append(
            Contender(
                "mq",
                lambda topic: [mq, "send", f"{base}/{topic}"],
                lambda topic, count: [mq, "recv", f"{base}/{topic}/measured", *(["-n", f"{count}"] if count else [])],
                setting.messages,
            )
        )
    return found


def nsq(setting: Setting, section: Section, progress: Progress) -> None:
    """Publishing and consuming a file, the first line, and how long a message takes through an idle channel."""
    missing = [name for name in TOOLS if find_program(name) is None]
    if missing:
        section.note = f"not measured: {' and '.join(missing)} not on PATH, nor beside the nsqd that MQ_TEST_NSQD names"
        return
    section.note = f"{setting.messages:,} lines (the tools: a {SLOWER}th), {setting.rounds} rounds, interleaved; medians"
    with Broker.started(setting, setting.messages) as broker:
        throughput(setting, section, progress, broker)
        idle(setting, section, progress, broker)


def throughput(setting: Setting, section: Section, progress: Progress, broker: Broker) -> None:
    all_of_them = contenders(setting, broker)
    sent: dict[str, list[Usage]] = {contender.name: [] for contender in all_of_them}
    received: dict[str, list[Usage]] = {contender.name: [] for contender in all_of_them}
    for number in range(setting.rounds):
        for contender in all_of_them:
            progress(f"nsq: round {number + 1} of {setting.rounds}, {contender.name}")
            source, output = setting.scratch / f"nsq-{contender.messages}", setting.scratch / "nsq-output"
            if not source.exists():
                write_lines(source, contender.messages)
            with broker.topic() as topic:
                with setting.placed("send"), setting.start(contender.send(topic), source) as process:
                    sent[contender.name] += results([process], setting.timeout)
                if (depth := broker.depth(topic)) != contender.messages:
                    raise Failure(f"{contender.name}: {depth} messages in nsqd of {contender.messages} that were sent")
                receive = contender.recv(topic, contender.messages)
                with setting.placed("recv"), setting.start(receive, stdout=output) as process:
                    received[contender.name] += results([process], setting.timeout)
                check_same_lines(source, output, contender.name)
    section.columns = ("kmsg/s", "CPU µs/msg", "peak MB")
    rates: dict[tuple[str, str], list[float]] = {}
    for verb, runs in (("send", sent), ("recv", received)):
        for contender in all_of_them:
            series = runs[contender.name]
            rates[verb, contender.name] = [contender.messages / usage.wall_ns * 1e6 for usage in series]
            cpu = statistics.median(usage.cpu_us for usage in series) / contender.messages
            rate = statistics.median(rates[verb, contender.name])
            peak = max(usage.peak_mb for usage in series)
            section.lines.append((f"{verb}, {contender.name}", f"{rate:.0f}", f"{cpu:.2f}", f"{peak:.1f}"))
            section.runs[f"{verb}, {contender.name}"] = [as_json(usage) for usage in series]
    if setting.mq:
        for verb, tool, bound in (("send", "to_nsq", 30), ("recv", "nsq_tail", 4)):
            ratios = pairwise(rates[verb, "mq"], rates[verb, "nsq tools"])
            section.rows.append(Row(f"{verb}, mq / {tool}", ratios, target=Target("≥", bound)))


# What follows is timed from here: the reader of standard output is this program.


@contextmanager
def reading(command: Sequence[str]) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    begin = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield process, begin
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def read_line(process: subprocess.Popen[bytes], who: str) -> bytes:
    assert process.stdout
    line = b""
    while not line.endswith(b"\n"):
        if not select.select([process.stdout], [], [], 10)[0]:
            raise Failure(f"{who}: no line within 10 s")
        if not (part := os.read(process.stdout.fileno(), 4096)):
            raise Failure(f"{who}: ended without the line")
        line += part
    return line


def idle(setting: Setting, section: Section, progress: Progress, broker: Broker) -> None:
    firsts: dict[str, list[float]] = {}
    medians: dict[str, list[float]] = {}
    for number in range(max(FIRST_LINES, setting.rounds)):
        for contender in contenders(setting, broker):
            progress(f"nsq: first line {number + 1}, {contender.name}")
            with broker.topic() as topic:
                broker.publish(topic, [b"first"])
                with reading(contender.recv(topic, None)) as (process, begin):
                    read_line(process, contender.name)
                    firsts.setdefault(contender.name, []).append((time.perf_counter() - begin) * 1e3)
                    if number < setting.rounds:
                        count = LATENCIES if contender.name == "mq" else LATENCIES // 10
                        times = list(latencies(broker, topic, process, contender.name, count))
                        medians.setdefault(contender.name, []).append(statistics.median(times) * 1e3)
    for name in firsts:
        is_mq = name == "mq"
        section.rows.append(Row(f"first line, {name}", firsts[name], "ms", Target("≤", 10) if is_mq else None))
        section.rows.append(Row(f"publish to print, p50, {name}", medians[name], "ms", Target("≤", 1) if is_mq else None))


def latencies(broker: Broker, topic: str, process: subprocess.Popen[bytes], who: str, count: int) -> Iterator[float]:
    pauses = random.Random(5)
    with socket.create_connection(("127.0.0.1", broker.tcp)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(b"  V2")
        for number in range(count):
            time.sleep(pauses.uniform(0.001, 0.004))
            body = b"message %d" % number
            begin = time.perf_counter()
            connection.sendall(f"PUB {topic}\n".encode() + struct.pack(">i", len(body)) + body)
            line = read_line(process, who)
            yield time.perf_counter() - begin
            if line != body + b"\n":
                raise Failure(f"{who}: printed {line!r} for {body!r}")
            connection.recv(64)
