"""`python -m anchoreval`: the same as the command `anchoreval`."""

from __future__ import annotations

import sys

from anchoreval.cli import main

if __name__ == "__main__":
    sys.exit(main())
