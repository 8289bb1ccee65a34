"""Weights: what training did to the matrices of the model, layer by layer.

Measured by `engine/weights.py`, where the formulas and their sources stand; here it is told. These
figures describe and do not predict: how much is forgotten follows from how far the answers move,
while the size and the rank of the change did not explain it (Shenfeld et al. 2025, "RL's Razor",
arXiv:2509.04259); on the other hand, taking intruder directions out of an adapter brings some of
what was forgotten back (Shuttleworth et al. 2024, arXiv:2410.21228).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean

from postgrad.core.interfaces import Criteria, Judgement, Sitting
from postgrad.core.probe import Reading
from postgrad.core.report import ProbeReport, Table

DEPTHS = ("first third", "middle third", "last third")

MOST_KINDS = 8
"""Columns of the table of layers: what fits a page. Llama's layers have seven matrices."""

COSINES = ("0.3", "0.5", "0.7")
"""Limits below which a direction is new, as the readings name them."""

CAVEAT = (
    "These figures describe; they do not predict. The size and the rank of a change did not "
    "explain what was forgotten (arXiv:2509.04259), though new directions carried some of it in "
    "adapters (arXiv:2410.21228). What was lost is measured beside the test, not here."
)

Cell = Callable[[Sequence[Reading]], str]


class Weights:
    """The change of each weight matrix."""

    name = "weights"
    title = "The weights, layer by layer"
    section = "change"
    optional = False
    looks_back = True

    def ask(self, sitting: Sitting) -> list[Reading]:
        """Readings of the matrices, when the base looks back; the tuned model is asked nothing."""
        return sitting.weigh() if sitting.weigh else []

    def judge(
        self, base: Sequence[Reading], tuned: Sequence[Reading], criteria: Criteria
    ) -> Judgement:
        """A description, without an outcome that could be good or bad."""
        notes = [CAVEAT]
        looked_at = [reading for reading in base if "directions" in reading.values]
        if criteria.is_quick:
            notes.append("Effort is quick: no new directions were looked for.")
        elif 0 < len(looked_at) < len(base):
            notes.append(
                f"New directions were looked for in {len(looked_at)} of {len(base)} matrices, "
                "spread evenly over the layers."
            )
        report = ProbeReport(
            name=self.name,
            section="change",
            title=self.title,
            outcome="described",
            text=_text(base, looked_at),
            tables=[
                _table("By kind of matrix", "Matrix", _groups(base, _kind), base),
                *_by_depth(base),
                *_by_layer(base),
            ],
            notes=notes,
        )
        return Judgement(report, {})


def _text(readings: Sequence[Reading], looked_at: Sequence[Reading]) -> str:
    changes = _values(readings, "change")
    text = (
        f"{len(readings)} weight matrices moved by {_share(fmean(changes))} of their size in the "
        f"mean, from {_share(min(changes))} to {_share(max(changes))}"
    )
    ranks = _values(readings, "effective_rank")
    if ranks:
        possible = max(_values(readings, "possible_rank"))
        text += f", along {fmean(ranks):.1f} directions each where {possible:.0f} are possible"
    if looked_at:
        total = sum(_values(looked_at, "directions"))
        new = sum(_values(looked_at, "intruders_0.5"))
        text += (
            f". Of the strongest directions of the tuned matrices, {new:,.0f} of {total:,.0f} are "
            "new (intruders: no old one is as near as a cosine of 0.5)"
        )
    return text + "."


def _kind(reading: Reading) -> str:
    return str(reading.detail["kind"])


def _layer(reading: Reading) -> str:
    layer = reading.detail["layer"]
    return "" if layer is None else f"{layer + 1}"


def _groups(readings: Iterable[Reading], of: Callable[[Reading], str]) -> dict[str, list[Reading]]:
    found: defaultdict[str, list[Reading]] = defaultdict(list)
    for reading in readings:
        found[of(reading)].append(reading)
    return dict(found)


def _by_depth(readings: Sequence[Reading]) -> list[Table]:
    layers = sorted({r.detail["layer"] for r in readings if r.detail["layer"] is not None})
    if len(layers) < len(DEPTHS):
        return []
    place = {layer: DEPTHS[len(DEPTHS) * at // len(layers)] for at, layer in enumerate(layers)}
    inside = [reading for reading in readings if reading.detail["layer"] is not None]
    groups = _groups(inside, lambda reading: place[reading.detail["layer"]])
    return [_table("By depth", "Layers", groups, readings)]


def _table(
    title: str, first: str, groups: dict[str, list[Reading]], every: Sequence[Reading]
) -> Table:
    columns: dict[str, Cell] = {
        "Matrices": lambda group: str(len(group)),
        "Change": lambda group: _share(fmean(_values(group, "change"))),
        "Largest change": lambda group: _share(max(_values(group, "change"))),
        "Stable rank": lambda group: _mean(group, "stable_rank"),
        "Effective rank": lambda group: _mean(group, "effective_rank"),
    }
    for limit in COSINES:
        if any(_values(every, f"intruders_{limit}")):
            columns[f"New, cosine under {limit}"] = _new_directions(limit)
    rows = [[name, *(cell(group) for cell in columns.values())] for name, group in groups.items()]
    return Table(title=title, columns=[first, *columns], rows=rows)


def _new_directions(limit: str) -> Cell:
    def cell(group: Sequence[Reading]) -> str:
        total = sum(_values(group, "directions"))
        return (
            f"{sum(_values(group, f'intruders_{limit}')):.0f} of {total:.0f}" if total else "\u2013"
        )

    return cell


def _by_layer(readings: Sequence[Reading]) -> list[Table]:
    """The relative change of each matrix; what lies outside the layers has a row of its own."""
    kinds = list(dict.fromkeys(_kind(r) for r in readings if _layer(r)))[:MOST_KINDS]
    rows: list[list[str]] = []
    for layer, group in _groups(readings, _layer).items():
        held = {_kind(reading): _share(reading.values["change"]) for reading in group}
        if layer:
            rows.append([layer, *(held.get(kind, "\u2013") for kind in kinds)])
    title = "Change of each matrix, in per cent of its size"
    return [Table(title=title, columns=["Layer", *kinds], rows=rows, folded=True)] if rows else []


def _values(readings: Iterable[Reading], name: str) -> list[float]:
    return [reading.values[name] for reading in readings if name in reading.values]


def _mean(readings: Iterable[Reading], name: str) -> str:
    values = _values(readings, name)
    return f"{fmean(values):.1f}" if values else "\u2013"


def _share(value: float) -> str:
    """Two telling digits: changes lie between hundredths of a per cent and some tens."""
    return f"{100 * value:.2g} %" if value < 1 else f"{100 * value:.0f} %"
