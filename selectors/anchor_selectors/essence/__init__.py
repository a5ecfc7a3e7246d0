"""EssenceBench: a genetic search for the subset whose mean tells the full score (arXiv 2510.10457).

Items that tell little, or repeat another item's text, are dropped first. A genetic search then looks for the k items
whose plain mean, put through a curve from the mean over all remaining items to the full score, comes nearest to the
full scores of source models that the curve was not fitted to. How much the items of the last generation matter decides
which smaller pools are searched next, in a second round. Assumes that what holds for these source models holds for
targets, and that the full score is a smooth function of a subset's mean. Needs source models of at least three groups;
it is better with hundreds, because the search judges half a million subsets by the same models and in the end fits
their chance answers: on ARC (148 source models, k = 50) it claimed 1.2 percentage points and had 2.6 on new models. The
fitness in `details` is that claim, and no error to quote. No weights and no inclusion probabilities are given; the
curve has to be fitted again to the subset's own mean, which is the estimator `gam` on the mean.

Against the published code: an item that no surviving subset holds has no importance (there it is uninitialised
memory). Mutation exchanges exactly one item (there, of a small subset of many items, little is left). Every source
model judges, by a curve fitted to others (there, a tenth of them: with a half of them judging, the error above was
3.2). Importance comes from a ridge regression, which on ARC ranks a subset's items as explainable boosting machines do
(rank correlations .97 to .99) without their cost of several seconds a subset. Texts are compared by their words, unless
a model for embeddings is named; answers are compared only where `rank_threshold` is set: a port of the published code
switches this off because it made reconstruction worse, and no threshold is published.

Costs about 1 ms a generation of 200 subsets of 50 items for 400 models, whatever the number of items: 3 to 5 seconds
with the defaults.
"""

from __future__ import annotations

from anchor_selectors.essence.selector import Essence

__all__ = ["Essence"]
