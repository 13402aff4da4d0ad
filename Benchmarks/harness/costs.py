"""What mq costs besides the queue: cutting lines, and starting up."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from harness.processes import Failure, Usage, results, run_quietly
from harness.report import Row, Section, Target, pairwise
from harness.setting import Setting, ipc_path, unique_name, wait_for_listener, write_lines

Progress = Callable[[str], None]


def as_json(usage: Usage) -> dict[str, float]:
    return {
        "wall_s": usage.wall_ns / 1e9,
        "user_s": usage.user_us / 1e6,
        "system_s": usage.system_us / 1e6,
        "peak_bytes": usage.peak_kib * 1024,
    }


def framing(setting: Setting, section: Section, progress: Progress) -> None:
    """Cutting a file into messages, against a program that only counts the newlines of the same file."""
    count = setting.framing_messages
    section.note = f"{count:,} lines into mem:, against wc -l; {setting.rounds} rounds, interleaved"
    source = setting.scratch / "framing-input"
    progress("framing: writing the input")
    write_lines(source, count)
    runs: dict[str, list[Usage]] = {"wc -l": []}
    if setting.mq:
        runs["mq send mem:"] = []
    try:
        for number in range(setting.rounds):
            progress(f"framing: round {number + 1} of {setting.rounds}")
            with setting.start(["wc", "-l", str(source)]) as process:
                runs["wc -l"] += results([process], setting.timeout)
            if setting.mq:
                with setting.start([str(setting.mq), "send", "mem:"], stdin=source) as process:
                    runs["mq send mem:"] += results([process], setting.timeout)
    finally:
        source.unlink()

    section.columns = ("wall s", "CPU ns/msg", "peak MB")
    for name, series in runs.items():
        wall = statistics.median(usage.wall_ns for usage in series) / 1e9
        cpu = statistics.median(usage.cpu_us for usage in series) * 1e3 / count
        section.lines.append((name, f"{wall:.3f}", f"{cpu:.1f}", f"{max(usage.peak_mb for usage in series):.1f}"))
        section.runs[name] = [as_json(usage) for usage in series]
    if setting.mq:
        pairs = zip(runs["mq send mem:"], runs["wc -l"], strict=True)
        extra = [(mine.cpu_us - other.cpu_us) * 1e3 / count for mine, other in pairs]
        section.rows.append(Row("CPU per message above wc -l", extra, "ns", Target("≤", 40)))
        peaks = [usage.peak_mb for usage in runs["mq send mem:"]]
        section.rows.append(Row("peak resident set, the worst", peaks, "MB", Target("≤", 20), is_worst=True))


@dataclass(frozen=True)
class Start:
    """A command that is started again and again; `afterwards` puts things back, unmeasured."""

    name: str
    command: Sequence[str]
    stdin: Path | None = None
    afterwards: Callable[[], None] = lambda: None


def startup(setting: Setting, section: Section, progress: Progress) -> None:
    """One process from start to exit, for as little work as there is."""
    section.note = f"{setting.starts} starts of each, interleaved; medians"
    line = setting.scratch / "one-line"
    line.write_bytes(b"x\n")
    with ExitStack() as stack:
        starts = kcat_start(section) + posix_mq_starts(setting, stack) + zmq_starts(setting, stack, line)
        runs: dict[str, list[Usage]] = {start.name: [] for start in starts}
        for number in range(setting.starts):
            progress(f"startup: {number + 1} of {setting.starts}")
            for start in starts:
                with setting.start(start.command, start.stdin) as process:
                    runs[start.name] += results([process], setting.timeout)
                start.afterwards()

    section.columns = ("wall ms", "CPU ms", "peak MB")
    for name, series in runs.items():
        wall = statistics.median(usage.wall_ns for usage in series) / 1e6
        cpu = statistics.median(usage.cpu_us for usage in series) / 1e3
        section.lines.append((name, f"{wall:.2f}", f"{cpu:.2f}", f"{max(usage.peak_mb for usage in series):.1f}"))
        section.runs[name] = [as_json(usage) for usage in series]
    compare(section, runs)


def kcat_start(section: Section) -> list[Start]:
    if kcat := shutil.which("kcat"):
        return [Start("kcat -V", [kcat, "-V"])]
    section.remarks.append("kcat is not installed: nothing to compare the start-up with.")
    return []


def posix_mq_starts(setting: Setting, stack: ExitStack) -> list[Start]:
    if setting.mq is None:
        return []
    name, reference = f"/{unique_name()}", setting.program("posixmq_ref")
    run_quietly([reference, "create", name])
    stack.callback(run_quietly, [reference, "unlink", name])

    def drain() -> None:
        if run_quietly([reference, "recv", name, "1"]) != b"x\n":
            raise Failure("`mq send posix-mq:… x` sent something else than x")

    return [
        Start("mq --version", [str(setting.mq), "--version"]),
        Start("mq send posix-mq:/q x", [str(setting.mq), "send", f"posix-mq:{name}", "x"], afterwards=drain),
    ]


def zmq_starts(setting: Setting, stack: ExitStack, line: Path) -> list[Start]:
    path = stack.enter_context(ipc_path())
    reference, output = setting.program("zmq_ref"), setting.scratch / "zmq-output"
    starts = [Start("zmq_ref send, one message", [reference, "send", f"ipc://{path}"], stdin=line)]
    if setting.mq:
        starts.append(Start("mq send zmq:…, one message", [str(setting.mq), "send", f"zmq:push:ipc://{path}", "x"]))
    count = setting.starts * len(starts)
    receiver = setting.start([reference, "recv", f"ipc://{path}", str(count)], stdout=output)
    stack.enter_context(receiver)
    wait_for_listener(path, receiver)

    def check(failed: type[BaseException] | None, *_: object) -> None:
        if failed is None:
            results([receiver], setting.timeout)
            if output.read_bytes() != b"x\n" * count:
                raise Failure("one message by zmq: the receiver got something else than was sent")

    stack.push(check)
    return starts


def compare(section: Section, runs: dict[str, list[Usage]]) -> None:
    for name in ("mq --version", "mq send posix-mq:/q x"):
        if name in runs and "kcat -V" in runs:
            mine, other = runs[name], runs["kcat -V"]
            wall = pairwise([usage.wall_ns for usage in mine], [usage.wall_ns for usage in other])
            cpu = pairwise([usage.cpu_us for usage in mine], [usage.cpu_us for usage in other])
            short = name.removesuffix(":/q x")
            section.rows.append(Row(f"wall, {short} / kcat", wall, target=Target("≤", 0.75)))
            section.rows.append(Row(f"CPU, {short} / kcat", cpu, target=Target("≤", 0.75)))
    if one := runs.get("mq send zmq:…, one message"):
        walls = [usage.wall_ns / 1e6 for usage in one]
        section.rows.append(Row("one zmq message, start to exit", walls, "ms", Target("≤", 8)))
