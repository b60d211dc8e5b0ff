"""Which distributions a host can have, and where they get packages from."""

from sandbox.doubles import ubuntu
from sandbox.local.sources import Archive
from sandbox.roots import recipes
from sandbox.roots.debian import source_lines


def test_every_ubuntu_release_has_a_root() -> None:
    assert set(ubuntu.releases()) <= set(recipes.names())


def test_host_of_another_release_uses_the_same_address() -> None:
    recipe = {"suite": "trixie", "components": ["main"]}
    assert source_lines(recipe, Archive("http://a.example/debian", None)) == [
        "deb http://a.example/debian trixie main",
        "deb http://a.example/debian trixie-updates main",
    ]
