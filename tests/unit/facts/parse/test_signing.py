"""Secure Boot, lockdown and the keys of a machine: the parser, and the probe's shell on real files.

The certificate below was made with OpenSSL for these tests; its private key is thrown away.
"""

from __future__ import annotations

import functools
import subprocess
from pathlib import Path

import pytest

from facts.script import text
from tests.unit.facts.probe_text import host

SHIM = "605dab50-e046-4300-abb6-3dd810dd8b23"
ROW = "/var/lib/dkms/mok.pub|/var/lib/dkms/mok.key"


@pytest.mark.parametrize(
    ("section", "answer"),
    [
        ("@no-efi", False),
        ("@efivar\n   1", True),
        ("@efivar\n   0", False),
        ("@efivar\n   1\n@shim\n   1", False),
        ("@efivar\n   1\n@shim\n   0", True),
        ("@mokutil\nSecureBoot enabled", True),
        ("@mokutil\nSecureBoot enabled\nSecureBoot validation is disabled in shim", False),
        ("@mokutil\nSecureBoot disabled\nPlatform is in Setup Mode", False),
        ("@mokutil\nEFI variables are not supported on this system", None),
        ("@efivar\n   7", None),
        ("!secure_boot sealed", None),
    ],
)
def test_secure_boot_is_answered_or_explained(section: str, answer: bool | None) -> None:
    state = host(secure_boot=section)
    assert state.secure_boot is answer
    assert ("secure_boot" in state.unread) == (answer is None)


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("@lockdown\nnone [integrity] confidentiality", "lockdown=integrity"),
        ("@lockdown\n[none] integrity confidentiality", ""),
        ("@lockdown\n@sig_enforce\nY", "module.sig_enforce=1"),
        ("@lockdown\n@sig_enforce\nN", ""),
        ("", ""),
    ],
)
def test_kernel_that_takes_signed_modules_only_says_why(section: str, words: str) -> None:
    assert host(secure_boot=f"@no-efi\n{section}").signed_only == words


def test_key_is_read_with_its_private_half_and_where_it_stands() -> None:
    (key,) = host(
        secure_boot=f"@shim_lists\n/x\n@key\n{ROW}|644|no|yes\nDKMS module signing key0"
    ).signing_keys
    assert (key.path, key.private, key.mode) == (*ROW.split("|"), 0o644)
    assert (key.enrolled, key.pending, key.is_open) == (False, True, True)
    assert key.has_signed("DKMS module signing key")
    assert not key.has_signed("") and not key.has_signed("Debian Secure Boot CA")


def test_key_whose_standing_could_not_be_read_is_not_known() -> None:
    (key,) = host(secure_boot=f"@key\n{ROW}||?|?").signing_keys
    assert (key.mode, key.enrolled, key.pending, key.is_open) == (None, None, None, False)


@pytest.mark.parametrize("line", ["", "nonsense", "a|b|c|d|e|f", "a|b"])
def test_line_that_is_not_the_probes_is_no_key(line: str) -> None:
    assert host(secure_boot=f"@key\n{line}").signing_keys == ()


# ------------------------------------------------------------------ the shell


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine's files: EFI with shim's and the firmware's lists, and a key of DKMS."""
    efi = tmp_path / "sys/firmware/efi/efivars"
    efi.mkdir(parents=True)
    (efi / "SecureBoot-8be4df61").write_bytes(b"\6\0\0\0\1")
    (efi / f"MokListRT-{SHIM}").write_bytes(b"\6\0\0\0vendor's")
    made(tmp_path / "var/lib/dkms", "mok.pub", "mok.key", "DKMS module signing key")
    return tmp_path


@functools.cache
def private() -> bytes:
    """A private key, made once: to find its two primes takes longer than all that is tried here."""
    words = ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
    return subprocess.run(words, capture_output=True, check=True).stdout


def made(folder: Path, cert: str, key: str, name: str) -> Path:
    """Have a certificate made as dkms makes one, of its own each time; give it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / key).write_bytes(private())
    (folder / key).chmod(0o600)
    subprocess.run(
        ["openssl", "req", "-new", "-x509", "-nodes", "-days", "36500", "-subj", f"/CN={name}/"]
        + ["-key", str(folder / key), "-outform", "DER", "-out", str(folder / cert)],
        capture_output=True,
        check=True,
    )
    return folder / cert


def told(machine: Path) -> list[list[str]]:
    """The probe's lines about keys on this machine: path, private key, mode, enrolled, pending."""
    shell = text("probe/head", "probe/secure_boot")
    for folder in ("/sys/", "/var/lib/", "/etc/", "/usr/sbin/"):
        shell = shell.replace(f" {folder}", f" {machine}{folder}").replace(
            f"={folder}", f"={machine}{folder}"
        )
    shell = shell.replace("!= /etc/", f"!= {machine}/etc/")
    done = subprocess.run(
        ["sh", "-c", f"{shell}\nN=n; signing_keys"], capture_output=True, text=True, check=False
    )
    lines = [line for line in done.stdout.splitlines() if line.count("|") == 4]
    return [line.replace(str(machine), "").split("|") for line in lines]


def test_key_that_nobody_knows_is_neither_enrolled_nor_pending(machine: Path) -> None:
    assert told(machine) == [["/var/lib/dkms/mok.pub", "/var/lib/dkms/mok.key", "600", "no", "no"]]


@pytest.mark.parametrize(
    ("variable", "standing"),
    [
        (f"MokListRT-{SHIM}", ["yes", "no"]),
        (f"MokListRT1-{SHIM}", ["yes", "no"]),
        ("db-d719b2cb-3d3a-4596-a3bc-dad00e67656f", ["yes", "no"]),
        (f"MokNew-{SHIM}", ["no", "yes"]),
        (f"MokListXRT-{SHIM}", ["no", "no"]),
    ],
)
def test_list_that_holds_the_certificate_says_where_it_stands(
    machine: Path, variable: str, standing: list[str]
) -> None:
    cert = (machine / "var/lib/dkms/mok.pub").read_bytes()
    file = machine / "sys/firmware/efi/efivars" / variable
    file.write_bytes(b"\6\0\0\0" + bytes(28) + cert + b"more")
    assert told(machine)[0][3:] == standing


def test_other_certificate_of_the_same_name_is_another_key(machine: Path, tmp_path: Path) -> None:
    other = made(tmp_path / "other", "mok.pub", "mok.key", "DKMS module signing key")
    file = machine / f"sys/firmware/efi/efivars/MokListRT-{SHIM}"
    file.write_bytes(other.read_bytes())
    assert told(machine)[0][3:] == ["no", "no"]


def test_machine_without_efi_can_enrol_no_key(machine: Path) -> None:
    (machine / "sys/firmware/efi/efivars").rename(machine / "away")
    (machine / "sys/firmware/efi").rmdir()
    assert told(machine)[0][3:] == ["no", "no"]


def test_variables_that_are_not_mounted_say_nothing(machine: Path) -> None:
    for file in (machine / "sys/firmware/efi/efivars").iterdir():
        file.unlink()
    assert told(machine)[0][3:] == ["?", "?"]


def test_keys_elsewhere_are_found_and_the_one_that_dkms_uses_comes_first(machine: Path) -> None:
    made(machine / "var/lib/shim-signed/mok", "MOK.der", "MOK.priv", "gpu1 Secure Boot Module")
    made(machine / "etc/pki/akmods/certs", "public_key.der", "x", "akmods")
    paths = [row[:2] for row in told(machine)]
    assert paths == [
        ["/var/lib/dkms/mok.pub", "/var/lib/dkms/mok.key"],
        ["/var/lib/shim-signed/mok/MOK.der", "/var/lib/shim-signed/mok/MOK.priv"],
        ["/etc/pki/akmods/certs/public_key.der", "/etc/pki/akmods/private/private_key.priv"],
    ]
    policy = machine / "usr/sbin/update-secureboot-policy"
    policy.parent.mkdir(parents=True)
    policy.touch(mode=0o755)
    assert told(machine)[0][0] == "/var/lib/shim-signed/mok/MOK.der"


def test_key_of_dkms_s_own_configuration_comes_before_all(machine: Path) -> None:
    made(machine / "root/keys", "ours.der", "ours.pem", "ours")
    (machine / "etc/dkms/framework.conf.d").mkdir(parents=True)
    (machine / "etc/dkms/framework.conf").write_text(
        f"# mok_certificate=/no/such\nmok_signing_key={machine}/root/keys/ours.pem\n"
        f'mok_certificate="{machine}/root/keys/ours.der"\n'
    )
    first, second = told(machine)[:2]
    assert first == ["/root/keys/ours.der", "/root/keys/ours.pem", "600", "no", "no"]
    assert second[0] == "/var/lib/dkms/mok.pub"


def test_private_key_that_others_read_is_told_with_its_mode(machine: Path) -> None:
    (machine / "var/lib/dkms/mok.key").chmod(0o644)
    assert told(machine)[0][2] == "644"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (
            "@modules_disabled\n1\n@modules_disabled_in\n/etc/sysctl.d/a.conf\n/etc/sysctl.conf",
            True,
        ),
        ("@modules_disabled\n1", True),
        ("@modules_disabled\n0\n@modules_disabled_in\n/etc/sysctl.d/a.conf", False),
        ("@modules_disabled", False),
        ("", False),
    ],
)
def test_kernel_that_loads_no_module_any_more_is_told_with_who_said_so(
    body: str, found: bool
) -> None:
    said = host(secure_boot=f"@no-efi\n{body}").modules_locked
    assert bool(said) is found
    assert ("/etc/sysctl.d/a.conf, /etc/sysctl.conf" in said) is (found and "a.conf" in body)
