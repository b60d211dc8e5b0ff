"""Root by a sudo that asks for something: a password, a terminal."""

from __future__ import annotations

from getpass import getpass
from weakref import WeakSet

from pyinfra.api import StringCommand
from pyinfra.api.host import Host

from stacks.model.messages import Conflict
from stacks.model.plain import one_line, plain
from tasks.steps import login
from tasks.steps.framing import with_terminal
from tasks.steps.silence import ASKS_PASSWORD, ASKS_TERMINAL

_ONCE = "LC_ALL=C sudo -k -S -p '' true"
"""One try: what follows a wrong password would count as the next one."""

_met: WeakSet[Host] = WeakSet()


def meet(host: Host) -> None:
    """Let the first look at a host go as its login, whatever pyinfra was told of sudo.

    With ``--sudo`` it would fail without a word of ours where sudo asks for something.
    """
    if host not in _met:
        _met.add(host)
        if host.data.get("_sudo") or host.state.config.SUDO:
            host.data._sudo = False


def risen(host: Host, said: str) -> bool:
    """Whether root is to be had with what sudo asks for; from here on it is asked so.

    A password is host data ``_sudo_password``, or what pyinfra was given with
    ``--same-sudo-password``, or is asked for with ``--use-sudo-password``. sudo alone gets it, by
    its input.

    Args:
        host: The host; its login is not root.
        said: What ``sudo -n true`` said there.

    Raises:
        tasks.steps.login.Unusable: The password is not the right one.
    """
    connector = host.connector
    if not isinstance(connector, login.Login | login.Local):
        return False
    sudo = connector.sudo
    if ASKS_TERMINAL.search(said) and not sudo.terminal:
        sudo.terminal = True
        good, said = _asked(host, "LC_ALL=C sudo -n true")
        if good:
            host.data._sudo = True
            return True
    if not ASKS_PASSWORD.search(said):
        return False
    password = _password(host)
    if not password:
        return False
    good, said = _asked(host, _ONCE, password)
    if not good:
        raise login.Unusable(_wrong(said))
    sudo.password, host.data._sudo = password, True
    return True


def _asked(host: Host, command: str, stdin: str | None = None) -> tuple[bool, str]:
    connector = host.connector
    if isinstance(connector, login.Login | login.Local) and connector.sudo.terminal:
        command = with_terminal(command)
    good, output = host.run_shell_command(StringCommand(command), _stdin=stdin, _timeout=60)
    return good, plain(output.output)


def _password(host: Host) -> str | None:
    config = host.state.config
    given = host.data.get("_sudo_password") or config.SUDO_PASSWORD
    if given:
        return str(given)
    # pyinfra 3.10 reads this option and does nothing with it.
    if not getattr(config, "USE_SUDO_PASSWORD", False):
        return None
    try:
        return getpass(f"{host.print_prefix}sudo password: ")
    except (EOFError, OSError):  # nobody is there to be asked
        return None


def _wrong(said: str) -> Conflict:
    return Conflict(
        "SUDO-PASSWORD",
        "sudo does not take the password that was given",
        f'sudo says: "{one_line(said.strip()) or "nothing"}"',
        (
            "give the right one: pyinfra --use-sudo-password … asks for each host's, "
            "--same-sudo-password for one that all share",
            "connect as root: set ssh_user in the inventory",
        ),
        "sudo(8), --stdin",
    )
