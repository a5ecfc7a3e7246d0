"""Groups from pairs: whatever pairs link belongs together, unless the chain grows too long.

Links are not transitive: a is near b and b near c does not make a near c. Where groups must keep linked members
together, connected components are the only ones that do; where almost everything is linked to something, one component
swallows the table. Components up to a size are therefore kept, and larger ones are broken into stars: the member with
most links and all it is linked to, then the same with those that are left.
"""

from __future__ import annotations

import numpy as np

from anchoreval.arrays import IntArray


def linked_groups(count: int, first: IntArray, second: IntArray, largest: int) -> IntArray:
    """Group of each member: the number of one that stands for it, its own where it is alone.

    Args:
        count: number of members.
        first: (pairs,) a member.
        second: (pairs,) another one, linked to it.
        largest: size above which a component is broken into stars. Ties go to the member that comes first.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    ends = np.concatenate([first, second]), np.concatenate([second, first])
    links = csr_array((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(count, count))
    component = connected_components(links, directed=False)[1]
    label = np.unique(component, return_index=True)[1][component].astype(np.int64)
    for centre in np.nonzero(np.bincount(label, minlength=count) > largest)[0]:
        members = np.nonzero(label == centre)[0]
        label[members] = members[_stars(links[members][:, members].toarray() > 0)]
    return label


def _stars(linked: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> IntArray:
    """(members,) centre of each member's star."""
    centre = np.arange(len(linked))
    free = np.ones(len(linked), dtype=np.bool_)
    while free.any():
        best = int(np.argmax(np.where(free, linked @ free.astype(np.int64), -1)))
        star = free & linked[best]
        star[best] = True
        centre[star] = best
        free &= ~star
    return centre
