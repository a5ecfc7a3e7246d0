"""The report on the peers as Markdown. Standard library alone."""

from __future__ import annotations

from typing import Any

Facts = dict[str, Any]
NAMES = {
    "ours": "**anchoreval**",
    "ours_hierarchical": "**anchoreval**, learnt priors",
    "girth": "girth `twopl_mml`",
    "py_irt_vague": "py-irt `2pl`, vague priors",
    "py_irt_hierarchical": "py-irt `2pl`, hierarchical priors",
    "apricot_lazy": "apricot, `lazy`",
    "apricot_two-stage": "apricot, `two-stage` (its default)",
}


def report(parameters: Facts, facility: Facts, scale: Facts) -> str:
    """The whole report."""
    return "\n\n".join(
        [
            "# Peers",
            "Same files, a process of its own environment each. Seconds are wall and, in brackets, processor time of "
            "the call alone, without imports and reading; ours is the median of three processes, the others' fits "
            "are made once. Where wall times are far above processor times, the machine was busy with other work: "
            "compare the latter. Memory is the process's peak resident size, imports and data included.",
            "Made by `make peers` (`python tests/perf/peers/run_peers.py`); " + machines(parameters, facility),
            "## A 2PL on 200 models x 500 items",
            "Simulated: log discrimination N(0, 0.4), difficulty N(0, 1.2), ability N(0, 1). Item parameters and "
            "abilities, each with the package's own defaults (py-irt: 2,000 epochs); `learnt priors` is "
            "`fit_hierarchical`. Before comparison with the truth "
            "every fit is brought to the scale on which its own abilities have mean 0 and deviation 1.",
            irt_table(parameters),
            "## Facility location: 100 of 10,000 items",
            "Ours computes the similarities of 400 models' answers, then selects; apricot is given the same matrix, "
            "in the double precision that it requires. Value: mean over items of the similarity to the nearest chosen "
            "one. apricot compiles at every call, and its selection includes that; a call on 50 items, which is "
            "little else, is beside.",
            facility_table(facility),
            "## Our fits at the size of real benchmarks",
            "Once each, simulated as above; in several dimensions, slopes are N(0, 0.7), the first's around 1, and "
            "recovery is the least canonical correlation of abilities found with true ones. Peak memory includes "
            "the scores in single precision, whose size is in brackets.",
            scale_table(scale),
            "",
        ]
    )


def machines(*parts: Facts) -> str:
    """Cores, and every version that took part."""
    found: dict[str, str] = {}
    for part in parts:
        for facts in part.values():
            found |= facts["machine"]
    cores, python = found.pop("cores"), found.pop("python")
    return f"{cores} cores, Python {python}, " + ", ".join(f"{name} {number}" for name, number in found.items()) + "."


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; all columns but the first to the right."""
    lines = [heads, ["---"] + ["--:"] * (len(heads) - 1), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def seconds(facts: Facts) -> str:
    """Wall and processor time."""
    return f"{facts['seconds']:,.2f} ({facts['cpu']:,.2f})"


def irt_table(parts: Facts) -> str:
    """Time and closeness to the truth."""
    ours = parts["ours"]
    heads = ["", "seconds", "times ours", "r difficulty", "r discrimination"]
    heads += ["RMSE difficulty", "RMSE discrimination", "RMSE expected score", "peak GiB"]
    closeness = ("corr_b", "corr_a", "rmse_b", "rmse_a", "rmse_p")
    rows = []
    for name, facts in parts.items():
        times = f"{facts['seconds'] / ours['seconds']:,.0f} ({facts['cpu'] / ours['cpu']:,.0f})"
        figures = [f"{facts[key]:.3f}" for key in closeness]
        rows.append([NAMES[name], seconds(facts), times, *figures, f"{facts['peak_gib']:.2f}"])
    return table(heads, rows)


def facility_table(parts: Facts) -> str:
    """Time, memory and value of the choice."""
    heads = ["", "selection, seconds", "computing similarity, or compiling", "peak GiB", "value", "same as ours"]
    rows = []
    for name, facts in parts.items():
        rows.append(
            [
                NAMES[name],
                seconds(facts),
                seconds(facts["before"]),
                f"{facts['peak_gib']:.2f}",
                f"{facts['value']:.8f}",
                f"{facts['shared']} of 100",
            ]
        )
    return table(heads, rows)


def scale_table(parts: Facts) -> str:
    """Time, memory and recovery."""
    heads = ["models x items", "seconds", "steps", "peak GiB", "recovery"]
    rows = []
    for name, facts in parts.items():
        peak = f"{facts['peak_gib']:.2f} ({facts['scores_gib']:.2f})"
        rows.append([name, seconds(facts), str(facts["steps"]), peak, recovery(facts)])
    return table(heads, rows)


def recovery(facts: Facts) -> str:
    """How close a fit came to the truth, in words."""
    if "least_canonical" in facts:
        return f"abilities {facts['least_canonical']:.4f}"
    return f"difficulty {facts['corr_b']:.3f}, discrimination {facts['corr_a']:.3f}"
