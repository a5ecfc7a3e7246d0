"""A refresh that finds the disk full says so in a line, and what the board showed before still stands."""

from __future__ import annotations

from ..disk import files_of, no_room
from .places import Place, counting


def shown(place: Place) -> dict[str, bytes]:
    """What readers see, and the answers; the memory of requests may well have grown."""
    found = files_of(place.folder / "board")
    return {name: data for name, data in found.items() if not name.startswith(("requests", "locks"))}


def test_the_board_stays_and_the_next_refresh_goes_on(place: Place) -> None:
    place.list_models(*map(counting, ("one", "two")))
    place.refresh()
    before = shown(place)
    place.list_models(*map(counting, ("one", "two", "three")))
    with no_room(3_000):
        said = place.refresh(status=2)
    assert said.count("\n") == 1
    assert str(place.folder / "board") in said
    assert shown(place) == before
    assert "1 scored, 2 kept, 0 failed" in place.refresh()
    assert sorted(place.table().index) == ["one", "three", "two"]


def test_files_that_cannot_be_written_leave_the_last_ones(place: Place) -> None:
    place.list_models(*map(counting, ("one", "two")))
    place.refresh()
    answered, before = len(place.asked), shown(place)
    for name in ("leaderboard.json", "leaderboard.md"):
        (place.folder / "board" / name).unlink()  # so that there is something to write again
    largest = max(len(data) for name, data in before.items() if name.startswith("leaderboard"))
    with no_room(largest // 2):
        said = place.refresh(status=2)
    assert "leaderboard.html: cannot be written: File too large" in said
    place.refresh()
    assert {name for name in shown(place) if name.startswith("leaderboard")} >= {"leaderboard.json", "leaderboard.md"}
    assert len(place.asked) == answered
