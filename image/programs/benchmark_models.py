"""The models that the benchmark trains and asks: ResNet-50, BERT-base, a detector. Written small.

Their sizes are those of the papers (He et al. 2015, arXiv:1512.03385, table 1; Devlin et al. 2018,
arXiv:1810.04805, section 3), so that figures can be held beside those of others. The weights are
random: how long a step takes does not depend on them.
"""

from __future__ import annotations

from typing import Any

STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))
"""Width and blocks of each stage of ResNet-50."""
TINY_STAGES = ((16, 1), (32, 1), (64, 1), (128, 1))
WIDER = 4
BERT = {"layers": 12, "width": 768, "heads": 12, "words": 30522, "length": 128}
TINY_BERT = {"layers": 2, "width": 128, "heads": 2, "words": 1000, "length": 32}


def _block(torch: Any, into: int, width: int, stride: int) -> Any:
    """One bottleneck with its short cut."""
    nn: Any = torch.nn

    class Bottleneck(nn.Module):  # type: ignore[misc] # torch is not here when this is checked
        def __init__(self) -> None:
            super().__init__()
            out = WIDER * width
            self.way = nn.Sequential(
                nn.Conv2d(into, width, 1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
                nn.Conv2d(width, width, 3, stride, 1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
                nn.Conv2d(width, out, 1, bias=False),
                nn.BatchNorm2d(out),
            )
            same = into == out and stride == 1
            self.short = (
                nn.Identity()
                if same
                else nn.Sequential(nn.Conv2d(into, out, 1, stride, bias=False), nn.BatchNorm2d(out))
            )

        def forward(self, x: Any) -> Any:
            return torch.relu(self.way(x) + self.short(x))

    return Bottleneck()


def stages(torch: Any, tiny: bool) -> tuple[Any, list[Any], int]:
    """The stem, the four stages, and how many channels come out of the last."""
    nn: Any = torch.nn
    plan = TINY_STAGES if tiny else STAGES
    into = plan[0][0]
    stem = nn.Sequential(
        nn.Conv2d(3, into, 7, 2, 3, bias=False),
        nn.BatchNorm2d(into),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, 1),
    )
    found = []
    for place, (width, blocks) in enumerate(plan):
        parts = []
        for number in range(blocks):
            parts.append(_block(torch, into, width, 2 if place and not number else 1))
            into = WIDER * width
        found.append(nn.Sequential(*parts))
    return stem, found, into


def resnet(torch: Any, tiny: bool) -> Any:
    """A classifier of 1000 classes: ResNet-50, 25,557,032 parameters; tiny: one block a stage."""
    nn: Any = torch.nn
    stem, parts, out = stages(torch, tiny)
    head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(out, 1000))
    return nn.Sequential(stem, *parts, *head)


def bert(torch: Any, tiny: bool) -> Any:
    """An encoder that guesses words: BERT-base; its sizes are in `BERT`."""
    nn: Any = torch.nn
    size = TINY_BERT if tiny else BERT
    width, words, length = size["width"], size["words"], size["length"]

    class Encoder(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.word = nn.Embedding(words, width)
            self.place = nn.Parameter(torch.zeros(1, length, width))
            layer = nn.TransformerEncoderLayer(
                width, size["heads"], 4 * width, 0.0, "gelu", batch_first=True
            )
            self.layers = nn.TransformerEncoder(layer, size["layers"], enable_nested_tensor=False)
            self.norm = nn.LayerNorm(width)

        def forward(self, ids: Any) -> Any:
            hidden = self.norm(self.layers(self.word(ids) + self.place))
            return hidden @ self.word.weight.T

    return Encoder()


def detector(torch: Any, tiny: bool) -> Any:
    """Boxes and classes of one picture from three scales, the best hundred of them."""
    nn: Any = torch.nn
    stem, parts, out = stages(torch, tiny)
    classes, width = 80, 32 if tiny else 256

    class Detector(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.parts = stem, nn.ModuleList(parts)
            self.lateral = nn.ModuleList(nn.Conv2d(out // s, width, 1) for s in (4, 2, 1))
            self.tower = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.ReLU())
            self.ends = nn.Conv2d(width, 4 + classes, 3, padding=1)

        def forward(self, picture: Any) -> tuple[Any, Any]:
            x, scales = self.stem(picture), []
            for part in self.parts:
                x = part(x)
                scales.append(x)
            above, told = None, []
            for lateral, scale in zip(reversed(self.lateral), reversed(scales[1:]), strict=True):
                own = lateral(scale)
                if above is not None:
                    own = own + nn.functional.interpolate(above, size=own.shape[-2:])
                above = own
                told.append(self.ends(self.tower(own)).flatten(2))
            whole = torch.cat(told, dim=2)[0]
            scores, _ = whole[4:].sigmoid().max(dim=0)
            best, where = scores.topk(min(100, scores.numel()))
            return best, whole[:4, where].exp()

    return Detector()
