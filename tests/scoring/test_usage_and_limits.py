"""Counting what scoring costs, and the limits on it."""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from typing import Any

import pytest

from anchoreval.errors import ConfigurationError, ScoringError
from anchoreval.scoring import limits as limits_module
from anchoreval.scoring.limits import Limits, Pace
from anchoreval.scoring.servers.failures import LONGEST_WAIT, Failure, server_message
from anchoreval.scoring.usage import Usage


def test_a_part_counts_in_the_whole_too() -> None:
    whole = Usage(asked=1)
    first, second = whole.part(), whole.part()
    first.count(asked=2, seconds=0.5)
    second.part().count(asked=3)
    assert (first.asked, second.asked, whole.asked, whole.seconds) == (2, 3, 6, 0.5)
    assert second.part().outermost is whole


def test_a_summary_is_one_line_and_the_counts_are_plain_data() -> None:
    usage = Usage(1, 2000, 12, 3, 2, 4500, 60, 1.25, total=Usage())
    assert usage.summary() == (
        "1 request asked, 2,000 recalled, 12 attempts (3 repeated, 2 refused by the rate limit),"
        " 4,500 prompt and 60 completion tokens, 1.2 s"
    )
    assert Usage(asked=3).summary() == "3 requests asked, 0 recalled, 0.0 s"
    assert json.loads(json.dumps(usage.to_dict()))["prompt_tokens"] == 4500
    assert "total" not in usage.to_dict()


@pytest.mark.parametrize(
    ("limits", "reached"),
    [
        (Limits(max_requests=12), "limit max_requests = 12 is reached"),
        (Limits(max_tokens=4560), "limit max_tokens = 4560 is reached"),
        (Limits(max_cost=0.01, prompt_price=2.0, completion_price=20.0), "limit max_cost = 0.01 is reached"),
    ],
)
def test_a_limit_that_is_reached_says_what_was_spent(limits: Limits, reached: str) -> None:
    usage = Usage(attempts=12, prompt_tokens=4500, completion_tokens=60)
    with pytest.raises(ScoringError, match=rf"^{reached} \(.*12 attempts.*4,500 prompt and 60 completion"):
        limits.check(usage)
    with pytest.raises(ScoringError, match=reached):
        limits.check(Usage(total=usage))
    limits.check(Usage(attempts=11, prompt_tokens=4400, completion_tokens=50))


def test_cost_is_tokens_times_prices_for_a_million() -> None:
    usage = Usage(prompt_tokens=3_000_000, completion_tokens=500_000)
    assert Limits(prompt_price=0.5, completion_price=4.0).cost(usage) == pytest.approx(1.5 + 2.0)
    assert Limits().cost(usage) == 0.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_requests": 0},
        {"max_requests": True},
        {"max_tokens": -1},
        {"max_tokens": "many"},
        {"requests_per_minute": float("nan")},
        {"prompt_price": -0.1},
        {"max_cost": 1.0},
    ],
)
def test_what_is_no_limit_is_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=f"limit {next(iter(wrong))} "):
        Limits(**wrong)


def test_turns_are_spread_evenly_and_can_be_put_off(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(limits_module.time, "monotonic", lambda: clock[0])
    pace = Pace(30)
    assert [pace.wait() for _ in range(3)] == [0.0, 2.0, 4.0]
    clock[0] = 200.0
    assert [pace.wait(), pace.wait()] == [0.0, 2.0], "turns that nobody took are not made up for"
    pace.put_off(60)
    assert pace.wait() == 60.0
    assert [Pace(None).wait() for _ in range(2)] == [0.0, 0.0]


def test_what_a_server_says_is_read_from_its_answer() -> None:
    assert server_message('{"error": {"message": "no\\nquota", "code": 1}}') == "no quota"
    assert server_message('{"error": "bad key"}') == "bad key"
    assert server_message('{"detail": [{"loc": "x"}]}') == '[{"loc": "x"}]'
    assert server_message("<html>\nBad gateway</html>") == "<html> Bad gateway</html>"
    assert len(server_message("[" * 100_000)) < 250


def test_a_refusal_says_whether_and_when_to_come_back() -> None:
    def refused(status: int, after: str | None = None) -> Failure:
        return Failure.of_status(status, {} if after is None else {"Retry-After": after}, '{"error": "why"}')

    assert refused(429).reason == "the server answered 429 Too Many Requests: why"
    assert refused(599).reason == "the server answered 599: why"
    assert [refused(status).passing for status in (400, 401, 404, 422, 429, 500, 503)] == [False] * 4 + [True] * 3
    assert [refused(500).wait(n) for n in range(6)] == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0]
    assert refused(429, "7.5").wait(0) == 7.5
    assert refused(503, "-3").wait(0) == 0.0
    assert refused(503, "86400").wait(0) == LONGEST_WAIT
    for odd in ("soon", "nan", ""):
        assert refused(503, odd).retry_after is None
    assert refused(503, formatdate(time.time() + 60, usegmt=True)).wait(0) == pytest.approx(60, abs=2)
