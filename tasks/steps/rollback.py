"""Going back by steps, and the answer where a host keeps nothing that old. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stacks.model.messages import Conflict


def earlier(kept: Sequence[str], steps: int) -> str | None:
    """The one so many steps before the newest; None where the host keeps none so old.

    Args:
        kept: What the host still has, oldest first.
        steps: Host data ``rollback``; 0 for the newest.
    """
    return kept[-1 - steps] if steps < len(kept) else None


def none_so_old(
    what: str, steps: int, kept: Iterable[str], source: str, where: str = "on this host"
) -> Conflict:
    """ROLLBACK-NONE.

    Args:
        what: What is rolled back: ``environment``, ``image``.
        steps: Host data ``rollback``.
        kept: What a smaller number could lead to.
        source: The page that tells of it.
        where: Whose it is.
    """
    return Conflict(
        "ROLLBACK-NONE",
        f"there is no {what} {steps} back {where}",
        f"kept: {', '.join(kept) or 'none'}",
        ("choose a smaller number, or run without rollback",),
        source,
    )
