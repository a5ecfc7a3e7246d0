"""The exceptions that anchoreval raises on purpose, and what each means for the exit status.

```
AnchorEvalError                     everything below
├── RequestError                    the request was wrong: exit status 2, one line, nothing written
│   ├── ResponseDataError           scores, probabilities, models or items break the data format
│   ├── StoreError                  a stored benchmark is damaged, of an unknown schema, or not there
│   ├── AnchorSetError              an anchor set is damaged, or belongs to another benchmark
│   ├── BudgetError                 k is not a possible number of anchors
│   ├── UnknownMethodError          no selector, estimator or policy of that name
│   ├── MethodOptionError           a method has no such option, or not with that value
│   ├── NotApplicableError          a method's need (probabilities, subjects ...) is not met by the data
│   ├── TooFewModelsError           fewer models than the request needs
│   ├── ConfigurationError          a configuration asks for something that is not allowed
│   └── MissingExtraError           an optional dependency is not installed; names the line that installs it
└── WorkError                       the request was right and the work failed: exit status 1
    ├── UnwritableError             a file cannot be written: the disk is full, the folder is read-only ...
    ├── MethodError                 a method (often a plug-in) broke its contract
    └── ScoringError                scoring a model failed, or its answers are not those of the anchors
```

Every message is one line that names the file, row, item, model or option at fault. Names come from files of strangers:
line breaks and characters that would move a terminal's cursor or turn its direction are shown as blanks.
"""

from __future__ import annotations

import re

_UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


class AnchorEvalError(Exception):
    """Root of every error that anchoreval raises on purpose."""

    exit_status = 1

    def __str__(self) -> str:
        return _UNSHOWN.sub(" ", super().__str__())


class RequestError(AnchorEvalError):
    """The request was wrong; nothing was written, unless it says that an import keeps what it has read."""

    exit_status = 2


class ResponseDataError(RequestError, ValueError):
    """Scores, probabilities, models or items break the data format."""


class StoreError(RequestError):
    """A stored benchmark is damaged, of an unknown schema, or not there."""


class AnchorSetError(RequestError):
    """An anchor set is damaged, or belongs to another benchmark."""


class BudgetError(RequestError, ValueError):
    """The budget k is not a possible number of anchors."""


class UnknownMethodError(RequestError, LookupError):
    """No selector, estimator or policy is registered under that name."""


class MethodOptionError(RequestError, TypeError):
    """A method has no such option, or does not take that value."""


class NotApplicableError(RequestError):
    """The data lack something that a method needs."""


class TooFewModelsError(RequestError, ValueError):
    """There are fewer models than the request needs."""


class ConfigurationError(RequestError):
    """A configuration asks for something that is not allowed."""


class MissingExtraError(RequestError, ImportError):
    """An optional dependency is not installed."""


class WorkError(AnchorEvalError):
    """The request was right and the work failed."""


class UnwritableError(WorkError, OSError):
    """A file or folder cannot be written; what was there before is still there.

    Made like any OSError: of an error number, the system's words for it, and the path.
    """

    def __str__(self) -> str:
        return _UNSHOWN.sub(" ", f"{self.filename}: cannot be written: {self.strerror}")


class MethodError(WorkError):
    """A method broke its contract (see `anchoreval.methods`)."""


class ScoringError(WorkError):
    """Scoring a model failed, or its answers are not those of the anchors."""
