"""What a benchmark, whole or compressed, can tell apart and what it cannot.

Arrows point down this list only: `report` (of an anchor set) and `plans` (of budgets) rest on `law` (how estimated
differences follow true ones), `ranks` and `analysis` (before anything is measured), and these on `inference` (tests and
intervals for scores of items).
"""
