"""Everything that can be configured, with its type and default.

```
root.py       Config, the whole: groups, a section a job, and the keys that no single job owns
groups.py     what to do, on which benchmark, with which models held out
scorers.py    where targets are scored, and what that may spend
measuring.py  sections compare, plan, transfer and power
ranking.py    sections leaderboard and adaptive
files.py      sections reading (of job=import), export, reconstruct and check
studies.py    sections study, sources, figures, collect and tune: many runs as one
composing.py  where Hydra finds the schema and the YAML files under conf/
```
"""

from __future__ import annotations

from anchoreval.config.composing import CONF, refuse_added_keys, register
from anchoreval.config.root import Config

__all__ = ["CONF", "Config", "refuse_added_keys", "register"]
