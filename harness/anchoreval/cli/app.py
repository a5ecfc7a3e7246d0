"""The command `anchoreval`: one Hydra application whose jobs are imported when they are called for.

Exit status: 0 done, 1 the work failed, 2 the request was wrong (one line on standard error, nothing written; only a
`job=import` that is refused after reading keeps what it read beside the benchmark, for another try, and says so),
3 nothing changed (only with `exit_code=true`), 130 interrupted.
"""

from __future__ import annotations

import inspect
import os
import sys
import time
import traceback
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import hydra
from omegaconf import DictConfig, OmegaConf

from anchoreval.cli import completion, sweep
from anchoreval.cli.followings import with_followings
from anchoreval.cli.messages import launcher_error, request_error
from anchoreval.cli.objectives import is_minimised, refuse_other_objectives
from anchoreval.cli.side_by_side import conditions
from anchoreval.config import CONF, refuse_added_keys, register
from anchoreval.errors import AnchorEvalError, ConfigurationError, RequestError, WorkError
from anchoreval.jobs.output import note

if TYPE_CHECKING:
    from anchoreval.runs import Outcome

JOBS = {
    "run": "anchoreval.jobs.run",
    "compare": "anchoreval.jobs.compare",
    "plan": "anchoreval.jobs.plan",
    "adaptive": "anchoreval.jobs.adaptive",
    "leaderboard": "anchoreval.jobs.leaderboard",
    "export": "anchoreval.jobs.export",
    "reconstruct": "anchoreval.jobs.reconstruct",
    "import": "anchoreval.jobs.import_",
    "check": "anchoreval.jobs.check",
    "transfer": "anchoreval.jobs.transfer",
    "study": "anchoreval.jobs.study",
    "figures": "anchoreval.jobs.figures",
    "sources": "anchoreval.jobs.sources",
    "collect": "anchoreval.jobs.collect",
    "tune": "anchoreval.jobs.tune",
    "doctor": "anchoreval.jobs.doctor",
}
"""The module of each job; its function `run(config)` does the work and returns an `Outcome`."""

UNCHANGED, INTERRUPTED = 3, 130
HYDRA_1_4 = "execution_whitelist" in inspect.signature(hydra.main).parameters

register()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (default: those of the process) and return the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        with _process_state(with_followings(arguments)):
            flags = _flags(arguments)
            if flags.help:
                return _help()
            if flags.shell_completion and (answer := completion.answer(flags.overrides)) is not None:
                print(answer)  # noqa: T201
                return 0
            hydra.main(config_path=str(CONF), config_name="config", **_hydra_options())(task)()
            return sweep.finish()
    except KeyboardInterrupt:
        return _say("interrupted", INTERRUPTED)
    except BrokenPipeError:  # whoever read our output has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except SystemExit as stop:  # --help and the like
        return stop.code if isinstance(stop.code, int) else 0
    except Exception as error:  # the last resort: whatever happened, one line says it
        return _report(request_error(error, arguments) or launcher_error(error) or error)
    finally:
        sweep.forget()


def task(config: DictConfig) -> float | None:
    """One job: do it and say what came of it. It does not raise, so that the other jobs of a sweep go on.

    Returns:
        The job's objective (percentage points; NaN if the job failed).

    Raises:
        WorkError: the job failed, under a sweeper that minimises objectives: it leaves the job out and goes on.
    """
    begin = time.perf_counter()
    outcome = None
    try:
        with conditions():
            outcome = _dispatch(config)
    except Exception as raised:
        error = request_error(raised, ()) or raised
        ended = {"status": _report(error, config.verbose), "error": type(error).__name__, "message": _one_line(error)}
    else:
        unchanged = config.exit_code and not outcome.changed
        ended = {"status": UNCHANGED if unchanged else 0, "message": "done" if outcome.changed else "was complete"}
    folder, changed = (str(outcome.folder), outcome.changed) if outcome else (None, False)
    seconds = round(time.perf_counter() - begin, 3)
    sweep.record({**ended, "folder": folder, "changed": changed, "seconds": seconds}, config)
    if outcome is None and is_minimised():
        raise WorkError(ended["message"])
    return outcome.objective if outcome else float("nan")


def _hydra_options() -> dict[str, Any]:
    """Hydra 1.3 asks for the version whose behaviour is meant, 1.4 for what configurations may instantiate."""
    if HYDRA_1_4:
        return {"execution_whitelist": [f"{sweep.__name__}.{sweep.Summary.__name__}"]}
    return {"version_base": "1.3"}


def _dispatch(config: DictConfig) -> Outcome:
    if missing := sorted(OmegaConf.missing_keys(config)):
        raise ConfigurationError(f"{missing[0]} is missing: give {missing[0]}=<value>")
    refuse_added_keys(config)
    refuse_other_objectives(config)
    name = config.job.name
    if name not in JOBS:
        raise ConfigurationError(f"no job is called {name!r} (there are: {', '.join(JOBS)})")
    job: Callable[[DictConfig], Outcome] = import_module(JOBS[name]).run
    return job(config)


def _help() -> int:
    """Print `hydra.help.template` as it stands: Hydra would first look up every group's choices, which takes longer."""
    print(OmegaConf.select(OmegaConf.load(CONF / "config.yaml"), "hydra.help.template"))  # noqa: T201
    return 0


def _flags(arguments: Sequence[str]) -> Namespace:
    """Hydra's flags; an unknown one is refused in one line, where argparse itself would print its usage first."""
    from hydra._internal.utils import get_args_parser

    def refuse(message: str) -> NoReturn:
        raise ConfigurationError(f"{message} (anchoreval --hydra-help lists the flags)")

    parser = get_args_parser()
    parser.error = refuse
    parse = parser.parse_intermixed_args if HYDRA_1_4 else parser.parse_args  # as Hydra itself does
    flags: Namespace = parse(list(arguments))
    return flags


def _report(error: BaseException, verbose: bool = False) -> int:
    known = isinstance(error, AnchorEvalError)
    if verbose and not isinstance(error, RequestError):
        traceback.print_exception(error)
    hint = "" if known or verbose else " (verbose=true shows where)"
    return _say(f"error: {_one_line(error)}{hint}", error.exit_status if isinstance(error, AnchorEvalError) else 1)


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, AnchorEvalError) else f"{type(error).__name__}: {text}"


def _say(line: str, status: int) -> int:
    note(line)
    return status


@contextmanager
def _process_state(arguments: Sequence[str]) -> Iterator[None]:
    """Arguments where Hydra looks for them, and its errors raised instead of printed."""
    argv, full_error = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv, os.environ["HYDRA_FULL_ERROR"] = ["anchoreval", *arguments], "1"
    try:
        yield
    finally:
        sys.argv = argv
        if full_error is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = full_error
