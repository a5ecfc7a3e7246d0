"""`README.md` of an exported task folder: what it is, the one command, and what its raw mean is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anchoreval.anchors import AnchorSet
from anchoreval.exporters.markdown import code, escaped


def run_command(group: str) -> str:
    """The one command that scores a Hugging Face model on the anchors."""
    return (
        "lm-eval run --model hf --model_args pretrained=<model> --include_path <this folder> \\\n"
        f"  --tasks {group} --log_samples --output_path out"
    )


def reconstruct_command(folder: str = "<this folder>/anchors") -> str:
    """The two lines that turn the answers into estimates of full scores."""
    return f"pip install anchoreval\nanchoreval job=reconstruct anchors={folder} path=out"


def raw_mean_caveat(anchors: AnchorSet) -> str:
    """What the mean over the anchors is, and what it is not."""
    if anchors.inclusion is not None:
        return (
            "The anchors were drawn at random: their mean, weighted by one over the probability of being drawn, is an "
            "estimate of the full score. The plain mean that lm-eval prints for each task is one only where these "
            "probabilities are all the same, and has no interval for the benchmark as a whole."
        )
    return (
        "The mean over the anchors that lm-eval prints is not an estimate of the benchmark's score: the anchors were "
        "chosen because they tell models apart, not at random. Only the reconstruction is an estimate."
    )


def task_readme(anchors: AnchorSet, group: str, tasks: Mapping[str, Mapping[str, Any]]) -> str:
    """The folder's description.

    Args:
        anchors: that are exported.
        group: name of the group.
        tasks: what `export.json` says of each task.
    """
    listed = "\n".join(
        f"- {code(name)}: {facts['anchors']} of {code(facts['task'])}; the score is {code(facts['metric'])}, filter "
        f"{code(facts['filter'])}"
        for name, facts in tasks.items()
    )
    error = anchors.expected_error
    expected = "" if error is None else f" Expected error of the reconstruction: {100 * error:.1f} percentage points."
    return f"""# {len(anchors.items)} anchors of {escaped(anchors.benchmark)}

A small part of the benchmark {escaped(anchors.benchmark)}, chosen by the selector {escaped(anchors.selector)} of
anchoreval, from which the score on all of it can be reconstructed.{expected}

## Run it

lm-eval alone does it, from any working directory and wherever this folder lies:

```
{run_command(group)}
```

Every prompt is written out as a full run asks it, description and examples included. So leave the number of examples,
the chat template and the system instruction alone: `--num_fewshot` is without effect, the others would change what is
asked. The folder holds one short Python file, `anchors_data.py`, which reads the JSONL files beside it.

## From answers to a full score

```
{reconstruct_command()}
```

It checks that every anchor was answered and prints an estimate with an interval for each model.

## What the raw mean is not

{raw_mean_caveat(anchors)}

## What is in it

{listed}

`export.json` names the original task of each, and the SHA-256 of every file. Each row of the JSONL files says which
document of which task it is (`task`, `doc_id`, `doc_hash`) and the anchor's `weight`. `anchors/` is the anchor set,
with what the source models answered on the anchors and what they scored on the whole benchmark.
"""
