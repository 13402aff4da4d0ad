"""Throughput: a file through a sender, a queue and a receiver into a file, mq against the reference."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from harness.processes import Usage, results, run_quietly
from harness.report import Row, Section, Target, pairwise
from harness.setting import (
    LINE,
    Setting,
    check_same,
    ipc_path,
    unique_key,
    unique_name,
    wait_for_listener,
    write_lines,
)

# A reference whose middle half of rounds differs this much is no measure for anybody else.
NOISY = 1.25


@dataclass(frozen=True)
class Contender:
    name: str
    send: Sequence[str]
    recv: Sequence[str]


@dataclass(frozen=True)
class Route:
    """One queue and everybody who is measured over it. The first contender is the reference."""

    contenders: Sequence[Contender]
    listens_at: Path | None = None


@dataclass(frozen=True)
class Run:
    send: Usage
    recv: Usage
    messages: int

    @property
    def wall_s(self) -> float:
        """From the start of the sender to the end of both."""
        return (max(self.send.end_ns, self.recv.end_ns) - self.send.start_ns) / 1e9

    @property
    def rate(self) -> float:
        return self.messages / self.wall_s

    @property
    def cpu_us(self) -> float:
        return self.send.cpu_us + self.recv.cpu_us

    @property
    def peak_mb(self) -> float:
        return max(self.send.peak_mb, self.recv.peak_mb)

    def as_json(self) -> dict[str, float]:
        sides = {"send": self.send, "recv": self.recv}
        costs = {
            f"{side}_{name}": value
            for side, usage in sides.items()
            for name, value in (
                ("user_s", usage.user_us / 1e6),
                ("system_s", usage.system_us / 1e6),
                ("peak_bytes", usage.peak_kib * 1024),
            )
        }
        return {"wall_s": self.wall_s, "messages_per_s": self.rate, **costs}


@contextmanager
def posix_mq_route(setting: Setting) -> Iterator[Route]:
    name, program = f"/{unique_name()}", setting.program("posixmq_ref")
    run_quietly([program, "create", name])
    try:
        mq = mq_contender(setting, f"posix-mq:{name}", f"posix-mq:{name}")
        yield Route([reference(setting, program, name), plain_loop(setting, program, name), *mq])
    finally:
        run_quietly([program, "unlink", name])


@contextmanager
def sysv_route(setting: Setting) -> Iterator[Route]:
    key, program = unique_key(), setting.program("sysv_ref")
    run_quietly([program, "create", key])
    try:
        mq = mq_contender(setting, f"sysv:{key}", f"sysv:{key}")
        yield Route([reference(setting, program, key), plain_loop(setting, program, key), *mq])
    finally:
        run_quietly([program, "remove", key])


@contextmanager
def zmq_route(setting: Setting) -> Iterator[Route]:
    with ipc_path() as path:
        endpoint = f"ipc://{path}"
        mq = mq_contender(setting, f"zmq:push:{endpoint}", f"zmq:pull:@{endpoint}")
        over_libzmq = mq_contender(
            setting, f"zmq:push:{endpoint},engine=libzmq", f"zmq:pull:@{endpoint},engine=libzmq", name="mq over libzmq"
        )
        by_hand = replace(reference(setting, setting.program("zmtp_ref"), endpoint), name="ZMTP in C")
        yield Route([reference(setting, setting.program("zmq_ref"), endpoint), by_hand, *mq, *over_libzmq], listens_at=path)


def reference(setting: Setting, program: str, queue: str) -> Contender:
    return Contender("reference", [program, "send", queue], [program, "recv", queue, str(setting.messages)])


def plain_loop(setting: Setting, program: str, queue: str) -> Contender:
    count = str(setting.messages)
    return Contender("plain C loop", [program, "send", "--plain", queue], [program, "recv", "--plain", queue, count])


def mq_contender(setting: Setting, destination: str, source: str, name: str = "mq") -> list[Contender]:
    if setting.mq is None:
        return []
    mq = str(setting.mq)
    return [Contender(name, [mq, "send", destination], [mq, "recv", source, "-n", str(setting.messages)])]


def run_once(setting: Setting, route: Route, contender: Contender, source: Path) -> Run:
    output = setting.scratch / "output"
    with ExitStack() as stack:
        stack.callback(output.unlink, missing_ok=True)
        with setting.placed("recv"):
            receiver = stack.enter_context(setting.start(contender.recv, stdout=output))
        if route.listens_at:
            wait_for_listener(route.listens_at, receiver)
        with setting.placed("send"):
            sender = stack.enter_context(setting.start(contender.send, stdin=source))
        send, recv = results([sender, receiver], setting.timeout)
        check_same(source, output, f"`{receiver}`")
        return Run(send, recv, setting.messages)


def measure_route(setting: Setting, section: Section, route: Route, progress: Callable[[str], None]) -> None:
    source = setting.scratch / "input"
    if not source.exists():
        write_lines(source, setting.messages)
    runs: dict[str, list[Run]] = {contender.name: [] for contender in route.contenders}
    for number in range(setting.rounds):
        for contender in route.contenders:
            progress(f"{section.name}: round {number + 1} of {setting.rounds}, {contender.name}")
            runs[contender.name].append(run_once(setting, route, contender, source))

    section.columns = ("msg/s", "send µs", "recv µs", "peak MB")
    for name, series in runs.items():
        peak = max(run.peak_mb for run in series)
        rate = statistics.median(run.rate for run in series)
        send = statistics.median(run.send.cpu_us for run in series) / setting.messages
        recv = statistics.median(run.recv.cpu_us for run in series) / setting.messages
        section.lines.append((name, f"{rate:,.0f}", f"{send:.3f}", f"{recv:.3f}", f"{peak:.1f}"))
        section.runs[name] = [run.as_json() for run in series]
    compare(section, runs)

    remark_noise(setting, section, [run.rate for run in runs["reference"]])


def remark_noise(setting: Setting, section: Section, rates: Sequence[float], what: str = "") -> None:
    if len(rates) < 3:
        too_few = "Fewer than 3 rounds say nothing about the noise of this machine."
        if too_few not in section.remarks:
            section.remarks.append(too_few)
        return
    lower, _, upper = statistics.quantiles(rates, n=4, method="inclusive")
    if upper > NOISY * lower:
        remedy = "more --rounds" if setting.is_pinned else "more --rounds, or --pin"
        section.remarks.append(
            f"Noisy{what and ', ' + what}: the middle half of the reference's own rates spans {upper / lower:.1f} x. "
            f"Take {remedy}."
        )


def compare(section: Section, runs: dict[str, list[Run]]) -> None:
    def ratio(what: str, a: str, b: str, figure: Callable[[Run], float], target: Target | None = None) -> None:
        if a in runs and b in runs:
            values = pairwise([figure(run) for run in runs[a]], [figure(run) for run in runs[b]])
            section.rows.append(Row(f"{what}, {a} / {b}", values, target=target))

    than_plain = Target("≥", 1.5) if section.name == "posix-mq" else None
    cpu_of_both = Target("≤", 1.15) if section.name == "zmq" else None
    ratio("msg/s", "mq", "reference", lambda run: run.rate, Target("≥", 0.9))
    ratio("msg/s", "mq", "plain C loop", lambda run: run.rate, than_plain)
    ratio("msg/s", "mq", "ZMTP in C", lambda run: run.rate, Target("≥", 0.75))
    ratio("msg/s", "mq", "mq over libzmq", lambda run: run.rate, Target("≥", 4.5))
    ratio("CPU of both", "mq", "mq over libzmq", lambda run: run.cpu_us, Target("≤", 0.2))
    ratio("msg/s", "mq over libzmq", "reference", lambda run: run.rate, Target("≥", 0.9))
    ratio("msg/s", "reference", "plain C loop", lambda run: run.rate)
    ratio("CPU of send", "mq", "reference", lambda run: run.send.cpu_us)
    ratio("CPU of recv", "mq", "reference", lambda run: run.recv.cpu_us)
    ratio("CPU of both", "mq", "reference", lambda run: run.cpu_us, cpu_of_both)


ROUTES = {"posix-mq": posix_mq_route, "sysv": sysv_route, "zmq": zmq_route}


def throughput(setting: Setting, section: Section, progress: Callable[[str], None]) -> None:
    section.note = (
        f"{setting.messages:,} lines of {LINE} bytes, file to file, {setting.rounds} rounds, interleaved,\n"
        f"  {'each side pinned, ' if setting.is_pinned else ''}"
        "every output compared with the input; CPU per message"
    )
    with ROUTES[section.name](setting) as route:
        measure_route(setting, section, route, progress)
