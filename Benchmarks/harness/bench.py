"""mq bench against C loops that move the same messages: what its stamps, clocks and counts cost."""

from __future__ import annotations

import json
import socket
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from harness.pipelines import remark_noise
from harness.pinning import pin_descendants
from harness.processes import Failure, results, run_quietly
from harness.report import Row, Section, Target, pairwise
from harness.setting import Setting, ipc_path, unique_key, unique_name

DURATION = 2.0  # s, what mq bench measures in one run
WARMUP = 0.5
SIZES = (16, 100, 1024, 65536)
SIZE = 100
FIRST_COUNT = 20_000  # messages of a reference's first run, which only finds out how many fill DURATION

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Figure:
    """One run: messages a second (or the p50 of round trips in ns), and the CPU of both sides for a message."""

    value: float
    cpu_us: float


@dataclass(frozen=True)
class Course:
    """What is measured in alternation; without a reference the target is a figure of its own."""

    name: str
    mq: Callable[[], Figure]
    reference: Callable[[int], Figure] | None
    target: Target
    unit: str = "msg/s"


def bench(setting: Setting, section: Section, progress: Progress) -> None:
    section.note = (
        f"{DURATION:g} s after {WARMUP:g} s of warm-up, {setting.rounds} rounds, interleaved, msg/s\n"
        f"  (round trips: p50 in ns){', each side pinned' if setting.is_pinned else ''}; CPU of both sides per message"
    )
    section.columns = ("ref", "mq", "ref µs", "mq µs")
    with ExitStack() as stack:
        for course in courses(setting, stack):
            measure(setting, section, course, progress)


def courses(setting: Setting, stack: ExitStack) -> Iterator[Course]:
    for medium in ("tcp", "ipc", "inproc"):
        for size in SIZES:
            yield zmq_course(setting, stack, medium, size)
    for name, queue in (("posix-mq", f"/{unique_name()}"), ("sysv", unique_key())):
        yield kernel_course(setting, stack, name, queue)
    yield Course(
        "mem",
        mq=lambda: mq_throughput(setting, "mem:temp", SIZE),
        reference=None,
        target=Target("≥", 20),
        unit="M msg/s",
    )
    yield Course(
        "posix-mq round trip",
        mq=lambda: mq_round_trip(setting, "posix-mq:temp"),
        reference=lambda count: pingpong(setting, "posix", count),
        target=Target("≤", 1.05),
        unit="ns",
    )


def zmq_course(setting: Setting, stack: ExitStack, medium: str, size: int) -> Course:
    program = setting.program("zmq_thr")
    if medium == "inproc":
        # Threads of one process on both sides of the comparison.
        return Course(
            f"zmq inproc, {size} B",
            mq=lambda: mq_throughput(setting, f"zmq:inproc://{unique_name()}", size),
            reference=lambda count: inproc(setting, program, size, count),
            target=Target("≥", 0.95),
        )
    endpoint = f"ipc://{stack.enter_context(ipc_path())}" if medium == "ipc" else f"tcp://127.0.0.1:{free_port()}"
    return Course(
        f"zmq {medium}, {size} B",
        mq=lambda: mq_throughput(setting, f"zmq:{endpoint}", size),
        reference=lambda count: loop(setting, program, endpoint, size, count),
        target=Target("≥", 0.95),
    )


def kernel_course(setting: Setting, stack: ExitStack, name: str, queue: str) -> Course:
    """Both use the very same queue."""
    program = setting.program("queue_thr")
    run_quietly([program, "create", queue])
    stack.callback(run_quietly, [program, "remove", queue])
    return Course(
        f"{name}, {SIZE} B",
        mq=lambda: mq_throughput(setting, f"{name}:{queue}", SIZE),
        reference=lambda count: loop(setting, program, queue, SIZE, count),
        target=Target("≥", 0.97),
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def measure(setting: Setting, section: Section, course: Course, progress: Progress) -> None:
    mine: list[Figure] = []
    reference: list[Figure] = []
    count = FIRST_COUNT
    if course.reference:
        progress(f"bench: {course.name}, how many messages fill {DURATION:g} s")
        for _ in range(2):  # so few are over before the rate has settled
            count = count_for(course, course.reference(count))
    for number in range(setting.rounds):
        progress(f"bench: {course.name}, round {number + 1} of {setting.rounds}")
        if course.reference:
            reference.append(course.reference(count))
            count = count_for(course, reference[-1])
        if setting.mq:
            mine.append(course.mq())

    series = {"reference": reference, "mq": mine}
    for name, figures in series.items():
        if figures:
            key = "p50_ns" if course.unit == "ns" else "messages_per_s"
            runs = [{key: figure.value, "cpu_us_per_message": figure.cpu_us} for figure in figures]
            section.runs[f"{course.name}, {name}"] = runs
    cells = [summary(figures, lambda figure: figure.value, ",.0f") for figures in series.values()]
    cells += [summary(figures, lambda figure: figure.cpu_us, ".3f") for figures in series.values()]
    section.lines.append((course.name, *cells))
    if mine and reference:
        values = pairwise([figure.value for figure in mine], [figure.value for figure in reference])
        section.rows.append(Row(f"{course.name}, mq / ref", values, target=course.target))
    elif mine:
        millions = [figure.value / 1e6 for figure in mine]
        section.rows.append(Row(f"{course.name}, {course.unit}", millions, target=course.target))
    if reference:
        remark_noise(setting, section, [figure.value for figure in reference], course.name)


def summary(figures: Sequence[Figure], part: Callable[[Figure], float], form: str) -> str:
    return format(statistics.median(map(part, figures)), form) if figures else "-"


def count_for(course: Course, figure: Figure) -> int:
    """How many messages, or round trips, take about as long as mq bench measures."""
    per_second = 1e9 / figure.value if course.unit == "ns" else figure.value
    return max(FIRST_COUNT, int(per_second * DURATION))


# The references


def loop(setting: Setting, program: str, queue: str, size: int, count: int) -> Figure:
    """A C receiver and a C sender; the receiver prints the rate."""
    output = setting.scratch / "bench-rate"
    words = [queue, str(size), str(count)]
    with setting.placed("recv"):
        receiver = setting.start([program, "recv", *words], stdout=output)
    with receiver:
        with setting.placed("send"):
            sender = setting.start([program, "send", *words])
        with sender:
            usages = results([sender, receiver], setting.timeout)
    return Figure(float(output.read_text()), sum(usage.cpu_us for usage in usages) / count)


def inproc(setting: Setting, program: str, size: int, count: int) -> Figure:
    output = setting.scratch / "bench-rate"
    with setting.start([program, "inproc", str(size), str(count)], stdout=output) as process:
        (usage,) = results([process], setting.timeout)
    return Figure(float(output.read_text()), usage.cpu_us / count)


def pingpong(setting: Setting, kind: str, count: int) -> Figure:
    output = setting.scratch / "bench-times"
    command = [setting.program("pingpong"), kind, str(SIZE), str(count)]
    with ExitStack() as stack:
        with setting.placed("send"):
            process = stack.enter_context(setting.start(command, stdout=output))
        if setting.is_pinned:
            pin_descendants(setting, process, 2, ["recv"])
        (usage,) = results([process], setting.timeout)
    return Figure(float(output.read_text().split()[0]), usage.cpu_us / count)


# mq


def mq_bench(setting: Setting, address: str, size: int, *more: str) -> dict[str, Any]:
    """Runs mq bench and returns its only result. Its receiving worker is started first."""
    report = setting.scratch / "bench.json"
    command = [str(setting.mq), "bench", address, "-s", str(size), "-d", f"{DURATION:g}s"]
    command += ["--warmup", f"{WARMUP * 1000:g}ms", "--json", str(report), *more]
    report.unlink(missing_ok=True)
    with setting.start(command) as process:
        if setting.is_pinned and not address.startswith(("mem:", "zmq:inproc:")):
            pin_descendants(setting, process, 2, ["recv", "send"])
        results([process], setting.timeout)
    document = json.loads(report.read_text(encoding="utf-8"))
    if document.get("schema") != "mq.bench/1":
        raise Failure(f"`{process}` wrote {document.get('schema')!r}, not mq.bench/1")
    (result,) = document["results"]
    return dict(result)


def mq_throughput(setting: Setting, address: str, size: int) -> Figure:
    measured = mq_bench(setting, address, size, "--rate", "max")["throughput"]
    check_account(measured["account"], address)
    cost = cpu_us(measured["producers"], measured["consumers"])
    return Figure(measured["messagesPerSecond"], cost / max(1, measured["measuredMessages"]))


def mq_round_trip(setting: Setting, address: str) -> Figure:
    measured = mq_bench(setting, address, SIZE, "--rtt")["latency"]
    check_account(measured["account"], address)
    cost = cpu_us(measured["producers"], measured["consumers"])
    return Figure(measured["response"]["p50"] * 1e9, cost / max(1, measured["response"]["count"]))


def cpu_us(*sides: dict[str, float]) -> float:
    return sum(side["user"] + side["system"] for side in sides) * 1e6


def check_account(account: dict[str, int], address: str) -> None:
    wrong = {name: account[name] for name in ("lost", "duplicated", "reordered") if account[name]}
    if wrong:
        raise Failure(f"mq bench {address}: {wrong} of {account['sent']} messages, where none may be")

