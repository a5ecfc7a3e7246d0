"""Offline switches, cores, threads and memory, as `job=doctor` reports them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from anchoreval.jobs.cores import cores
from anchoreval.jobs.doctor_findings import NOTE, OK, PROBLEM, Finding, gibibytes
from anchoreval.jobs.request import processes
from anchoreval.protocol.workers import THREADS

OFFLINE = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE")
ON = ("1", "ON", "YES", "TRUE")
SCARCE, LITTLE = 512 * 2**20, 2 * 2**30
"""Bytes of available memory below which work will fail, and below which a user should know."""
GROUP = Path("/sys/fs/cgroup")
UNLIMITED = 2**60


def offline_switches() -> Iterator[Finding]:
    """The variables by which the Hugging Face libraries are kept from the network."""
    on = [name for name in OFFLINE if os.environ.get(name, "").upper() in ON]
    off = [name for name in OFFLINE if name not in on]
    topic, cache = "offline switches", os.environ.get("HF_HOME", "~/.cache/huggingface")
    if not on:
        text = "none is set: live scoring may download models, tokenizers and data sets"
        yield Finding(OK, topic, text)
    elif off:
        text = f"{', '.join(on)} set, {', '.join(off)} not: a part of live scoring may ask the network"
        yield Finding(NOTE, topic, text, f"without a network: export {' '.join(f'{name}=1' for name in off)}")
    else:
        yield Finding(OK, topic, f"all set: live scoring takes what is in {cache} and asks no network")


def threads(group: Path = GROUP) -> Iterator[Finding]:
    """Cores, the control group's limit, and the threads of the libraries of linear algebra that are loaded."""
    allowed, limit = cores(), cpu_limit(group)
    text = f"{allowed} of {os.cpu_count()} may be used; a job starts {processes(None)} processes unless told otherwise"
    if limit is not None and limit < allowed:
        fewer = max(1, int(limit))
        text = f"{text}; the control group gives the time of {limit:.1f}"
        yield Finding(NOTE, "cores", text, f"set compare.workers={fewer} and OMP_NUM_THREADS={fewer}")
    else:
        yield Finding(OK, "cores", text)
    yield from _linear_algebra(min(allowed, max(1, int(limit))) if limit is not None else allowed)


def memory(group: Path = GROUP) -> Iterator[Finding]:
    """What is available, and the control group's limit where there is one."""
    total, available = _machine_memory()
    limit = memory_limit(group)
    if total is None or available is None:
        yield Finding(NOTE, "memory", "not known on this system")
        return
    room = min(available, limit) if limit is not None else available
    bounded = f"; the control group allows {gibibytes(limit)}" if limit is not None and limit < total else ""
    text = f"{gibibytes(available)} of {gibibytes(total)} available{bounded}"
    remedy = "end other work, ask for fewer workers, or take a larger machine" if room < LITTLE else ""
    yield Finding(PROBLEM if room < SCARCE else NOTE if room < LITTLE else OK, "memory", text, remedy)


def cpu_limit(group: Path = GROUP) -> float | None:
    """Cores whose time the control group (version 2 or 1) gives; None where there is no limit."""
    if (both := _words(group / "cpu.max")) and both[0].isdigit():
        return int(both[0]) / int(both[1])
    quota, period = _words(group / "cpu" / "cpu.cfs_quota_us"), _words(group / "cpu" / "cpu.cfs_period_us")
    return int(quota[0]) / int(period[0]) if quota and period and int(quota[0]) > 0 else None


def memory_limit(group: Path = GROUP) -> int | None:
    """Bytes that the control group (version 2 or 1) allows; None where there is no limit."""
    for path in (group / "memory.max", group / "memory" / "memory.limit_in_bytes"):
        if (found := _words(path)) and found[0].isdigit() and int(found[0]) < UNLIMITED:
            return int(found[0])
    return None


def _linear_algebra(allowed: int) -> Iterator[Finding]:
    from threadpoolctl import threadpool_info  # type: ignore[import-untyped]

    found = {  # of the libraries that the self-test has loaded
        (one["internal_api"], str(one["version"]), int(one["num_threads"])) for one in threadpool_info()
    }
    for name, version, count in sorted(found):
        text = f"{name} {version if version != 'None' else ''}".strip() + f", {count} threads"
        if count > allowed:
            yield Finding(NOTE, "linear algebra", text, f"more threads than cores: export OMP_NUM_THREADS={allowed}")
        else:
            yield Finding(OK, "linear algebra", text)
    given = [f"{name}={os.environ[name]}" for name in THREADS if name in os.environ]
    text = ", ".join(given) or "none is set: each library takes all cores (sweeps and workers take one thread each)"
    yield Finding(OK, "thread variables", text)


def _machine_memory() -> tuple[int | None, int | None]:
    """Bytes in all and available, from the system's own account (Linux)."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None, None
    known = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.endswith("kB")}
    return known.get("MemTotal"), known.get("MemAvailable")


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        return []
