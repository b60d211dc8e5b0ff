"""The enrolment of the key that signed the modules: asked for here, confirmed at the console.

Nobody can enrol a key over ssh; that is what Secure Boot is for. mokutil leaves the request in an
EFI variable, with the hash of a password; at the next boot shim's MokManager asks whoever is at the
console for it.
"""

from __future__ import annotations

import shlex

from pyinfra.api.host import Host

from facts.model.host import HostState
from facts.model.signing import SigningKey
from stacks.model.plan import Plan
from tasks.driver import signing_state
from tasks.driver.state import unserved_kernels
from tasks.packages import manager as packages
from tasks.packages.transaction import Installation
from tasks.steps import ending, job, screen
from tasks.steps.step import Commands, executing, host_state, run, step, this_host

SECRET = "/run/gpuwright/enrolment"
"""The one-time password, for root alone and in memory: gone at the boot that asks for it."""
LETTERS = "bcdefghjknprstuvx"
"""Of the password: MokManager reads the US layout, and these keys are at the same place on
QWERTY, QWERTZ and AZERTY keyboards; none is easily taken for another."""
LENGTH = 10
_ASKED = "/sys/firmware/efi/efivars/MokNew-605dab50-e046-4300-abb6-3dd810dd8b23"


@step
def prepared(plan: Plan) -> Commands:
    """Ask for the enrolment of the key that signed the modules, once, and say what is to be done.

    The password is made on the host and told at the end of the run. It is in no command line, no
    log and no file that others may read (mokutil reads it as a person would type it).
    """
    state = host_state()
    if plan.driver is None:
        return
    key = signing_state.to_enrol(state)
    if key or (not executing() and _will_be_needed(state, plan)):
        path = key.path if key else "the key that DKMS makes"
        yield job.complete(job.Job("enrolment", f"enrolment of {path}", script(state, key)))
    if executing() and (asked := signing_state.waits(host_state())):
        host = this_host()
        password = _password(host)
        ending.at_end(lambda: _say(host.name, asked, password))


def _will_be_needed(state: HostState, plan: Plan) -> bool:
    assert plan.driver is not None
    return (
        state.shim
        and plan.driver.modules == "dkms"
        and bool(unserved_kernels(state, plan))
        and signing_state.will_be_taken(state) is False
        and not signing_state.waits(state)
    )


def script(state: HostState, key: SigningKey | None) -> str:
    """Shell that makes the password and the request."""
    manager = packages.manager_for(state)
    cert = shlex.quote(key.path if key else "/var/lib/dkms/mok.pub")
    return "\n".join(
        [
            "if ! command -v mokutil >/dev/null; then",
            manager.refresh_if_stale(),
            manager.install(Installation(["mokutil"])),
            "fi",
            "umask 077",
            "mkdir -p /run/gpuwright",
            f"word=$(tr -dc {LETTERS} </dev/urandom | head -c {LENGTH})",
            # printf is the shell's own: what it says is in no list of processes.
            f'printf \'%s\\n%s\\n\' "$word" "$word" | mokutil --import {cert}',
            f"[ -e {_ASKED} ] || {{ echo 'mokutil left no request in {_ASKED}'; exit 1; }}",
            f"printf '%s\\n' \"$word\" >{SECRET}.new && mv {SECRET}.new {SECRET}",
        ]
    )


def _password(host: Host) -> str:
    """The password of the request; empty where it was made by somebody else, or lost."""
    good, said = run(host, f"cat {SECRET} 2>/dev/null || :")
    word = said.strip()
    known = good and len(word) == LENGTH and not word.strip(LETTERS)
    return word if known else ""


def console_words(name: str, key: SigningKey, password: str) -> list[str]:
    """What the person at the console must do, each screen in its own words.

    Source: shim, MokManager.c; seen with the signed shim 16.1 of Debian 12 in OVMF.
    """
    typed = password or "the password that was given to mokutil"
    lost = (
        []
        if password
        else [f"     (not known any more: mokutil --revoke-import on {name}, and run this again)"]
    )
    return [
        "",
        f"{name}: a person must confirm the key {key.path} at the machine's console",
        "(screen and keyboard, or a BMC's console; ssh does not reach it), once:",
        "  1. reboot the machine and watch its console",
        '  2. "Press any key to perform MOK management": press a key within 10 seconds',
        '  3. "Perform MOK management": choose "Enroll MOK"',
        '  4. "[Enroll MOK]": choose "Continue"',
        '  5. "Enroll the key(s)?": choose "Yes"',
        f'  6. "Password:": type {typed} and press Enter; nothing is shown',
        *lost,
        '  7. "Perform MOK management": choose "Reboot"',
        "  8. run this deploy again: it loads the driver and proves it",
        "Whoever comes too late for 2 reboots nothing else: run this deploy again, it asks anew.",
    ]


def _say(name: str, key: SigningKey, password: str) -> bool:
    screen.say(console_words(name, key, password))
    return True
