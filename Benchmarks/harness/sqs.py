"""mq against awscli and boto3, with the stand-in of SQS on loopback at the other end."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.broker import check_same_lines, environment, running
from harness.costs import as_json
from harness.processes import Failure, Usage, results
from harness.report import Row, Section, Target, pairwise
from harness.setting import Setting, write_lines

Progress = Callable[[str], None]
PROJECT = Path(__file__).resolve().parents[2]
BOTO = Path(__file__).resolve().parents[1] / "reference" / "boto3_stream.py"
STREAM = 200_000  # messages at most: the time goes into signatures and checksums, not into start-up
SLOWER = 10  # boto3 gets so many times fewer messages
STARTS = 11


@dataclass(frozen=True)
class Contender:
    name: str
    one: Sequence[str]
    send: Sequence[str]
    recv: Callable[[int], Sequence[str]]
    messages: int


def python() -> Path | None:
    """The Python with boto3 and awscli, as Scripts/bootstrap makes it."""
    named = os.environ.get("MQ_TEST_PYTHON")
    path = Path(named) if named else PROJECT / ".build" / "python" / "bin" / "python"
    return path if os.access(path.with_name("aws"), os.X_OK) else None


def contenders(setting: Setting, endpoint: str) -> list[Contender]:
    found = []
    count = min(setting.messages, STREAM)
    if interpreter := python():
        url = f"{endpoint}/000000000000/others"
        aws = [str(interpreter), str(interpreter.with_name("aws")), "sqs", "send-message", "--endpoint-url", endpoint]
        boto = [str(interpreter), str(BOTO)]
        found.append(
            Contender(
                "awscli, boto3",
                [*aws, "--queue-url", url, "--message-body", "x"],
                [*boto, "send", url],
                lambda count: [*boto, "recv", url, f"{count}"],
                count // SLOWER,
            )
        )
    if setting.mq:
        mq = str(setting.mq)
        found.append(
            Contender(
                "mq",
                [mq, "send", "sqs:mine", "x"],
                [mq, "send", "sqs:mine"],
                lambda count: [mq, "recv", "sqs:mine", "-n", f"{count}"],
                count,
            )
        )
    return found


def sqs(setting: Setting, section: Section, progress: Progress) -> None:
    """One message from start to exit, and a stream in both directions; processor time of the client alone."""
    stand_in = PROJECT / ".build" / "release" / "mq-standin"
    if not os.access(stand_in, os.X_OK):
        section.note = "not measured: swift build -c release --product mq-standin makes what it runs against"
        return
    section.note = f"a stand-in on loopback, {setting.rounds} rounds, interleaved; CPU of the client, medians"
    if python() is None:
        section.remarks.append("awscli and boto3 are not there (make test installs them): nothing to compare with.")
    with running([str(stand_in), "sqs", "mine", "others"], setting.scratch / "standin.log") as process:
        assert process.stdout
        endpoint = process.stdout.readline().strip()
        values = {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        section.columns = ("wall ms", "CPU ms", "peak MB")
        with environment(values):
            all_of_them = contenders(setting, endpoint)
            one_message(setting, section, progress, all_of_them)
            stream(setting, section, progress, all_of_them)


def one_message(setting: Setting, section: Section, progress: Progress, all_of_them: Sequence[Contender]) -> None:
    starts = min(STARTS, setting.starts)
    runs: dict[str, list[Usage]] = {contender.name: [] for contender in all_of_them}
    for number in range(starts):
        for contender in all_of_them:
            progress(f"sqs: one message, {number + 1} of {starts}, {contender.name}")
            with setting.start(contender.one) as process:
                runs[contender.name] += results([process], setting.timeout)
    output = setting.scratch / "sqs-output"
    for contender in all_of_them:
        with setting.start(contender.recv(starts), stdout=output) as process:
            results([process], setting.timeout)
        if output.read_bytes() != b"x\n" * starts:
            raise Failure(f"{contender.name}: one message: something else than x was sent")
    for name, series in runs.items():
        add_line(section, f"one message, {name}", series)
    if mine := runs.get("mq"):
        values = [usage.cpu_us / 1e3 for usage in mine]
        section.rows.append(Row("one message, mq", values, "ms", Target("≤", 15)))
        if others := runs.get("awscli, boto3"):
            ratios = pairwise([usage.cpu_us for usage in others], [usage.cpu_us for usage in mine])
            section.rows.append(Row("one message, CPU of awscli / mq", ratios, target=Target("≥", 30)))


def stream(setting: Setting, section: Section, progress: Progress, all_of_them: Sequence[Contender]) -> None:
    sent: dict[str, list[Usage]] = {contender.name: [] for contender in all_of_them}
    received: dict[str, list[Usage]] = {contender.name: [] for contender in all_of_them}
    for number in range(setting.rounds):
        for contender in all_of_them:
            progress(f"sqs: stream, round {number + 1} of {setting.rounds}, {contender.name}")
            source, output = setting.scratch / f"sqs-{contender.messages}", setting.scratch / "sqs-output"
            if not source.exists():
                write_lines(source, contender.messages)
            with setting.placed("send"), setting.start(contender.send, source) as process:
                sent[contender.name] += results([process], setting.timeout)
            with setting.placed("recv"), setting.start(contender.recv(contender.messages), stdout=output) as process:
                received[contender.name] += results([process], setting.timeout)
            check_same_lines(source, output, contender.name)
    for verb, runs, bound in (("send", sent, 10), ("recv", received, 15)):
        costs: dict[str, list[float]] = {}
        for contender in all_of_them:
            series = runs[contender.name]
            add_line(section, f"{verb} {contender.messages:,}, {contender.name}", series)
            costs[contender.name] = [usage.cpu_us / contender.messages for usage in series]
            target = Target("≤", bound) if contender.name == "mq" else None
            section.rows.append(Row(f"{verb}, CPU per message, {contender.name.split()[-1]}", costs[contender.name], "µs", target))
        if len(costs) == 2:
            section.rows.append(Row(f"{verb}, CPU of boto3 / mq", pairwise(costs["awscli, boto3"], costs["mq"])))


def add_line(section: Section, label: str, series: Sequence[Usage]) -> None:
    wall = statistics.median(usage.wall_ns for usage in series) / 1e6
    cpu = statistics.median(usage.cpu_us for usage in series) / 1e3
    section.lines.append((label, f"{wall:.1f}", f"{cpu:.1f}", f"{max(usage.peak_mb for usage in series):.1f}"))
    section.runs[label] = [as_json(usage) for usage in series]
