"""Stack files: ours load, and mistakes in one's own are named with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from stacks.load import StackError, load_stack, stack_names

GOOD = 'summary: mine\ntorch:\n  version: "2.9.1"\n'


def mistake(folder: Path, text: str) -> str:
    (folder / "mine.yaml").write_text(text)
    with pytest.raises(StackError) as caught:
        load_stack("mine", folder)
    return str(caught.value)


def test_our_stacks_are_shipped_and_load() -> None:
    assert stack_names() == [
        "jetson-cuda-11.8",
        "jetson-torch-2.9",
        "pytorch-2.3-cu118-cudnn8",
        "pytorch-2.7-cu118",
        "pytorch-2.9",
        "pytorch-current",
    ]
    for name in stack_names():
        assert load_stack(name).name == name


def test_one_s_own_stack_loads_beside_ours(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(GOOD)
    assert load_stack("mine", tmp_path).summary == "mine"
    assert load_stack("pytorch-2.9", tmp_path).cuda is not None


def test_one_s_own_stack_of_the_same_name_wins(tmp_path: Path) -> None:
    (tmp_path / "pytorch-2.9.yaml").write_text(GOOD)
    assert load_stack("pytorch-2.9", tmp_path).summary == "mine"


def test_unknown_stack_names_the_nearest() -> None:
    with pytest.raises(StackError, match=r"Did you mean \"pytorch-2\.9\""):
        load_stack("pytorch2.9")


@pytest.mark.parametrize("name", ["", "../pytorch-2.9", "/etc/passwd", "a/b", "\x00", "*"])
def test_a_name_that_is_no_name_is_simply_unknown(name: str) -> None:
    with pytest.raises(StackError, match="There is no stack"):
        load_stack(name)


def test_wrong_key_names_file_line_and_nearest(tmp_path: Path) -> None:
    text = mistake(tmp_path, GOOD + '  pyton: "3.11"\n')
    assert 'mine.yaml:4: unknown key "pyton" in "torch"' in text
    assert 'did you mean "python"' in text


def test_wrong_type_names_line_what_was_found_and_what_was_expected(tmp_path: Path) -> None:
    text = mistake(tmp_path, "summary: mine\ntorch:\n  version: 2.9\n")
    assert "mine.yaml:3: \"torch.version\" is '2.9' (a number), expected text in quotes" in text


def test_wrong_choice_names_the_choices(tmp_path: Path) -> None:
    text = mistake(tmp_path, GOOD + "driver:\n  flavour: opn\n")
    assert "mine.yaml:5: \"driver.flavour\" is 'opn', expected one of open, proprietary" in text


def test_missing_key_is_named(tmp_path: Path) -> None:
    assert 'mine.yaml:1: the key "summary" is missing' in mistake(tmp_path, "cuda: null\n")


def test_a_list_where_a_mapping_belongs_is_named(tmp_path: Path) -> None:
    text = mistake(tmp_path, "summary: mine\ntorch: [a]\n")
    assert 'mine.yaml:2: "torch" is a list, expected a mapping with version' in text


def test_a_key_that_stands_twice_is_named(tmp_path: Path) -> None:
    assert 'mine.yaml:4: the key "summary" is here twice' in mistake(
        tmp_path, GOOD + "summary: again\n"
    )


@pytest.mark.parametrize("text", ["", "a: [", "\t", "- 1", "just words", "\x00", "&a [*a]"])
def test_what_is_no_stack_at_all_ends_in_a_message(tmp_path: Path, text: str) -> None:
    assert "mine.yaml:1" in mistake(tmp_path, text)


def test_a_file_that_is_not_utf_8_ends_in_a_message(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_bytes(b"summary: \xff\xfe\nx: 1\n")
    with pytest.raises(StackError, match='unknown key "x"'):
        load_stack("mine", tmp_path)


def test_a_folder_in_place_of_the_file_ends_in_a_message(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").mkdir()
    with pytest.raises(StackError, match="cannot be read"):
        load_stack("mine", tmp_path)


def test_beginning_of_a_stacks_name_leads_to_it_alone() -> None:
    with pytest.raises(StackError, match=r'mean "pytorch-2\.3-cu118-cudnn8"\? Stacks'):
        load_stack("pytorch-2.3")
