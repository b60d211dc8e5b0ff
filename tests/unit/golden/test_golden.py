"""The same questions get the answers that were written down.

After a change that is meant to change answers, `python -m tests.unit.golden.write` writes them
again; the difference belongs into the same commit.
"""

from __future__ import annotations

import difflib
import re

from tests.unit.golden import plan_lines, write

SHOWN, LINES = 5, 60
"""How many answers, and lines of a difference, are told."""


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


def without_words(answer: str) -> str:
    """An answer without the digests of sentences, so that only their codes are left."""
    return re.sub(r"^\w{16}: |(?<=reasons) #\w{8}|(?<=[A-Z0-9]) #\w{8}", "", answer)


def test_digests_of_sentences_are_told_from_those_of_parts() -> None:
    answer = (
        "0123456789abcdef: plan 01; driver 5.1 debian #00000000; D-9 #11111111; reasons #2222aaaa"
    )
    assert without_words(answer) == "plan 01; driver 5.1 debian #00000000; D-9; reasons"


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
    plans = [case for case in changed if without_words(was[case]) != without_words(now[case])]
    told = [
        f"{case}\n{difference(was[case], now[case], parts_were, parts)}"
        for case in (plans or changed)[:SHOWN]
    ]
    assert not changed, (
        f"{len(changed)} of {len(was)} differ, {len(plans)} of them in more than words:\n"
        + "\n".join(told)
    )
    assert parts_were == parts


def test_files_on_hosts_images_and_reports_are_as_before() -> None:
    kept, made = write.read("files"), write.files()
    assert sorted(kept) == sorted(made)
    changed = [name for name in kept if kept[name] != made[name]]
    told = [
        line
        for name in changed
        for line in difflib.unified_diff(
            kept[name].splitlines(),
            made[name].splitlines(),
            f"was/{name}",
            f"now/{name}",
            "",
            "",
            1,
            "",
        )
    ]
    assert not changed, f"{len(changed)} of {len(kept)} differ:\n" + "\n".join(told[:LINES])
