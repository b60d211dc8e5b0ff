"""Mirrors that behave badly in every way: asked by the real script, judged by what came."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from facts.mirrors import mirrors_command
from facts.parse.mirrors import MirrorReading, readings
from tasks.hostdata.mirrors import Candidate
from tasks.mirrors.judge import Grade, Judged, day_of, judged, site_of
from tasks.mirrors.questions import Form, Question
from tests.unit import a_mirror
from tests.unit.a_mirror import BODY, BROWSER, HTML, WHEEL, AMirror, index, page, several

PATTERN = r"torch-2\.9\.1-cp311-cp311-manylinux_2_28_x86_64\.whl"


def read(
    questions: Sequence[Question], script: str = "", **limits: Any
) -> tuple[MirrorReading, ...]:
    """What the real script, with the real curl, says of them."""
    command = script or mirrors_command(**limits)
    done = subprocess.run(
        ["sh", "-c", command],
        input="".join(question.line for question in questions),
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "no_proxy": "*"},
        check=True,
    )
    assert "hunter2" not in command + done.stdout + done.stderr
    return readings(done.stdout.splitlines(), len(questions))


def named(mirror: AMirror, kind: str = "pypi") -> Candidate:
    return Candidate(kind, f"{mirror.address}/simple", mirror.address.removeprefix("http://"))


def question(mirror: AMirror) -> Question:
    """For the wheel of an index."""
    at = f"{mirror.address}/simple/torch/"
    return Question(named(mirror), "page", index=at, pattern=PATTERN, wanted=WHEEL)


def of_kind(
    mirrors: Sequence[AMirror], upstream: Sequence[str] = (), **limits: Any
) -> tuple[Judged, ...]:
    asked = [question(mirror) for mirror in mirrors]
    pairs = [(q.candidate, q) for q in asked]
    return judged(pairs, read(asked, **limits), upstream)


def one(mirror: AMirror, **limits: Any) -> Judged:
    with several(mirror) as served:
        return of_kind(served, **limits)[0]


def test_mirror_that_gives_the_file_is_good_and_has_figures() -> None:
    found = one(AMirror(index()))
    assert (found.grade, found.why, found.size) == (Grade.GOOD, "", len(BODY))
    assert found.rate and found.first_s is not None
    assert "MB/s, first byte after 0." in found.figures and f"1.2 MB of {WHEEL}" in found.figures


@pytest.mark.parametrize(
    ("mirror", "said"),
    [
        (AMirror(index(), status={"/": 403}), "its index: answered 403"),
        (AMirror(index(), status={"/": 503}), "its index: answered 503"),
        (AMirror(index(), status={"/files/": 403}), f"{WHEEL}: answered 403"),
        (AMirror(index() | {f"/files/{WHEEL}": HTML}), "gives an HTML page in place of"),
        (AMirror(index() | {f"/files/{WHEEL}": BROWSER}), "asks for a person's browser in place"),
        (AMirror(index() | {"/simple/torch/": BROWSER}), "asks for a person's browser in place"),
        (
            AMirror(index() | {"/simple/torch/": HTML}),
            f"its page lacks {WHEEL}: its index is older",
        ),
        (AMirror(index() | {"/simple/torch/": b""}), "its index: gave nothing"),
        (AMirror({}), "its index: answered 404"),
        (AMirror(index(), resets_after=1000), "after 1 kB"),
        (AMirror(index() | {f"/files/{WHEEL}": b""}), f"{WHEEL}: gave nothing"),
        (
            AMirror(index() | {"/simple/torch/": page("../../files/torch-2.8.0-cp311.whl")}),
            "its page lacks",
        ),
        (AMirror(index() | {"/simple/torch/": page(f'x\\"y/{WHEEL}')}), "its page lacks"),
    ],
)
def test_mirror_that_gives_something_else_is_refused_in_its_own_words(
    mirror: AMirror, said: str
) -> None:
    found = one(mirror)
    assert found.grade is Grade.REFUSED
    assert said in found.why


def test_mirror_that_nobody_answers_for_is_refused() -> None:
    gone = AMirror({}, address="http://127.0.0.1:9")
    (found,) = of_kind([gone])
    assert (found.grade, found.why) == (Grade.REFUSED, "its index: nothing answers there")


def test_stall_ends_in_time_and_counts_as_slow() -> None:
    found = one(AMirror(index(), stalls_after=100_000), seconds=2)
    assert found.grade is Grade.GOOD or found.grade is Grade.POOR
    assert found.size == 100_000
    found = one(AMirror(index(), stalls_after=12_000), seconds=2)
    assert (found.grade, found.why) == (Grade.POOR, "moves 6 kB/s only")
    found = one(AMirror(index(), stalls_after=0), seconds=2)
    assert (found.grade, found.why) == (Grade.REFUSED, f"{WHEEL}: stood still or took too long")


def test_reset_in_the_middle_is_told_with_its_bytes() -> None:
    found = one(AMirror(index(), resets_after=300_000))
    assert found.grade is Grade.POOR
    assert "reset the connection after 300 kB" in found.why or "cut" in found.why


def test_mirror_that_sends_everybody_on_is_none() -> None:
    with (
        several(AMirror(index())) as (upstream,),
        a_mirror.served(AMirror({}, sends_to=upstream.address), "127.0.0.9") as empty,
    ):
        found = of_kind([empty, upstream], upstream=("127.0.0.1",))
    assert found[0].grade is Grade.REFUSED
    assert found[0].why == "sends everybody on to 127.0.0.1: it has no file itself"
    assert found[1].grade is Grade.GOOD, "and spares nobody who comes after it"


def test_files_of_another_site_come_last_unless_they_are_known_to_lie_there() -> None:
    with (
        several(AMirror(index())) as (other,),
        a_mirror.served(
            AMirror({"/simple/torch/": page(f"{other.address}/files/{WHEEL}")}), "127.0.0.9"
        ) as mirror,
    ):
        asked = question(mirror)
        pairs, seen = [(asked.candidate, asked)], read([asked])
    (found,) = judged(pairs, seen)
    assert (found.grade, found.why) == (Grade.POOR, "its files come from 127.0.0.1")
    (found,) = judged(pairs, seen, own_files={asked.candidate.address: ("127.0.0.1",)})
    assert found.grade is Grade.GOOD


def test_metadata_that_is_promised_and_not_there_comes_last() -> None:
    promised = page(more=' data-dist-info-metadata="sha256=00" data-core-metadata="sha256=00"')
    found = one(AMirror(index() | {"/simple/torch/": promised}))
    assert (found.grade, found.why) == (
        Grade.POOR,
        f"promises {WHEEL}.metadata, which it answered 404",
    )
    there = {"/simple/torch/": promised, f"/files/{WHEEL}.metadata": b"Metadata-Version: 2.1\n"}
    assert one(AMirror(index() | there)).grade is Grade.GOOD
    nothing = page(more=' data-dist-info-metadata="false"')
    assert one(AMirror(index() | {"/simple/torch/": nothing})).grade is Grade.GOOD


@pytest.mark.parametrize(
    "link",
    [
        f"/files/{WHEEL}#sha256=00",
        f"../../files/{WHEEL}",
        f"https://x/../files/{WHEEL}".replace("https://x/..", ""),
        f"../../files/{WHEEL}?a=1&amp;b=2",
    ],
)
def test_link_is_followed_however_it_is_written(link: str) -> None:
    query = "?a=1&b=2" if "?" in link else ""
    files = {"/simple/torch/": page(link), f"/files/{WHEEL}{query}": BODY}
    assert one(AMirror(files)).grade is Grade.GOOD


def test_flat_listing_with_an_escaped_plus() -> None:
    name = "torch-2.9.1%2Bcu126-cp311-cp311-manylinux_2_28_x86_64.whl"
    mirror = AMirror({"/whl/cu126/": page(name), f"/whl/cu126/{name}": BODY})
    with several(mirror):
        asked = Question(
            Candidate("pytorch", f"flat+{mirror.address}/whl", "m"),
            "page",
            index=f"{mirror.address}/whl/cu126/",
            pattern=r"torch-2\.9\.1(\+|%2[Bb])cu126-cp311-cp311-manylinux_2_28_x86_64\.whl",
        )
        (found,) = judged([(asked.candidate, asked)], read([asked]))
    assert found.grade is Grade.GOOD


def test_later_mirrors_of_a_kind_are_spared_once_one_is_quick_enough() -> None:
    with several(AMirror(index()), AMirror(index())) as mirrors:
        found = of_kind(mirrors, enough=1)
    assert [one.grade for one in found] == [Grade.GOOD, Grade.UNMEASURED]
    assert found[1].why == "not measured: one before it is quick enough"
    assert mirrors[1].asked == ["/simple/torch/"]


def test_only_one_without_doubt_spares_the_others() -> None:
    doubtful = AMirror(index() | {f"/files/{WHEEL}": HTML})
    with several(doubtful, AMirror(index())) as mirrors:
        found = of_kind(mirrors, enough=1)
    assert [one.grade for one in found] == [Grade.REFUSED, Grade.GOOD]


def test_time_is_limited_for_all_of_them_together() -> None:
    with several(AMirror(index()), AMirror(index())) as mirrors:
        found = of_kind(mirrors, limit=0)
    assert {one.why for one in found} == {"not measured: no time was left"}


def test_login_is_used_and_told_nowhere() -> None:
    mirror = AMirror(index(), login="Basic YW5hOmh1bnRlcjI=")
    with several(mirror):
        whole = mirror.address.replace("http://", "http://ana:hunter2@")
        asked = Question(
            Candidate("pypi", f"{whole}/simple", "m"),
            "page",
            index=f"{whole}/simple/torch/",
            pattern=PATTERN,
        )
        (found,) = judged([(asked.candidate, asked)], read([asked]))
    assert found.grade is Grade.GOOD


RELEASE = "Label: NVIDIA CUDA\nDate: {day}\nSHA256:\n 00 1 Packages\n"
PACKAGES = "Package: driver\nFilename: ./driver.deb\nSize: 20000000\n\n"


def repository(day: str, packages: str = PACKAGES) -> AMirror:
    files = {
        "/r/InRelease": RELEASE.format(day=day).encode(),
        "/r/Packages": packages.encode(),
        "/r/driver.deb": BODY,
    }
    return AMirror(files)


def asked_of(mirror: AMirror, form: Form = "apt") -> Question:
    at = f"{mirror.address}/r/"
    named = Candidate("nvidia", at, at)
    return Question(named, form, index=at, file=at, root=at, wanted="its packages")


def test_older_index_comes_last_and_the_package_itself_is_measured() -> None:
    old = repository("Mon, 02 Nov 2026 10:00:00 UTC")
    new = repository("Mon, 30 Nov 2026 10:00:00 UTC")
    with several(old, new) as mirrors:
        asked = [asked_of(mirror) for mirror in mirrors]
        found = judged([(q.candidate, q) for q in asked], read(asked, enough=10**10))
    assert found[0].grade is Grade.POOR
    assert "its index is 28 days older than that of http://127.0.0.2" in found[0].why
    assert (found[1].grade, found[1].measured) == (Grade.GOOD, "driver.deb")


def test_repository_whose_package_is_gone_is_refused() -> None:
    mirror = repository("Mon, 30 Nov 2026 10:00:00 UTC")
    del mirror.files["/r/driver.deb"]
    with several(mirror):
        asked = asked_of(mirror)
        (found,) = judged([(asked.candidate, asked)], read([asked]))
    assert (found.grade, found.why) == (Grade.REFUSED, "driver.deb: answered 404")


def test_rpm_repository_is_measured_by_a_package_and_dated_by_its_timestamp() -> None:
    repomd = (
        '<repomd><data type="primary"><location href="repodata/p.xml"/>'
        "<timestamp>1790000000</timestamp></data></repomd>"
    )
    primary = (
        '<package type="rpm"><size package="9000000" installed="1"/>\n'
        '<location href="driver.rpm"/></package>'
    )
    mirror = AMirror(
        {
            "/r/repodata/repomd.xml": repomd.encode(),
            "/r/repodata/p.xml": primary.encode(),
            "/r/driver.rpm": BODY,
        }
    )
    with several(mirror):
        asked = asked_of(mirror, "dnf")
        seen = read([asked])
        (found,) = judged([(asked.candidate, asked)], seen)
    assert (found.grade, found.measured, seen[0].date) == (Grade.GOOD, "driver.rpm", "1790000000")


def test_host_without_curl_measures_with_apts_own_program() -> None:
    if not Path("/usr/lib/apt/apt-helper").exists():
        pytest.skip("this machine has no apt")
    with several(AMirror(index()), AMirror(index(), status={"/simple": 403})) as mirrors:
        asked = [question(mirror) for mirror in mirrors]
        seen = read(asked, script=mirrors_command().replace("have curl", "have no-curl"))
        found = judged([(q.candidate, q) for q in asked], seen)
    assert seen[0].bytes is not None and seen[0].bytes.first_s is None, "it was not curl"
    assert (found[0].grade, found[0].size) == (Grade.GOOD, len(BODY))
    assert (found[1].grade, found[1].why) == (Grade.REFUSED, "its index: answered 403")


def test_host_with_neither_measures_nothing_and_says_so() -> None:
    with several(AMirror(index())) as mirrors:
        asked = [question(mirror) for mirror in mirrors]
        script = mirrors_command().replace("have curl", "have no-curl")
        seen = read(asked, script=script.replace("/usr/lib/apt/apt-helper", "/no"))
        (found,) = judged([(q.candidate, q) for q in asked], seen)
    assert (found.grade, found.why) == (Grade.UNMEASURED, "curl is not on this host yet")


@pytest.mark.parametrize("text", ["", "no day", "1" * 40, "Mon, 99 Foo 2026", "²"])
def test_day_that_is_none_is_none(text: str) -> None:
    assert day_of(text) is None


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("http://M.example.org:8080/x", "m.example.org"),
        ("https://u:p@m.example.org/x", "m.example.org"),
        ("http://[2001:DB8::1]:8080/x", "2001:db8::1"),
        ("http://[", ""),
        ("", ""),
        ("nonsense", ""),
    ],
)
def test_site_of_an_address(address: str, site: str) -> None:
    assert site_of(address) == site
