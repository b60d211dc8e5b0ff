"""Going back by steps: to what, and what is said where nothing so old is kept."""

from __future__ import annotations

import pytest

from tasks.steps.rollback import earlier, none_so_old


@pytest.mark.parametrize(("steps", "found"), [(0, "c"), (1, "b"), (2, "a"), (3, None)])
def test_steps_are_counted_from_the_newest(steps: int, found: str | None) -> None:
    assert earlier(["a", "b", "c"], steps) == found


def test_host_that_keeps_nothing_leads_nowhere() -> None:
    assert earlier([], 0) is None


def test_what_is_kept_is_named_and_where() -> None:
    conflict = none_so_old("image", 2, ["a", "b"], "docs/image.md", "for alice")
    assert (conflict.code, conflict.why) == ("ROLLBACK-NONE", "kept: a, b")
    assert conflict.what == "there is no image 2 back for alice"
    assert none_so_old("image", 2, [], "docs/image.md").why == "kept: none"
