"""`ModelSpec`: everything that makes a small language model, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

from anchoreval.errors import MethodOptionError
from anchoreval.pocket.items import SUBJECTS
from anchoreval.pocket.smoothing import SMOOTHING
from anchoreval.pocket.tokens import LONGEST


@dataclass(frozen=True)
class ModelSpec:
    """Recipe of one model; equal specs train to equal models.

    Attributes:
        name: id of the model.
        family: models of one maker: same unit, smoothing, style, credulity and cache.
        base_model: name of the model it was trained on from, else its own; variants share it.
        released: ISO date.
        size: training lines read.
        order: longest n-gram, in words or characters, the predicted one included.
        smoothing: one of SMOOTHING.
        strength: parameter of the smoothing.
        mixture: how much of each subject of SUBJECTS it reads, relative to the others.
        seed: which lines it happens to read.
        unit: `word` or `char`.
        credulity: how much of the wrong lines it keeps, in eighths.
        noise: lines with a random option for each 1,000 others.
        style: which paraphrases its texts prefer.
        cache: orders of n-grams that it also counts in the prompt; 0: none.
        patience: how many observations the trained model is worth against the prompt's.
        tuned_size: lines read after the base model, from the mixture `tuned`.
        tuned: mixture of the continued training.
    """

    name: str
    family: str
    base_model: str
    released: str
    size: int
    order: int
    smoothing: str
    strength: float
    mixture: tuple[int, ...]
    seed: int
    unit: str = "word"
    credulity: int = 8
    noise: int = 60
    style: int = 0
    cache: int = 0
    patience: float = 2.0
    tuned_size: int = 0
    tuned: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.unit not in LONGEST:
            raise MethodOptionError(f"model {self.name!r}: unit {self.unit!r} is not one of {', '.join(LONGEST)}")
        if self.smoothing not in SMOOTHING:
            raise MethodOptionError(
                f"model {self.name!r}: smoothing {self.smoothing!r} is not one of {', '.join(SMOOTHING)}"
            )
        if not 1 <= self.order <= LONGEST[self.unit]:
            raise MethodOptionError(f"model {self.name!r}: order {self.order} is not in 1 to {LONGEST[self.unit]}")
        for mixture in filter(None, (self.mixture, self.tuned)):
            if len(mixture) != len(SUBJECTS) or min(mixture) < 0 or not any(mixture):
                raise MethodOptionError(f"model {self.name!r}: a mixture needs {len(SUBJECTS)} non-negative parts")
        if self.tuned_size and not self.tuned:
            raise MethodOptionError(f"model {self.name!r}: tuned_size {self.tuned_size} needs a mixture `tuned`")
