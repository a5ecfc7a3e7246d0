"""A random forest on signatures (scikit-learn): DISCO's headline metamodel, here correcting the line.

Finds interactions that the ridge regressions miss and cannot extrapolate, which the line makes up for. The score has a
forest of its own; subjects share a second one. Needs some 50 sources to be worth its cost: a second at 3,000 sources
and 100 binary anchors, several times that with probabilities. A stored state holds the training data and the seed, and
the forest is grown again from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from anchoreval.estimators.regrown import Regrown


@dataclass
class Forest(Regrown):
    """`trees` trees on bootstrap samples of the sources, a third of the features tried at every split."""

    trees: int = 100

    def _models(self) -> list[Any]:
        from sklearn.ensemble import RandomForestRegressor

        made = []
        for block in (self.leftovers_[:, :1], self.leftovers_[:, 1:]):
            if block.size:
                # one thread: several add up trees in any order, which shows in the last digit of a prediction, and
                # scikit-learn's threads race for the process's warning filters
                forest = RandomForestRegressor(self.trees, max_features=1 / 3, random_state=self.seed_, n_jobs=1)
                made.append(forest.fit(self.coordinates_, block[:, 0] if block.shape[1] == 1 else block))
        return made
