"""What every job begins with: nobody's settings, the host's way out, or that of its data.

The shell runs for real in a folder of its own.
"""

from __future__ import annotations

import http.server
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from uv import find_uv_bin

from tasks.hostdata.network import NetworkSettings
from tasks.steps import surroundings
from tasks.steps.surroundings import Strangers
from tests.plain_shell import assert_plain

PROXY = "http://me:se$cret;`id`@proxy.example.org:3128"


def after(
    folder: Path,
    settings: NetworkSettings,
    environment: str = "",
    profile: str = "",
    **given: str,
) -> dict[str, str]:
    """The environment that a job's own script has."""
    (folder / "environment").write_text(environment)
    (folder / "profile.d").mkdir()
    (folder / "profile.d" / "proxy.sh").write_text(profile)
    text = surroundings.text(settings, Strangers())
    text = text.replace("/etc/environment", str(folder / "environment"))
    text = text.replace("/etc/profile.d", str(folder / "profile.d"))
    done = subprocess.run(
        ["sh", "-euc", text + "env -0"],
        cwd=folder,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **given},
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(line.split("=", 1) for line in done.stdout.split("\0") if line)


def test_it_is_plain_shell() -> None:
    for settings in (NetworkSettings(), NetworkSettings("http://proxy:3128", ("a",))):
        assert_plain(surroundings.text(settings, Strangers(("http://x y",), ("epel",))))


def test_settings_of_python_pip_and_uv_are_nobodys(tmp_path: Path) -> None:
    others = ("PYTHONPATH", "PYTHONHOME", "PIP_INDEX_URL", "PIP_REQUIRE_VIRTUALENV", "UV_INDEX")
    found = after(tmp_path, NetworkSettings(), **dict.fromkeys(others, "/tmp/theirs"))
    assert not set(others) & set(found)
    assert (found["UV_NO_CONFIG"], found["PIP_CONFIG_FILE"]) == ("1", "/dev/null")


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("http_proxy=http://proxy:3128", "http_proxy", "http://proxy:3128"),
        ('export HTTPS_PROXY="http://proxy:3128/"', "HTTPS_PROXY", "http://proxy:3128/"),
        ("  export https_proxy='http://p:1'; export x=2", "https_proxy", "http://p:1"),
        ("no_proxy=localhost,10.0.0.0/8 # ours", "no_proxy", "localhost,10.0.0.0/8"),
        ("all_proxy=socks5h://p:1080", "all_proxy", "socks5h://p:1080"),
        ("http_proxy=http://a:%40!*(@p:1", "http_proxy", "http://a:%40!*(@p:1"),
    ],
)
def test_proxies_of_all_logins_are_the_jobs_too(
    line: str, name: str, value: str, tmp_path: Path
) -> None:
    for place in ("environment", "profile"):
        folder = tmp_path / place
        folder.mkdir()
        assert after(folder, NetworkSettings(), **{place: f"# x\n{line}\n"})[name] == value


@pytest.mark.parametrize("line", ["http_proxy=$(touch Pwned)", "http_proxy=`touch Pwned`"])
def test_what_a_login_would_compute_is_not_run(line: str, tmp_path: Path) -> None:
    found = after(tmp_path, NetworkSettings(), profile=f"{line}\n")
    assert "http_proxy" not in found and not (tmp_path / "Pwned").exists()


def test_host_data_win_over_all_that_the_host_says(tmp_path: Path) -> None:
    found = after(
        tmp_path,
        NetworkSettings(PROXY, ("localhost", "10.0.0.0/8")),
        environment="http_proxy=http://old:1\nall_proxy=socks5h://old:2\nNO_PROXY=x\n",
        HTTPS_PROXY="http://old:3",
    )
    proxies = {found[name] for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")}
    assert proxies == {PROXY}
    assert "all_proxy" not in found
    assert found["no_proxy"] == found["NO_PROXY"] == "localhost,10.0.0.0/8"


def test_apt_takes_the_proxy_of_host_data_from_a_file_that_root_alone_reads(
    tmp_path: Path,
) -> None:
    text = surroundings.text(NetworkSettings("http://me:s3cret@proxy:3128"), Strangers())
    parts = tmp_path / "parts"
    parts.mkdir()
    (parts / "99own").write_text('Acquire::http::Proxy "http://cache:3142";\n')
    done = subprocess.run(
        [
            "sh",
            "-euc",
            f"{text}\necho 'Dir::Etc::parts \"{parts}\";' >>apt-settings\n"
            "apt-config dump Acquire::http",
        ],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert 'Acquire::http::Proxy "http://me:s3cret@proxy:3128";' in done.stdout
    for name in ("apt-proxy", "apt-settings"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def test_certificates_are_the_systems_only_where_it_has_some(tmp_path: Path) -> None:
    text = surroundings.text(NetworkSettings(), Strangers())
    for store, content, taken in (("none", None, False), ("empty", "", False), ("full", "x", True)):
        path = tmp_path / store
        if content is not None:
            path.write_text(content)
        moved = text.replace("/etc/ssl/certs/ca-certificates.crt", str(path))
        moved = moved.replace("/etc/pki/tls/certs/ca-bundle.crt", f"{path}.none")
        done = subprocess.run(
            ["sh", "-euc", f'unset SSL_CERT_FILE\n{moved}echo "${{SSL_CERT_FILE:-}}"'],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        )
        assert done.stdout.strip() == (str(path) if taken else "")


def test_dnf_passes_over_repositories_of_others_and_no_further_ones(tmp_path: Path) -> None:
    conf = tmp_path / "dnf.conf"
    conf.write_text("[main]\nproxy=http://old:1\nproxy_password=x\nbest=True\n")
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "dnf").write_text('#!/bin/sh\necho "$*"; cat "$2"\n')
    (tools / "dnf").chmod(0o755)
    for settings, kept in ((NetworkSettings(), True), (NetworkSettings("http://new:1"), False)):
        text = surroundings.text(settings, Strangers((), ("grafana", "x;touch Pwned")))
        done = subprocess.run(
            ["sh", "-euc", text.replace("/etc/dnf/dnf.conf", str(conf)) + "dnf install gcc"],
            cwd=tmp_path,
            env={"PATH": f"{tools}:/usr/bin:/bin"},
            check=True,
            capture_output=True,
            text=True,
        )
        words = done.stdout.splitlines()[0]
        assert "--setopt=grafana.skip_if_unavailable=True" in words and "Pwned" not in words
        assert words.endswith(" install gcc")
        assert ("proxy=http://old:1" in done.stdout) == kept
        assert "best=True" in done.stdout


class Index(http.server.BaseHTTPRequestHandler):
    """A package index that has nothing."""

    def do_GET(self) -> None:
        """Says so."""
        self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def private_index(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Address of an index whose certificate a private authority has signed, and the authority."""
    make = (
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=Us;"
        "openssl req -newkey rsa:2048 -nodes -keyout key -out csr -subj /CN=localhost;"
        "echo subjectAltName=DNS:localhost >names;"
        "openssl x509 -req -in csr -CA ca.pem -CAkey ca.key -CAcreateserial -out pem -days 2 "
        "-extfile names"
    )
    subprocess.run(["sh", "-ec", make], cwd=tmp_path, check=True, capture_output=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pem", tmp_path / "key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://localhost:{server.server_port}/simple", tmp_path / "ca.pem"
    server.shutdown()


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not here")
def test_uv_takes_a_private_authority_of_the_systems_store_for_right(
    tmp_path: Path, private_index: tuple[str, Path]
) -> None:
    index, authority = private_index
    said = {}
    for store in (authority, tmp_path / "none"):
        text = surroundings.text(NetworkSettings(), Strangers())
        text = text.replace("/etc/ssl/certs/ca-certificates.crt", str(store))
        text = text.replace("/etc/pki/tls/certs/ca-bundle.crt", str(tmp_path / "none"))
        text += f"export UV_DEFAULT_INDEX={index} UV_CACHE_DIR={tmp_path}/cache UV_HTTP_RETRIES=0\n"
        script = f"unset SSL_CERT_FILE SSL_CERT_DIR\n{text}{find_uv_bin()} pip install x --target t"
        done = subprocess.run(
            ["sh", "-euc", script], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode != 0
        said[store] = done.stderr
    assert "was not found in the package registry" in said[authority]
    assert "UnknownIssuer" in said[tmp_path / "none"]
