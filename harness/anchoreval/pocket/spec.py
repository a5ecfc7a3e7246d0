"""`ModelSpec`: everything that makes a small language model, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

from anchoreval.errors import MethodOptionError
from anchoreval.pocket.items import SUBJECTS
from anchoreval.pocket.smoothing import SMOOTHING, STRENGTHS
from anchoreval.pocket.tokens import DEEPEST_CACHE, LONGEST


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
        cache: the longest stretch of the prompt, in tokens, that it looks up again in the prompt; 0: no prompt cache.
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
        if fault := self._fault():
            raise MethodOptionError(f"model {self.name!r}: {fault}")

    def _fault(self) -> str:
        """What is wrong with the recipe, in one phrase; empty where nothing is."""
        if self.unit not in LONGEST:
            return f"unit {self.unit!r} is not one of {', '.join(LONGEST)}"
        if self.smoothing not in SMOOTHING:
            return f"smoothing {self.smoothing!r} is not one of {', '.join(SMOOTHING)}"
        if not 1 <= self.order <= LONGEST[self.unit]:
            return f"order {self.order} is not in 1 to {LONGEST[self.unit]}"
        if not 0 <= self.cache <= DEEPEST_CACHE[self.unit]:
            return f"cache {self.cache} is not in 0 to {DEEPEST_CACHE[self.unit]}"
        low, high = STRENGTHS.get(self.smoothing, (0.0, float("inf")))
        if not low < self.strength < high:
            return f"strength {self.strength:g} of {self.smoothing} is not between {low:g} and {high:g}"
        if negative := [name for name in ("size", "tuned_size", "credulity", "noise") if getattr(self, name) < 0]:
            return f"{negative[0]} {getattr(self, negative[0])} is negative"
        if self.patience <= 0:
            return f"patience {self.patience:g} is not positive"
        return self._fault_of_mixtures()

    def _fault_of_mixtures(self) -> str:
        for mixture in (self.mixture, self.tuned) if self.tuned else (self.mixture,):
            if len(mixture) != len(SUBJECTS) or min(mixture) < 0 or not 0 < max(mixture) <= 1000:
                return f"a mixture needs {len(SUBJECTS)} whole parts of 0 to 1000, not all 0"
        return f"tuned_size {self.tuned_size} needs a mixture `tuned`" if self.tuned_size and not self.tuned else ""
