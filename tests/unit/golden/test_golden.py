"""The same questions get the answers that were written down.

After a change that is meant to change answers, `python -m tests.unit.golden.write` writes them
anew; the difference belongs into the same commit.
"""

from __future__ import annotations

import re

from tests.unit.golden import plan_lines, write

SHOWN = 5


def by_case(texts: dict[str, str]) -> dict[str, str]:
    """File and case in words to its answer."""
    rows = ((name, line) for name in sorted(texts) for line in texts[name].splitlines())
    return {f"{name}: {row[0]}": row[1] for name, line in rows if (row := line.split(": ", 1))}


def by_digest(text: str) -> dict[str, str]:
    """Digest, with its ``#``, to what stands behind it."""
    return dict(line.split(" ", 1) for line in text.splitlines())


def difference(was: str, now: str, parts_were: dict[str, str], parts: dict[str, str]) -> str:
    """What of one answer is another one, in words."""
    old, new = re.findall(r"#\w{8}", was), re.findall(r"#\w{8}", now)
    lines = [f"  was: {was}", f"  now: {now}"]
    lines += [f"  was {i}: {parts_were[i]}" for i in old if i not in new and i in parts_were]
    lines += [f"  now {i}: {parts[i]}" for i in new if i not in old and i in parts]
    return "\n".join(lines)


def test_at_least_a_thousand_plans_are_compared() -> None:
    kept = [text for name, text in write.read("plans").items() if name != "parts.txt"]
    assert sum("plan " in line for text in kept for line in text.splitlines()) > 1000


def test_no_two_cases_have_one_name() -> None:
    for text in write.read("plans").values():
        lines = text.splitlines()
        assert len({line.split(": ", 1)[0] for line in lines}) == len(lines)


def test_plans_and_conflicts_are_as_before() -> None:
    kept, made = write.read("plans"), plan_lines.texts()
    parts_were, parts = by_digest(kept.pop("parts.txt")), by_digest(made.pop("parts.txt"))
    assert sorted(kept) == sorted(made)
    was, now = by_case(kept), by_case(made)
    assert list(was) == list(now)
    changed = [case for case in was if was[case] != now[case]]
    told = [f"{case}\n{difference(was[case], now[case], parts_were, parts)}" for case in changed]
    assert not changed, f"{len(changed)} of {len(was)} differ:\n" + "\n".join(told[:SHOWN])
    assert parts_were == parts
