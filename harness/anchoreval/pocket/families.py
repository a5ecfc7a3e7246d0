"""The makers of pocket's models: what all models of a family have in common."""

from __future__ import annotations

from dataclasses import dataclass

SIZES = tuple(round(mantissa * 10**exponent) for exponent in range(2, 7) for mantissa in (1.0, 1.6, 2.5, 4.0, 6.3))[
    4:23
]
"""Training lines in steps of a factor of about 1.6: 630 to 2,500,000."""


@dataclass(frozen=True)
class Family:
    """Traits shared by a family.

    Attributes:
        name: the maker.
        unit: `word` or `char`.
        smoothing: one of `smoothing.SMOOTHING`.
        strength: its parameter.
        orders: longest n-gram of each of the four generations.
        sizes: places in SIZES of each of the four generations.
        start: months from the first release of all to the family's first.
        credulity: eighths of the wrong lines that it keeps.
        noise: lines with a random option for each 1,000 others.
        style: which paraphrases its texts prefer.
        cache: the longest stretch that is looked up again in the prompt.
    """

    name: str
    unit: str
    smoothing: str
    strength: float
    orders: tuple[int, int, int, int]
    sizes: tuple[int, int, int, int]
    start: int
    credulity: int = 8
    noise: int = 60
    style: int = 0
    cache: int = 0


FAMILIES = (
    Family("alder", "word", "witten_bell", 1.0, (1, 4, 7, 10), (0, 6, 11, 15), 0, noise=400, style=1),
    Family("birch", "word", "jelinek_mercer", 0.3, (3, 5, 8, 12), (2, 7, 11, 16), 6, style=2),
    Family("cedar", "word", "absolute", 0.7, (3, 4, 6, 9), (3, 7, 10, 14), 2, credulity=10, style=3),
    Family("damson", "word", "dirichlet", 4.0, (2, 5, 8, 11), (0, 4, 9, 15), 10, credulity=7, style=4),
    Family("elm", "word", "longest", 1.0, (4, 6, 9, 12), (4, 8, 12, 15), 12, style=5),
    Family("fir", "word", "witten_bell", 4.0, (3, 3, 5, 8), (1, 6, 11, 15), 4, credulity=11, noise=160, style=1),
    Family("gorse", "word", "absolute", 0.4, (5, 7, 10, 12), (5, 9, 13, 18), 18, credulity=6, style=6),
    Family("hazel", "word", "witten_bell", 0.5, (4, 6, 8, 12), (3, 8, 12, 16), 8, style=2, cache=2),
    Family("ivy", "word", "jelinek_mercer", 0.5, (3, 5, 9, 11), (4, 7, 11, 14), 14, credulity=7, style=7, cache=3),
    Family("juniper", "word", "dirichlet", 12.0, (1, 3, 4, 6), (0, 4, 8, 12), 1, noise=800, style=3),
    Family("kapok", "char", "witten_bell", 1.0, (6, 9, 14, 20), (2, 7, 11, 16), 3, style=4),
    Family("larch", "char", "jelinek_mercer", 0.4, (2, 8, 12, 16), (0, 6, 10, 14), 0, credulity=9, style=5),
    Family("maple", "char", "absolute", 0.5, (8, 13, 18, 24), (4, 8, 13, 17), 9, credulity=7, style=1),
    Family("nutmeg", "char", "dirichlet", 2.0, (4, 9, 15, 22), (0, 6, 11, 16), 7, noise=120, style=6),
    Family("olive", "char", "witten_bell", 0.4, (10, 16, 20, 24), (5, 9, 13, 18), 16, credulity=6, style=2, cache=6),
    Family("poplar", "word", "witten_bell", 1.5, (6, 8, 11, 12), (6, 10, 14, 18), 20, credulity=5, noise=20, style=7),
    Family("quince", "char", "longest", 0.5, (7, 11, 17, 24), (3, 8, 12, 15), 11, style=7),
    Family("rowan", "word", "absolute", 0.9, (4, 7, 9, 12), (5, 8, 11, 17), 15, credulity=8, style=4),
)
