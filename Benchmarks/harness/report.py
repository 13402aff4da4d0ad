"""Figures, the targets they are held to, and how both are shown."""

from __future__ import annotations

import statistics
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Target:
    relation: Literal["≥", "≤"]
    bound: float

    def is_met(self, value: float) -> bool:
        return value >= self.bound if self.relation == "≥" else value <= self.bound


@dataclass(frozen=True)
class Row:
    """One figure over all rounds: the middle one (or the worst), and the range."""

    label: str
    values: Sequence[float]
    unit: str = ""
    target: Target | None = None
    is_worst: bool = False

    @property
    def value(self) -> float:
        return max(self.values) if self.is_worst else statistics.median(self.values)

    @property
    def is_met(self) -> bool | None:
        return self.target.is_met(self.value) if self.target else None

    def __str__(self) -> str:
        value = f"{self.value:.2f}{self.unit and ' ' + self.unit}"
        spread = f"({min(self.values):.2f}..{max(self.values):.2f})"
        target = f"{self.target.relation} {self.target.bound:g}" if self.target else ""
        verdict = {True: "met", False: "MISSED", None: "no target"}[self.is_met]
        return f"  {self.label:<33}{value:>10} {spread:<16} {target:<6} {verdict}"

    def as_json(self) -> dict[str, Any]:
        target = {"relation": self.target.relation, "bound": self.target.bound} if self.target else None
        return {
            "label": self.label,
            "value": self.value,
            "min": min(self.values),
            "max": max(self.values),
            "unit": self.unit,
            "target": target,
            "met": self.is_met,
        }


@dataclass
class Section:
    """What one part of the benchmark found."""

    name: str
    note: str
    columns: Sequence[str] = ()
    lines: list[Sequence[str]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    runs: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    failure: str | None = None

    def __str__(self) -> str:
        text = [f"{self.name}: {self.note}"]
        if self.lines:
            text += [_columns(("", *self.columns))] + [_columns(line) for line in self.lines]
        text += [str(row) for row in self.rows]
        text += [_wrapped(remark) for remark in self.remarks]
        if self.failure:
            text.append(_wrapped(f"FAILED: {self.failure}"))
        return "\n".join(text)

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "note": self.note,
            "rows": [row.as_json() for row in self.rows],
            "remarks": self.remarks,
            "runs": self.runs,
            "failure": self.failure,
        }


def _wrapped(sentence: str) -> str:
    # A command is broken between its words only, so that it can be copied.
    return textwrap.fill(
        sentence, 79, initial_indent="  ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )


def _columns(cells: Sequence[str]) -> str:
    first, *others = cells
    return f"  {first:<33}" + "".join(f"{cell:>11}" for cell in others)


def pairwise(numerators: Sequence[float], denominators: Sequence[float]) -> list[float]:
    """Ratios round by round: what disturbed the machine in one round disturbed both sides of its ratio."""
    return [a / b for a, b in zip(numerators, denominators, strict=True)]
