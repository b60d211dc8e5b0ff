"""The probe's answer is read whole or not at all."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.parse import ProbeError, parse_host
from tests.unit.facts.golden_hosts import HOSTS, lines, state
from tests.unit.facts.probe_text import LEAST, NONCE, host, probe_lines


@pytest.mark.parametrize("name", HOSTS)
def test_answer_cut_off_at_any_line_is_an_error(name: str) -> None:
    whole = lines(name)
    for end in range(0, len(whole), 7):
        with pytest.raises(ProbeError):
            parse_host(whole[:end])


def test_last_line_missing_is_an_error_that_names_the_last_section() -> None:
    with pytest.raises(ProbeError, match="cut off in pip"):
        parse_host(probe_lines()[:-1])


def test_section_missing_in_the_middle_is_an_error() -> None:
    text = [line for line in probe_lines() if line != f"##{NONCE} locks"]
    with pytest.raises(ProbeError, match="no section 'locks'"):
        parse_host(text)


def test_login_banner_before_the_answer_is_skipped() -> None:
    assert parse_host(["Welcome!", "", *probe_lines()]).system.os == "debian-12"


def test_file_that_contains_marks_of_another_run_changes_nothing() -> None:
    forged = '@/var/lib/gpuwright/state.json\n"##other end"'
    assert "holds no JSON object" in host(record=forged).unread["record"]


def test_answer_of_another_program_is_refused_with_a_hint() -> None:
    with pytest.raises(ProbeError, match="login shell"):
        parse_host(["This account is currently not available."])


def test_reason_of_a_field_that_could_not_be_read_is_kept() -> None:
    assert host(secure_boot="!secure_boot sealed").unread["secure_boot"] == "sealed"


@pytest.mark.parametrize("name", HOSTS)
def test_every_host_can_be_printed_as_json(name: str) -> None:
    assert json.loads(json.dumps(state(name).to_json()))["system"]["arch"] == "x86_64"


words = st.text(st.characters(min_codepoint=9, max_codepoint=126, exclude_characters="\r\x0b\x0c"))
rows = st.lists(
    st.one_of(
        words,
        st.sampled_from([line for name in HOSTS for line in lines(name)[1:400:3]]).filter(
            lambda line: not line.startswith("##")
        ),
        st.sampled_from(["@loaded", "@tree", "@dpkg", "@policy", "@/etc/os-release", "@proc"]),
        st.sampled_from(["@/boot/grub/grub.cfg", "@toolkit /x", "@nvcc /x", "@venv /x", "@stat"]),
        st.sampled_from(["submenu 'a' {", "menuentry a {", "}", 'set default="1>0>x"', "a|b|c|d"]),
        st.sampled_from(["@paths", "@blocks", "@lspci", "@rpm", "@/run/cloud-init/result.json"]),
    ),
    max_size=30,
).map("\n".join)


@given(st.dictionaries(st.sampled_from(sorted(LEAST)), rows, max_size=6))
def test_any_text_in_any_section_gives_a_state_or_the_probes_own_error(
    sections: dict[str, str],
) -> None:
    with contextlib.suppress(ProbeError):
        host(**sections).to_json()


@given(st.lists(words, max_size=20))
def test_any_answer_without_the_last_mark_is_refused(text: list[str]) -> None:
    with pytest.raises(ProbeError):
        parse_host([f"##gpuwright-probe 1 {NONCE}", *text])
