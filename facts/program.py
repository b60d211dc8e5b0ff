"""Send a Python program to the host, run it there under a time limit, and read its answer.

The program (``facts/onhost/``) travels as a here-document and prints one JSON object. All that
can happen to it has a name: no interpreter, a crash, a time-out; only an answer that is cut off
is an error.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from facts.parse import jsontext
from facts.parse.sections import cut_off, integer
from facts.script import LIMITED

_FOLDER = Path(__file__).with_name("onhost")
_JSON, _WHY, _EXIT, _NOTE = (f"##gpuwright-{w} " for w in ("json", "why", "exit", "note"))
_END = "GPUWRIGHT_PROGRAM_ENDS"
# Bytes that are not printable ASCII would break the reader of lines on our side.
_CLEAN = f"LC_ALL=C tr '\\000-\\010\\013-\\037\\177-\\377' '?' | {LIMITED}"


class AnswerError(ValueError):
    """The answer is cut off: the connection was lost or the shell killed."""


def _bounded(seconds: int, command: str) -> str:
    return f"if command -v timeout >/dev/null; then set -- timeout -k 5 {seconds}; fi; {command}"


def run_program(
    name: str, pythons: Sequence[str], seconds: int, env_file: str | None = None
) -> str:
    """Shell text that runs ``onhost/NAME.py`` with the first interpreter that is there.

    ``pythons`` are paths, patterns of paths, or plain names to look for in PATH. ``env_file`` is
    sourced before, as a user would.
    """
    body = (_FOLDER / f"{name}.py").read_text(encoding="utf-8")
    source = ""
    if env_file is not None:
        quoted = shlex.quote(env_file)
        source = (
            f"if [ ! -r {quoted} ]; then echo {shlex.quote(_WHY)}no environment file {quoted};"
            f" echo '{_EXIT}0'; exit 0; fi; . {quoted}; "
        )
    # Patterns stay unquoted for the shell to expand; everything else in a path is quoted.
    looked = " ".join("*".join(map(shlex.quote, p.split("*"))) for p in pythons)
    return (
        f"({source}gw_py=; for p in {looked}; do"
        ' p=$(command -v "$p" 2>/dev/null) && [ -x "$p" ] && { gw_py=$p; break; }; done\n'
        f'if [ -z "$gw_py" ]; then echo "{_WHY}no Python is there: looked for {looked}"\n'
        f'else echo "{_NOTE}$gw_py"; set --\n'
        + _bounded(seconds, f'"$@" "$gw_py" -I - 2>&1 <<\'{_END}\'')
        + f'\n{body}\n{_END}\nfi\necho "{_EXIT}$?") | {_CLEAN}'
    )


def run_tool(command: str, seconds: int) -> str:
    """Shell text that runs a tool of the host with the same frame around its words."""
    framed = _bounded(seconds, f'"$@" {command} 2>&1 </dev/null')
    return f'(set --; {framed}\necho "{_EXIT}$?") | {_CLEAN}'


def ending(code: int, seconds: int) -> str:
    """An exit status in words."""
    if code in (124, 137):
        return f"no answer within {seconds} s"
    if code > 128:
        return f"killed by signal {code - 128}"
    return f"exit status {code}"


def read(output: Sequence[str], seconds: int) -> tuple[int, list[str], str | None]:
    """Exit status, the other lines, and the interpreter. `AnswerError` where it is cut off."""
    code: int | None = None
    words: list[str] = []
    note = None
    for line in output:
        if line.startswith(_EXIT):
            status = line[len(_EXIT) :].strip()
            found = integer(status)
            code = 255 if found is None else found
        elif line.startswith(_NOTE):
            note = line[len(_NOTE) :].strip()
        else:
            words.append(line)
    if code is None:
        cut = cut_off(words[-1] if words else "", "what the program prints")
        raise AnswerError(cut or "the host's answer is cut off: connection lost or shell killed")
    return code, words, note


def answer(output: Sequence[str], seconds: int) -> tuple[dict[str, Any], str | None]:
    """The program's object and its interpreter; ``{"why": …}`` where it printed none.

    Raises `AnswerError` where the output is cut off.
    """
    code, words, note = read(output, seconds)
    for line in words:
        if line.startswith(_WHY):
            return {"why": line[len(_WHY) :].strip()}, note
        if line.startswith(_JSON):
            try:
                data = jsontext.loads(line[len(_JSON) :])
            except ValueError:
                break
            if isinstance(data, dict):
                return data, note
    said = " / ".join(w.strip() for w in words if w.strip())[-500:]
    return {"why": f"{ending(code, seconds)}{': ' + said if said else ''}"}, note
