"""mq exec against xargs: what a job costs beside the process it starts."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.broker import find_program
from harness.costs import as_json
from harness.nsq import Broker
from harness.processes import Usage, results, run_quietly
from harness.report import Row, Section, Target, pairwise
from harness.setting import Setting, unique_key, unique_name

Progress = Callable[[str], None]
JOBS = 2_000
RECORDS = 60_000  # a coprocess is given so many
SHARE = 10  # the long run has a tenth of --messages
SLOTS = "2"
ANSWER = ["sed", "-u", "s/.*/ok/"]  # a coprocess in C that every system has


@dataclass(frozen=True)
class Queue:
    name: str
    address: str
    bar: float


def write_numbers(path: Path, count: int) -> None:
    path.write_text("".join(f"{number}\n" for number in range(count)))


@contextmanager
def queues(setting: Setting) -> Iterator[list[Queue]]:
    mq = str(setting.mq)
    with ExitStack() as stack:
        found = []
        for name, address, bar in [
            ("posix-mq", f"posix-mq:/{unique_name()}", 0.95),
            ("sysv", f"sysv:{unique_key()}", 0.95),
        ]:
            run_quietly([mq, "create", address])
            stack.callback(run_quietly, [mq, "delete", address, "--if-exists"])
            found.append(Queue(name, address, bar))
        if find_program("nsqd"):
            broker = stack.enter_context(Broker.started(setting, JOBS))
            topic = stack.enter_context(broker.topic())
            address = f"nsq://127.0.0.1:{broker.tcp}/{topic}/jobs,http-port={broker.http}"
            run_quietly([mq, "create", address])
            found.append(Queue("nsq", address, 0.9))
        yield found


def through(setting: Setting, queue: Queue, source: Path, command: Sequence[str], count: int) -> Usage:
    """One run of `mq exec`, while the queue is filled."""
    run = [str(setting.mq), "exec", queue.address, "-q", "-n", str(count), "-j", SLOTS, *command]
    with setting.start([str(setting.mq), "send", queue.address], stdin=source) as sender, setting.start(run) as process:
        return results([sender, process], setting.timeout * 4)[1]


def exec_jobs(setting: Setting, section: Section, progress: Progress) -> None:
    """A process for each message, and a process for all of them."""
    section.note = f"{JOBS:,} jobs of `true`, two at once; {setting.rounds} rounds, interleaved"
    if setting.mq is None:
        return
    jobs, records, long = (setting.scratch / name for name in ("jobs", "records", "long"))
    write_numbers(jobs, JOBS)
    write_numbers(records, RECORDS)
    runs: dict[str, list[Usage]] = {}

    def note(name: str, usage: Usage) -> None:
        runs.setdefault(name, []).append(usage)

    true = shutil.which("true") or "/bin/true"
    with queues(setting) as found:
        for number in range(setting.rounds):
            progress(f"exec: round {number + 1} of {setting.rounds}")
            with setting.start(["xargs", f"-P{SLOTS}", "-n1", true], stdin=jobs) as process:
                note("xargs", results([process], setting.timeout)[0])
            if parallel := shutil.which("parallel"):
                with setting.start([parallel, f"-j{SLOTS}", true], stdin=jobs) as process:
                    note("parallel", results([process], setting.timeout)[0])
            for queue in found:
                note(queue.name, through(setting, queue, jobs, ["--", true], JOBS))
            note("coprocess", through(setting, found[0], records, ["--coprocess", "--", *ANSWER], RECORDS))
        count = setting.messages // SHARE
        progress(f"exec: {count:,} jobs")
        write_numbers(long, count)
        note("long", through(setting, found[0], long, ["--", true], count))
    show(section, runs, found, count)


def rates(series: Sequence[Usage], count: int) -> list[float]:
    return [count * 1e9 / usage.wall_ns for usage in series]


def show(section: Section, runs: dict[str, list[Usage]], found: Sequence[Queue], long: int) -> None:
    counts = {"coprocess": RECORDS, "long": long}
    section.columns = ("jobs/s", "CPU us/job", "peak MB")
    for name, series in runs.items():
        count = counts.get(name, JOBS)
        cpu = statistics.median(usage.cpu_us for usage in series) / count
        rate = statistics.median(rates(series, count))
        label = name if name in ("xargs", "parallel") else f"mq exec, {name}"
        section.lines.append((label, f"{rate:,.0f}", f"{cpu:.1f}", f"{max(usage.peak_mb for usage in series):.1f}"))
        section.runs[name] = [as_json(usage) for usage in series]
    for queue in found:
        mine = rates(runs[queue.name], JOBS)
        section.rows.append(Row(f"{queue.name} / xargs", pairwise(mine, rates(runs["xargs"], JOBS)), target=Target("≥", queue.bar)))
    if "parallel" in runs:
        ratio = pairwise(rates(runs[found[0].name], JOBS), rates(runs["parallel"], JOBS))
        section.rows.append(Row(f"{found[0].name} / parallel", ratio, target=Target("≥", 3)))
    else:
        section.remarks.append("GNU parallel is not installed: nothing to compare with.")
    ratio = pairwise(rates(runs["coprocess"], RECORDS), rates(runs[found[0].name], JOBS))
    section.rows.append(Row("--coprocess / exec", ratio, target=Target("≥", 20)))
    peak = [runs["long"][0].peak_kib / 1024]
    section.rows.append(Row(f"peak memory, {long:,} jobs", peak, "MiB", Target("≤", 25)))
