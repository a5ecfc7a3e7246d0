"""`job=doctor`: say whether this installation and this machine are fit for the work, and what to do where they are not.

It looks at versions, extras, plug-ins, offline switches, the folder of results, cores, threads and memory, reads pocket
and runs a selection and a reconstruction on a slice of it. It takes two or three seconds, asks no network and writes
nothing unless `into=<folder>` asks for `doctor.json`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig

from anchoreval.atomic import write_json
from anchoreval.errors import WorkError
from anchoreval.jobs import output
from anchoreval.jobs.doctor_disk import disk
from anchoreval.jobs.doctor_findings import NOTE, OK, PROBLEM, Finding, printable
from anchoreval.jobs.doctor_machine import memory, offline_switches, threads
from anchoreval.jobs.doctor_self_test import self_test
from anchoreval.jobs.doctor_software import extras, plugins, versions
from anchoreval.jobs.export_keys import refuse_other_keys
from anchoreval.reporting.tables import text_table
from anchoreval.runs import Outcome


def run(config: DictConfig) -> Outcome:
    """Examine, and print what was found.

    Raises:
        WorkError: there is a problem; all of them are on standard output.
    """
    refuse_other_keys(config, used=("into",))
    findings = examine(Path(config.results))
    counts = [sum(one.state == state for one in findings) for state in (PROBLEM, NOTE, OK)]
    said = f"{counts[2]} things are as they should be, {counts[1]} notes, {counts[0]} problems"
    output.page(page(findings), f"{'usable' if not counts[0] else 'not fit for use'}: {said}")
    if config.into:
        write_json(Path(config.into) / "doctor.json", document(findings))
    if counts[0]:
        first = next(one for one in findings if one.state == PROBLEM)
        raise WorkError(f"{said}; first: {first.topic}: {first.text}")
    return Outcome(Path(config.into or "."), changed=bool(config.into))


def examine(results: Path) -> list[Finding]:
    """Everything that is looked at; the self-test comes first, so that the libraries it loads can be asked."""
    tested = self_test()
    return [
        *versions(),
        *extras(),
        *plugins(),
        *offline_switches(),
        *disk(results),
        *threads(),
        *memory(),
        *tested,
    ]


def page(findings: Sequence[Finding]) -> str:
    """A table of what was found, and below it what to do."""
    rows = [(one.state, one.topic, printable(one.text)) for one in findings]
    lines = [text_table(("state", "what", "found"), rows, left=3)]
    if todo := [f"{one.topic}: {printable(one.remedy)}" for one in findings if one.remedy]:
        lines += ["", "What to do", *(f"  {line}" for line in todo)]
    return "\n".join(lines)


def document(findings: Sequence[Finding]) -> dict[str, object]:
    """The content of `doctor.json`."""
    return {
        "usable": all(one.state != PROBLEM for one in findings),
        "findings": [dataclasses.asdict(one) for one in findings],
    }
