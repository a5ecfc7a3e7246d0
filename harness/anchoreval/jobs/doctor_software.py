"""Versions, extras and plug-ins, as `job=doctor` reports them: from what packages say of themselves, not by import."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from importlib.metadata import Distribution, EntryPoint, PackageNotFoundError, distribution, entry_points

from packaging.requirements import Requirement
from packaging.version import InvalidVersion

from anchoreval.jobs.doctor_findings import NOTE, OK, PROBLEM, Finding
from anchoreval.registry import GROUPS

OURS = "anchoreval"
LOST = "the package's metadata are damaged: install it again (pip install --force-reinstall --no-deps .)"
PLURALS = {"selector": "selectors", "estimator": "estimators", "policy": "policies"}


def versions() -> Iterator[Finding]:
    """Python, anchoreval and each package that it needs, against what it asks for."""
    own = _installed(OURS)
    if own is None:
        yield Finding(OK, "Python", platform.python_version())
        text = "runs from a folder and is not installed: what it needs of other packages is not known here"
        yield Finding(NOTE, OURS, text, "install it: pip install .  (plug-ins and extras are then found as well)")
        return
    asked = next(iter(own.metadata.get_all("Requires-Python", [])), "")
    fits = Requirement(f"python{asked}").specifier.contains(platform.python_version(), prereleases=True)
    yield Finding(OK if fits else PROBLEM, "Python", f"{platform.python_version()} (needs {asked})", _python(fits))
    yield Finding(OK, OURS, own.version)
    for requirement in _requirements(own, extra=""):
        yield _dependency(requirement)


def extras() -> Iterator[Finding]:
    """Each extra: installed, or the line that installs it."""
    if (own := _installed(OURS)) is None:
        return
    for extra in own.metadata.get_all("Provides-Extra", []):
        lacking = [name for one in _requirements(own, extra) for name in _lacking(one)]
        topic = f"extra {extra}"
        if lacking:
            yield Finding(NOTE, topic, f"not installed (lacks {', '.join(lacking)})", f"pip install '{OURS}[{extra}]'")
        else:
            yield Finding(OK, topic, "installed")


def plugins() -> Iterator[Finding]:
    """Selectors, estimators and policies: how many are ours, and whether each of a third party's loads."""
    for kind, group in GROUPS.items():
        entries = list(entry_points(group=group))
        theirs = [entry for entry in entries if _provider(entry) != OURS]
        own = len(entries) - len(theirs)
        text = f"{own} built in, {len(theirs)} of others"
        yield Finding(OK, PLURALS[kind], text) if own else Finding(PROBLEM, PLURALS[kind], text, LOST)
        yield from (_plugin(kind, entry) for entry in theirs)
        yield from _twice(kind, entries)


def _python(fits: bool) -> str:
    return "" if fits else "make an environment with a Python of that version"


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _requirements(package: Distribution, extra: str) -> list[Requirement]:
    """What a package needs: always (no extra), or for one extra more than always."""
    found = []
    for one in map(Requirement, package.requires or []):
        always = one.marker is None or one.marker.evaluate({"extra": ""})
        if always if not extra else not always and one.marker is not None and one.marker.evaluate({"extra": extra}):
            found.append(one)
    return found


def _lacking(requirement: Requirement, seen: frozenset[str] = frozenset()) -> list[str]:
    """Names of packages that are missing or do not fit; those of the extras that a requirement asks for included."""
    package = _installed(requirement.name)
    if package is None or not _fits(requirement, package):
        return [requirement.name]
    key = str(requirement)
    inner = [one for extra in requirement.extras for one in _requirements(package, extra)] if key not in seen else []
    return list(dict.fromkeys(name for one in inner for name in _lacking(one, seen | {key})))


def _fits(requirement: Requirement, package: Distribution) -> bool:
    try:
        return requirement.specifier.contains(package.version, prereleases=True)
    except InvalidVersion:
        return True


def _dependency(requirement: Requirement) -> Finding:
    package = _installed(requirement.name)
    asked = str(requirement.specifier) or "any version"
    remedy = f"pip install '{requirement.name}{requirement.specifier}'"
    if package is None:
        return Finding(PROBLEM, requirement.name, f"not installed (needs {asked})", remedy)
    if not _fits(requirement, package):
        return Finding(PROBLEM, requirement.name, f"{package.version} (needs {asked})", remedy)
    return Finding(OK, requirement.name, f"{package.version} (needs {asked})")


def _provider(entry: EntryPoint) -> str:
    return re.sub(r"[-_.]+", "-", entry.dist.name).lower() if entry.dist else ""


def _plugin(kind: str, entry: EntryPoint) -> Finding:
    version = f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an unknown package"
    topic = f"{kind} {entry.name}"
    try:
        entry.load()
    except Exception as error:  # a stranger's code may fail in any way; whatever it was is the finding
        reason = f"of {version} does not load: {type(error).__name__}: {error}"
        return Finding(PROBLEM, topic, reason, f"update or uninstall {entry.dist.name if entry.dist else entry.value}")
    return Finding(OK, topic, f"of {version}")


def _twice(kind: str, entries: list[EntryPoint]) -> Iterator[Finding]:
    for name in dict.fromkeys(entry.name for entry in entries):
        same = [entry for entry in entries if entry.name == name]
        packages = sorted({_provider(entry) for entry in same})
        if len(packages) > 1:
            text = f"is registered by {' and '.join(packages)}; one of them hides the other"
            yield Finding(PROBLEM, f"{kind} {name}", text, f"uninstall all but one of {', '.join(packages)}")
