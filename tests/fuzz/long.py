"""The long run behind `make fuzz`: `python -m tests.fuzz.long [inputs a target] [names of targets]`.

Every target runs in a process of its own, guided by coverage through atheris where that is installed (mutations are
ours in either case, since blind bytes would never get past a checksum or a brace). libFuzzer ends a process that takes
more than a gigabyte of memory or ten seconds for an input. What is found is written to `tests/fuzz/findings`, from
where the ordinary tests read it, and the exit status is 1.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from .targets import Workspace

INPUTS = 5_000
MEGABYTES = 1024
SECONDS = 10
RAW = Path(os.environ.get("ANCHOREVAL_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")) / "raw"


class Session:
    """The trials of one target: counts them, keeps what is found, and ends the process after the last one."""

    def __init__(self, workspace: Workspace, inputs: int) -> None:
        self.workspace, self.inputs = workspace, inputs
        self.tried = self.found = 0
        self.known: set[str] = set()

    def try_input(self, name: str, content: bytes) -> None:
        """Read one input; each kind of problem is kept once."""
        from .findings import keep

        self.tried += 1
        finding = self.workspace.trial(name, content)
        if finding is not None:
            self.found += 1
            if finding.problem[:60] not in self.known:
                self.known.add(finding.problem[:60])
                say(f"{finding.target}, {finding.file}: {finding.problem}: {keep(finding)}")
        if self.tried >= self.inputs:
            self.end()

    def end(self) -> NoReturn:
        """Say what the trials came to, and leave at once: libFuzzer's own end is of no use here."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        say(f"{self.workspace.target.name}: {self.tried:,} inputs, {self.found} findings, at most {peak} MiB of memory")
        shutil.rmtree(self.workspace.folder.parent, ignore_errors=True)
        os._exit(int(self.found > 0 or peak > MEGABYTES))


def ending_on_errors(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same, but an error of our own ends the process: atheris would wait for ever."""

    def called(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except Exception:
            say(traceback.format_exc())
            os._exit(2)

    return called


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)  # noqa: T201


def one(name: str, inputs: int, seed: int) -> NoReturn:
    """Fuzz one target in this process, which ends with it."""
    atheris = _atheris()
    with atheris.instrument_imports(include=["anchoreval"]) if atheris else nullcontext():
        from .targets import Workspace, targets
    place = Path(tempfile.mkdtemp(prefix="fuzz-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
    session = Session(Workspace(targets(RAW)[name], place / name), inputs)
    if atheris:
        _guide(atheris, session, seed)
    while True:
        session.try_input(*session.workspace.damaged(Random(f"{seed}-{session.tried}")))


def _atheris() -> Any:
    try:
        import atheris
    except ImportError:
        return None
    return atheris


def _guide(atheris: Any, session: Session, seed: int) -> None:
    """Let coverage choose what is mutated on; an input is a byte for the file, then its content."""
    from .mutations import mutated

    workspace = session.workspace
    corpus = workspace.folder.with_name("corpus")
    corpus.mkdir()
    for n, name in enumerate(workspace.names):
        (corpus / str(n)).write_bytes(bytes([n]) + workspace.seeds[name])

    def unpacked(data: bytes) -> tuple[str, bytes]:
        return workspace.names[(data[0] if data else 0) % len(workspace.names)], bytes(data[1:])

    def mutate(data: bytes, largest: int, number: int) -> bytes:
        rng = Random(number)
        if rng.random() < 0.2:
            name, content = workspace.damaged(rng)
        else:
            name, content = unpacked(data)
            content = mutated(content, name, rng)
        return (bytes([workspace.names.index(name)]) + content)[:largest]

    longest = 4 * max(map(len, workspace.seeds.values())) + 10_000
    options = [f"-max_len={longest}", f"-rss_limit_mb={MEGABYTES}", f"-timeout={SECONDS}", f"-seed={seed}",
               "-len_control=0", f"-artifact_prefix={workspace.folder.parent}/", "-verbosity=0"]  # fmt: skip
    read = ending_on_errors(lambda data: session.try_input(*unpacked(data)))
    atheris.Setup([sys.argv[0], *options, str(corpus)], read, custom_mutator=ending_on_errors(mutate))
    atheris.Fuzz()


def main(arguments: list[str]) -> int:
    """Fuzz the targets, as many at once as FUZZ_JOBS says."""
    if arguments[:1] == ["--one"]:
        one(arguments[1], int(arguments[2]), int(arguments[3]))
    inputs = int(arguments[0]) if arguments else INPUTS
    names = arguments[1:] or _names()
    seed = int(os.environ.get("FUZZ_SEED", time.time()))

    def fuzz(name: str) -> int:
        command = [sys.executable, "-m", "tests.fuzz.long", "--one", name, str(inputs), str(seed)]
        return subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode

    with ThreadPoolExecutor(int(os.environ.get("FUZZ_JOBS", "1"))) as pool:
        failed = [name for name, status in zip(names, pool.map(fuzz, names), strict=True) if status]
    told = f"found in {', '.join(failed)}" if failed else "nothing found"
    say(f"{inputs * len(names):,} inputs (seed {seed}): {told}")
    return int(bool(failed))


def _names() -> list[str]:
    from .targets import targets

    return list(targets(RAW))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
