"""EssenceBench: a genetic search for the subset whose mean tells the full score (arXiv 2510.10457).

Items that tell little, or repeat another item's text, are dropped first. A genetic search then looks for the k items
whose plain mean, put through a curve from the mean over all remaining items to the full score, comes nearest to the
full scores of source models that the curve was not fitted to. How much the items of the last generation matter decides
which smaller pools are searched next, in a second round. Assumes that what holds for these source models holds for
targets, and that the full score is a smooth function of a subset's mean. Needs source models of at least three groups;
it is better with hundreds, because the search judges hundreds of thousands of subsets by the same models and in the
end fits their chance answers: the fitness it reports is optimistic, and must never be quoted as an error. No weights
and no inclusion probabilities are given; the curve has to be fitted again to the subset's own mean, which is the
estimator `gam` on the mean.

Against the published code: an item that no surviving subset holds has no importance (there it is uninitialised
memory); mutation exchanges exactly one item by default (there, of a small subset of many items, hardly one stays);
the models that judge are never the reported ones. Costs about 1 ms a generation of 200 subsets of 50 items for 400
models, whatever the number of items: 5 seconds with the defaults.
"""

from __future__ import annotations

from anchor_selectors.essence.selector import Essence

__all__ = ["Essence"]
