"""Which kernel is newest, and which one GRUB boots."""

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facts.parse.debversion import version_key
from facts.parse.grub import next_boot
from tests.unit.facts.probe_text import host


# Each pair was checked with `dpkg --compare-versions A lt B` (dpkg 1.21).
@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("6.1.0-9-amd64", "6.1.0-10-amd64"),
        ("6.1.0-56-cloud-amd64", "6.12.117+deb13-cloud-amd64"),
        ("1.0~rc1", "1.0"),
        ("1.0", "1.0+b1"),
        ("1.0-1", "1.0-1+deb12u1"),
        ("535.261.03-1", "535.309.01-0+deb12u1"),
        ("9.9", "1:0.1"),
        ("1.0a", "1.0+"),
        ("1.0~~", "1.0~"),
    ],
)
def test_versions_sort_as_dpkg_sorts_them(older: str, newer: str) -> None:
    assert version_key(older) < version_key(newer)


@pytest.mark.parametrize(
    ("one", "same"),
    [("1", "0:1"), ("0:1", "0:1-0"), ("1.0-1", "00:1.00-01"), ("1", "1-00"), ("1.", "1.0")],
)
def test_versions_that_dpkg_calls_equal_are_equal(one: str, same: str) -> None:
    assert version_key(one) == version_key(same)


def test_numbers_of_any_length_compare_as_numbers() -> None:
    assert version_key("9" * 5000) < version_key("1" + "0" * 5000)


VERSIONS = st.from_regex(r"([0-9]{1,2}:)?[0-9][0-9a.+~]{0,5}(-[0-9a.+~]{1,3})?", fullmatch=True)


@pytest.mark.skipif(not shutil.which("dpkg"), reason="dpkg judges")
@settings(max_examples=5, derandomize=True, deadline=None, database=None)
@given(st.lists(st.tuples(VERSIONS, VERSIONS), min_size=25, max_size=25))
def test_order_is_that_of_dpkg(pairs: list[tuple[str, str]]) -> None:
    lines = "".join(f"{one} {other}\n" for one, other in pairs)
    script = (
        "while read -r a b; do for o in lt eq gt; do "
        'if dpkg --compare-versions "$a" $o "$b"; then echo $o; fi; done; done'
    )
    said = subprocess.run(
        ["sh", "-c", script], input=lines, capture_output=True, text=True, check=True
    ).stdout.split()
    keys = [(version_key(one), version_key(other)) for one, other in pairs]
    assert said == ["lt" if a < b else "eq" if a == b else "gt" for a, b in keys]


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_two_texts_have_an_order(one: str, other: str) -> None:
    assert (version_key(one) < version_key(other)) or (version_key(one) >= version_key(other))


MENU = """\
   set default="${next_entry}"
   set default="0"
menuentry 'Debian' $menuentry_id_option 'simple' {
	linux /boot/vmlinuz-6.1.0-56-amd64 root=/dev/vda1
}
submenu 'Advanced' $menuentry_id_option 'advanced' {
	menuentry 'New' --class os $menuentry_id_option 'new' {
		linux /boot/vmlinuz-6.1.0-56-amd64 root=/dev/vda1
	}
	menuentry 'Old' --class os $menuentry_id_option 'old' {
		linux /boot/vmlinuz-6.1.0-50-amd64 root=/dev/vda1
	}
}
""".splitlines()


@pytest.mark.parametrize("wanted", ["1>1", "Advanced>Old", "advanced>old", "1>old"])
def test_entry_is_found_by_number_title_or_id(wanted: str) -> None:
    assert (next_boot(MENU, {"next_entry": wanted}) or ("",))[0] == "6.1.0-50-amd64"


def test_default_that_is_not_in_the_menu_boots_the_first_entry_and_says_so() -> None:
    kernel, why = next_boot(MENU, {"next_entry": "gone"}) or ("", "")
    assert kernel == "6.1.0-56-amd64"
    assert "'gone' is not in the menu" in why


def test_submenu_as_default_boots_its_first_kernel() -> None:
    assert (next_boot(MENU, {"next_entry": "1"}) or ("",))[0] == "6.1.0-56-amd64"


def test_menu_without_linux_lines_names_no_kernel() -> None:
    assert next_boot(["menuentry 'Windows' {", "}"], {}) is None


def test_kernel_in_quotes_is_the_one_that_boots() -> None:
    """As Ubuntu writes it for a root on ZFS (``/etc/grub.d/10_linux_zfs``)."""
    path = "/BOOT/ubuntu_5jf3xi@/vmlinuz-5.15.0-26-generic"
    for quote in ('"', "'"):
        config = ["menuentry 'Ubuntu' {", f"linux\t{quote}{path}{quote} root=ZFS=rpool ro", "}"]
        assert (next_boot(config, {}) or ("",))[0] == "5.15.0-26-generic"


def test_title_with_an_apostrophe_is_found() -> None:
    """grub-mkconfig's ``grub_quote`` writes it as three pieces of one word."""
    config = [*MENU, r"menuentry 'Ann'\''s' --id ann {", "linux /vmlinuz-1.0-ann", "}"]
    for wanted in ("Ann's", "ann"):
        assert (next_boot(config, {"next_entry": wanted}) or ("",))[0] == "1.0-ann"


@pytest.mark.parametrize("value", ["1>1", '"1>1"', "'1>1'", "1'>'1"])
def test_default_is_read_in_every_way_to_quote_it(value: str) -> None:
    assert (next_boot([*MENU, f"set default={value}"], {}) or ("",))[0] == "6.1.0-50-amd64"


def test_menu_of_any_depth_is_read() -> None:
    head = 'set default="${next_entry}"'
    deep = [head, *["submenu a {"] * 5000, "menuentry b {", "linux /vmlinuz-1.0-b", "}"]
    assert (next_boot(deep, {}) or ("",))[0] == "1.0-b"
    wanted = ">".join(["0"] * 5001)
    found = next_boot(deep, {"next_entry": wanted})
    assert found == ("1.0-b", f"grub next entry (once) {wanted!r}")


def test_boot_loader_entry_named_in_grubenv_is_followed() -> None:
    kernels = host(
        kernels="@running\n5.14.0-1\n"
        "@images\n/boot/vmlinuz-5.14.0-1\n/boot/vmlinuz-5.14.0-2\n/boot/vmlinuz-0-rescue-abc\n"
        "@modules\n/lib/modules/5.14.0-1\n/lib/modules/5.14.0-2\n"
        "@/boot/grub2/grubenv\nsaved_entry=abc-5.14.0-1\n"
        "@entries\n/boot/loader/entries/abc-5.14.0-1.conf:linux /vmlinuz-5.14.0-1\n"
    ).kernels
    assert kernels.next_boot == "5.14.0-1"
    assert [k.release for k in kernels.installed] == ["5.14.0-1", "5.14.0-2"]


def test_image_without_modules_cannot_boot_and_is_not_chosen() -> None:
    kernels = host(
        kernels="@running\n6.1.0-50-amd64\n"
        "@images\n/boot/vmlinuz-6.1.0-50-amd64\n/boot/vmlinuz-6.1.0-56-amd64\n"
        "@modules\n/lib/modules/6.1.0-50-amd64"
    ).kernels
    assert [k.bootable for k in kernels.installed] == [True, False]
    assert kernels.next_boot == "6.1.0-50-amd64"


def test_link_to_another_kernel_is_mentioned() -> None:
    kernels = host(
        kernels="@running\n6.1.0-50\n@images\n/boot/vmlinuz-6.1.0-50\n/boot/vmlinuz-6.1.0-56\n"
        "@modules\n/lib/modules/6.1.0-50\n/lib/modules/6.1.0-56\n@links\n/boot/vmlinuz-6.1.0-50"
    ).kernels
    assert kernels.next_boot == "6.1.0-56"
    assert "/vmlinuz leads to 6.1.0-50" in kernels.next_boot_why


def test_host_without_kernel_images_has_no_next_boot_and_a_reason() -> None:
    state = host()
    assert state.kernels.next_boot is None
    assert "no kernel image" in state.unread["kernels.next_boot"]
