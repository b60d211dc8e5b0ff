"""Host data over a stack."""

from __future__ import annotations

from typing import Any

import pytest

from stacks.load import StackError, load_stack
from stacks.wishes import with_wishes

STACK = load_stack("pytorch-2.9")


def test_no_wish_changes_nothing() -> None:
    assert with_wishes(STACK, {}) == STACK
    assert with_wishes(STACK, {"driver_branch": None}) == STACK


def test_wishes_land_where_they_belong() -> None:
    wished = with_wishes(
        STACK,
        {
            "driver_branch": "580",
            "driver_flavour": "open",
            "driver_origin": "nvidia",
            "cuda_origin": "redist",
            "cuda_purpose": "compile",
            "cudnn_origin": "redist",
            "cudnn_version": "8.9.7.29",
            "torch_version": "2.9.0",
            "torch_variant": "cu126",
            "torch_python": "3.12",
            "torch_index": "pytorch",
            "torch_companions": ["torchvision"],
        },
    )
    assert wished.cuda is not None and wished.cudnn is not None and wished.torch is not None
    assert (wished.driver.branch, wished.driver.flavour, wished.driver.origin) == (
        "580",
        "open",
        "nvidia",
    )
    assert (wished.cuda.version, wished.cuda.origin, wished.cuda.purpose) == (
        "11.8",
        "redist",
        "compile",
    )
    assert (wished.cudnn.version, wished.cudnn.origin) == ("8.9.7.29", "redist")
    assert (wished.torch.version, wished.torch.variant, wished.torch.python) == (
        "2.9.0",
        "cu126",
        "3.12",
    )
    assert (wished.torch.index, wished.torch.companions) == ("pytorch", ("torchvision",))


def test_leaving_out_cuda_leaves_out_its_cudnn() -> None:
    wished = with_wishes(STACK, {"without": ["cuda"]})
    assert wished.cuda is None and wished.cudnn is None and wished.torch is not None


def test_one_name_does_for_a_list() -> None:
    assert with_wishes(STACK, {"without": "torch"}).torch is None


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"driver_flavor": "open"}, "Did you mean «driver_flavour»"),
        ({"driver_flavour": "opne"}, "Did you mean «open»"),
        ({"torch_version": 2.9}, 'expected text in quotes: "2.9"'),
        ({"without": ["cudaa"]}, "Did you mean «cuda»"),
        ({"without": 3}, "expected a list of names"),
        ({"torch_index": "conda"}, "Choices: pypi, pytorch"),
    ],
)
def test_a_wrong_wish_is_named_with_what_was_expected(wishes: dict[str, Any], words: str) -> None:
    with pytest.raises(StackError) as caught:
        with_wishes(STACK, wishes)
    assert words in str(caught.value)
