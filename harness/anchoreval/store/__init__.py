"""Stored benchmarks: a folder with one file a model, to which models are added without rewriting anything shared.

```
<folder>/benchmark.json         schema version, name, metric, aggregation, provenance, digest of the items
         items.parquet          the item table and the weights; both written once
         responses/<id>.parquet one model's answers (see `anchoreval.store.answers`)
```

Every file appears whole or not at all and carries a digest of what it holds: refreshes can be repeated, several
processes can add models at once, and a kill loses nothing but the model in flight.
"""

from __future__ import annotations

from anchoreval.store.reading import benchmark_digest, load_benchmark, read_benchmark
from anchoreval.store.writing import Written, write_benchmark

__all__ = ["Written", "benchmark_digest", "load_benchmark", "read_benchmark", "write_benchmark"]
