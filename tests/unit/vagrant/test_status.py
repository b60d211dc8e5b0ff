"""`vagrant status --machine-readable` with all that comes between its lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vagrant.status import error, states, why_not

# As Vagrant 2.3.4 with vagrant-libvirt 0.11.2 printed it.
REAL = """\
1796042721,gpu1,metadata,provider,libvirt
1796042723,gpu1,provider-name,libvirt
1796042723,gpu1,state,running
1796042723,gpu1,state-human-short,running
1796042723,gpu1,state-human-long,The Libvirt domain is running. To stop%!(VAGRANT_COMMA) ...
1796042723,gpu2,provider-name,libvirt
1796042723,gpu2,state,shutoff
1796042723,gpu3,state,not_created
1796042723,,ui,info,Current machine states:\\n\\ngpu1                      running (libvirt)
"""
STATES = {"gpu1": "running", "gpu2": "shutoff", "gpu3": "not_created"}


@pytest.mark.parametrize(
    "noise",
    [
        "==> vagrant: A new version of Vagrant is available: 2.4.9!",
        "[fog][WARNING] Unrecognized arguments: libvirt_ip_command",
        "",
        ",,,",
        "a,b",
        "1796042723,gpu1,state",
        "1796042723,,state,running",
        "warning,gpu1,state,poweroff",
        "1796042723,gpu1,state,two words",
    ],
)
def test_line_of_noise_changes_nothing_wherever_it_is(noise: str) -> None:
    lines = REAL.splitlines()
    for place in range(len(lines) + 1):
        assert states([*lines[:place], noise, *lines[place:]]) == STATES


def test_name_with_a_blank_and_line_ends_of_a_terminal() -> None:
    assert states(["1,gpu one,state,running\r\n"]) == {"gpu one": "running"}


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("not_created", "gpu2 was never brought up: vagrant up gpu2"),
        ("shutoff", "gpu2 is off: vagrant up gpu2"),
        ("poweroff", "gpu2 is off: vagrant up gpu2"),
        ("saved", 'gpu2 is in the state "saved": vagrant resume gpu2'),
        ("aborted", 'gpu2 is in the state "aborted": vagrant up gpu2'),
    ],
)
def test_machine_that_does_not_run_is_told_with_a_command(state: str, said: str) -> None:
    assert why_not("gpu2", state) == said


def test_reason_of_a_failure_in_one_line() -> None:
    line = (
        "1796042723,,error-exit,Vagrant::Errors::NoEnvironmentError,A Vagrant environment is "
        "required.\\nRun `vagrant init`%!(VAGRANT_COMMA) or change the folder."
    )
    assert error(["noise", line]) == (
        "A Vagrant environment is required. Run `vagrant init`, or change the folder."
    )
    assert error(REAL.splitlines()) == ""


@given(st.lists(st.text(max_size=60), max_size=20))
def test_no_output_makes_it_fail(lines: list[str]) -> None:
    assert isinstance(states(lines), dict)
    assert isinstance(error(lines), str)
