"""Whether the last messages of a zmq sender over ipc arrive, however slow the receiver is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from harness.processes import Failure, results
from harness.report import Row, Section, Target
from harness.setting import Setting, check_same, ipc_path, wait_for_listener, write_lines

MESSAGES = 20_000
PATIENCE = 10.0  # s; a receiver that has not ended by then waits for messages that were lost


def tail(setting: Setting, section: Section, progress: Callable[[str], None]) -> None:
    """mq sends and exits while a C receiver at a low high-water mark takes its time; what arrives must be what was sent."""
    section.note = f"{MESSAGES:,} lines, {setting.tail_runs} runs, a receiver that pauses at a high-water mark of 100"
    section.columns = ("runs", "lossy")
    source = setting.scratch / "tail-input"
    write_lines(source, MESSAGES)
    if setting.mq is None:
        return
    lossy = 0
    for number in range(setting.tail_runs):
        progress(f"tail: {number + 1} of {setting.tail_runs}, {lossy} lossy")
        lossy += not arrives(setting, source)
    section.lines.append(("mq send zmq:push:ipc://…", f"{setting.tail_runs}", f"{lossy}"))
    section.rows.append(Row("runs that lost messages", [float(lossy)], "", Target("≤", 0)))


def arrives(setting: Setting, source: Path) -> bool:
    output = setting.scratch / "tail-output"
    with ExitStack() as stack:
        path = stack.enter_context(ipc_path())
        reference = setting.program("zmq_ref")
        receiver = setting.start([reference, "recv", "--hwm", "100", "--slow", f"ipc://{path}", str(MESSAGES)], stdout=output)
        stack.enter_context(receiver)
        wait_for_listener(path, receiver)
        sender = setting.start([str(setting.mq), "send", f"zmq:push:ipc://{path}"], stdin=source)
        stack.enter_context(sender)
        results([sender], setting.timeout)
        try:
            results([receiver], PATIENCE)
            check_same(source, output, "tail")
        except Failure:
            return False
    return True
