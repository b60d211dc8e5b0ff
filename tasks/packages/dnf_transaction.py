"""Shell that tries a dnf transaction, judges it by a `Transaction`, and says what is in its way.

Pure text, for jobs. A `Transaction`'s pins are not needed here: the driver's packages require each
other in exactly one version, and those that the plan names come as ``name-version``.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from tasks.packages.apt_transaction import expression
from tasks.packages.transaction import Transaction

LOCKS = "/etc/dnf/plugins/versionlock.list"
RELEASED = "--disableplugin=versionlock"
"""Option of dnf for our own transactions, which move the set as the plan says."""

JUDGE = r"""
    /^[A-Z].*:$/ { section = $0; next }
    /^Transaction Summary/ { section = ""; next }
    /^ +replacing / { sub(/\.[^.]*$/, "", $2); name = $2; what = "removed" }
    /^ [^ ]/ {
        name = $1
        what = section ~ /^Removing/ ? "removed" : section ~ /^Upgrading/ ? "moved" : \
            section ~ /^Downgrading/ ? "put back" : section ~ /^Installing/ ? "installed" : ""
    }
    name == "" { next }
    {
        told = index(named, " " name " ") || name ~ ours
        gone = index(goes, " " name " ") || (removable != "" && name ~ removable)
        if (what == "removed" && !gone) {
            print "  " name " would be removed"; bad = 1
        } else if (what == "installed" && name ~ /^kernel(-[a-z0-9]+)*$/ && !kernel && \
                name !~ /-(devel|headers|tools|doc)/ && !index(named, " " name " ")) {
            print "  " name " would change the kernel"; bad = 1
        } else if (what == "put back" && !(told && back)) {
            print "  " name " would be put back to an older version"; bad = 1
        } else if (what == "moved" && index(held, " " name " ")) {
            print "  " name " is locked: dnf versionlock delete " name; bad = 1
        } else if (what == "moved" && !told) {
            if (index(needed, " " name " ")) print "  with them comes up to date: " name
            else { print "  " name " would be moved, and is no part of this"; bad = 1 }
        }
        name = ""
    }
    END { exit bad }"""
"""awk over the table that dnf prints before it asks. Long names stand on a line of their own."""

FUNCTIONS = r"""
in_one_line() { printf ' '; tr '\n' ' '; }
moved() { awk '/^[A-Z].*:$/ { s = $0 } /^ [^ ]/ && s ~ /^Upgrading/ { print $1 }' "$@"; }
simulated() {
    # dnf ends with 1 when it is told not to go on; what it prints tells the two apart.
    dnf install "$@" --assumeno >simulation 2>&1 || :
    # The lists may be older than what the repository has by now.
    ! grep -q '^No match for argument\|Unable to find a match' simulation ||
        dnf install "$@" --refresh --assumeno >simulation 2>&1 || :
    grep -q '^Nothing to do\.$\|^Operation aborted\.$' simulation && return 0
    cat simulation
    return 1
}"""
"""Shell functions; ``simulated`` leaves what dnf would do in the file ``simulation``."""


def options(transaction: Transaction) -> str:
    """Options of simulation and installation. Our own locks do not bind our own transactions."""
    erasing = " --allowerasing" if transaction.goes else ""
    return f"{RELEASED} --noautoremove{erasing}"


def simulation(transaction: Transaction, names: str, flags: str, more: str) -> str:
    """Shell that ends the job unless the transaction does only what `transaction` allows.

    Args:
        transaction: What is allowed.
        names: Packages as dnf takes them, quoted.
        flags: Options of dnf, `options` among them.
        more: Shell that gives further names, unquoted.
    """
    needed = " ".join([*transaction.prerequisites, more]).strip()
    own = f"sed '/^# gpuwright: begin/,/^# gpuwright: end/d' {LOCKS} 2>/dev/null"
    return "\n".join(
        [
            FUNCTIONS,
            f"simulated {flags} {names}",
            'needed=""',
            f'if [ -n "$(moved simulation)" ] && [ -n "{needed}" ]; then',
            "    cp simulation whole",
            f"    simulated {flags} {needed}",
            "    needed=$(moved simulation | in_one_line)",
            "    mv whole simulation",
            "fi",
            f"held=$({own} | sed -n 's/^\\([^#!].*\\)-[0-9][0-9]*:.*/\\1/p' | in_one_line)",
            f"awk -v ours={shlex.quote(expression(transaction.ours))} "
            f"-v goes={shlex.quote(' ' + ' '.join(transaction.goes) + ' ')} "
            f'-v named=" $(echo {names}) " -v needed="$needed" -v held="$held" '
            f"-v back={int(transaction.back)} -v kernel={int(bool(transaction.kernel))} "
            f"'{JUDGE}' simulation || {{",
            "  cat simulation",
            "  echo 'Nothing was changed: see above what this would do to packages that are no'",
            "  echo 'part of it. Do that yourself if it is right (dnf install, or dnf remove, of'",
            "  echo 'these names), and run this again.'",
            "  exit 1; }",
        ]
    )


def without_duplicates(ours: Sequence[str], flags: str) -> str:
    """Shell that takes out the older of two versions of a package, or ends the job.

    ``dnf remove --duplicates`` takes whatever depends on them along.

    Args:
        ours: Shell patterns of names that may go with them.
        flags: Options of dnf.
    """
    pattern = shlex.quote(expression(ours))
    return "\n".join(
        [
            "in_one_line() { printf ' '; tr '\\n' ' '; }",
            f"dnf remove --duplicates {flags} --assumeno >simulation 2>&1 || :",
            "twice=$(rpm -qa --qf '%{NAME}\\n' | sort | uniq -d | "
            # Of these there may be several: they are no doubles (dnf.conf(5), installonlypkgs).
            "grep -v '^kernel\\|^gpg-pubkey' | in_one_line)",
            f'awk -v ours={pattern} -v goes="$twice" -v named="$twice" -v needed= '
            f"-v held= -v back=0 -v removable={pattern} '{JUDGE}' simulation || {{",
            "  cat simulation",
            "  echo 'Nothing was changed: see above which packages of others would have to go.'",
            "  echo 'Take the older versions out yourself: dnf remove --duplicates; or bring what'",
            "  echo 'needs them up to date first: dnf upgrade, of these names.'",
            "  exit 1; }",
            f"dnf remove --duplicates {flags}",
        ]
    )


def leftovers(transaction: Transaction, flags: str) -> str:
    """Shell that takes out what had to go and did not give way by itself."""
    return "\n".join(
        [
            "left=",
            f"for name in {shlex.join(transaction.goes)}; do",
            '    grep -q "^ $name\\( \\|$\\)" simulation || ! rpm -q "$name" >/dev/null ||',
            '        left="$left $name"',
            "done",
            'if [ -n "$left" ]; then',
            f"    dnf remove {flags} $left --assumeno >simulation 2>&1 || :",
            f"    awk -v goes={shlex.quote(' ' + ' '.join(transaction.goes) + ' ')} -v ours='^$' "
            f"-v named= -v needed= -v held= -v back=0 '{JUDGE}' simulation || {{",
            "      cat simulation",
            "      echo 'The packages above need the driver that went. Take them out yourself if'",
            "      echo 'nobody needs them (dnf remove, of these names), and run this again.'",
            "      exit 1; }",
            f"    dnf remove {flags} $left",
            "fi",
        ]
    )


def stream(wanted: str, enabled: str, flags: str) -> str:
    """Shell that enables a module stream, and brings back what was there if the job fails.

    Args:
        wanted: ``nvidia-driver:580-open``.
        enabled: The stream of that module that is enabled now, or an empty text.
        flags: Options of dnf.
    """
    module, _, name = wanted.partition(":")
    if enabled == name:
        return ":"
    file = f"/etc/dnf/modules.d/{module}.module"
    return "\n".join(
        [
            f"rm -f module.before; [ ! -e {file} ] || cp -p {file} module.before",
            "trap 'code=$?; [ $code = 0 ] || { rm -f \"" + file + '"; '
            f"[ ! -e module.before ] || cp -p module.before {file}; }}; exit $code' EXIT",
            # Another stream cannot be enabled over one that is (dnf, modularity).
            f"dnf module reset {flags} {module}" if enabled else ":",
            f"dnf module enable {flags} {wanted}",
        ]
    )
