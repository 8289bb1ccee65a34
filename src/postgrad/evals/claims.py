"""Claims: three things that are often said of fine-tuning, each with the numbers of this run.

    "Core knowledge stays stable"   what was forgotten, by the probes of that section
    "Surface patterns adapt"        `tokens`: how much of what shifted is surface; `style`
    "New connections form"          `skills`: content that was out of the base's reach

Only reports of probes are read, so that a claim says nothing that they do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from postgrad.core.report import Claim, Comparison, Figure, ProbeReport, Standing
from postgrad.evals.shares import in_short

STABLE = "Core knowledge stays stable"
SURFACE = "Surface patterns adapt"
CONNECTIONS = "New connections form"


def claims(reports: Sequence[ProbeReport]) -> list[Claim]:
    """What the run has to say of each claim; none where nothing was asked beside the test."""
    if not reports:
        return []
    by_name = {report.name: report for report in reports}
    return [
        _stable([report for report in reports if report.section == "forgetting"]),
        _surface(by_name.get("tokens"), by_name.get("style")),
        _connections(by_name.get("skills")),
    ]


def _stable(reports: Sequence[ProbeReport]) -> Claim:
    """Shown if every gate of forgetting passed; contradicted if a loss was shown."""
    gated = [report for report in reports if report.outcome in ("passed", "failed", "undecided")]
    if not gated:
        return _cannot_tell(STABLE, "What was forgotten was not asked.")
    lost = [report for report in gated if any(map(_is_loss, report.comparisons[:1]))]
    open_still = [report for report in gated if report.outcome != "passed"]
    stands: Standing = "not_shown"
    if not open_still:
        stands = "shown"
    elif any(report in lost for report in open_still):
        stands = "contradicted"
    first = (open_still or gated)[0]
    counted = f"{len(gated) - len(open_still)} of {len(gated)} gates of forgetting passed"
    return Claim(claim=STABLE, stands=stands, text=f"{counted}. {first.title}: {first.text}")


def _surface(tokens: ProbeReport | None, style: ProbeReport | None) -> Claim:
    """Shown if tokens of the surface shifted; how much of all that shifted, it says."""
    figures = _figures(tokens)
    shifted, of_shifted, of_all = (
        figures.get(name) for name in ("shifted", "shifted_surface", "surface")
    )
    if tokens is None or tokens.outcome == "cannot_tell" or shifted is None:
        return _cannot_tell(SURFACE, "Too few answers could be read by the base.")
    text = f"{in_short(shifted)} of the tokens of the tuned model's answers shifted"
    if of_shifted is not None and of_all is not None:
        text += (
            f"; of those {in_short(of_shifted)} are surface (signs, form, words of grammar and "
            f"courtesy, the end), of all tokens {in_short(of_all)}"
        )
        text += _more_or_less(of_shifted, of_all)
    if style is not None and style.outcome != "cannot_tell":
        text += f". {style.text.partition(':')[0].rstrip('.')}"
    adapted = of_shifted is not None and tokens.outcome == "changed" and _above_zero(of_shifted)
    return Claim(claim=SURFACE, stands="shown" if adapted else "not_shown", text=text + ".")


def _connections(skills: ProbeReport | None) -> Claim:
    """Shown if more content came into reach than went out of it."""
    figures = _figures(skills)
    gained, lost = figures.get("gained"), figures.get("lost")
    if skills is None or skills.outcome == "cannot_tell" or gained is None or lost is None:
        return _cannot_tell(CONNECTIONS, "Too few right answers could be read.")
    stands: Standing = "not_shown"
    if skills.outcome == "changed":
        stands = "shown" if gained.value > lost.value else "contradicted"
    text = (
        f"{in_short(gained)} of the tokens of content in the right answers came into reach, "
        f"{in_short(lost)} went out of it"
    )
    fixed = figures.get("fixed_beyond_reach")
    if fixed is not None:
        text += (
            f"; {round(fixed.value * fixed.n)} of {fixed.n} fixed answers needed a word that the "
            "base had not among its three likeliest"
        )
    return Claim(claim=CONNECTIONS, stands=stands, text=text + ".")


def _more_or_less(of_shifted: Figure, of_all: Figure) -> str:
    """Which of the two shifted beyond its share, if the intervals don't overlap."""
    if of_shifted.ci95 is None or of_all.ci95 is None:
        return ""
    if of_shifted.ci95[0] > of_all.ci95[1]:
        return ", so that surface shifted more than content"
    if of_shifted.ci95[1] < of_all.ci95[0]:
        return ", so that content shifted more than surface"
    return ""


def _cannot_tell(claim: str, why: str) -> Claim:
    return Claim(claim=claim, stands="cannot_tell", text=why)


def _figures(report: ProbeReport | None) -> Mapping[str, Figure]:
    return {figure.name: figure for figure in report.figures} if report else {}


def _is_loss(item: Comparison) -> bool:
    low, high = item.ci95
    return high < 0 if item.higher_is_better else low > 0


def _above_zero(figure: Figure) -> bool:
    return figure.value > 0 and figure.ci95 is not None and figure.ci95[0] > 0
