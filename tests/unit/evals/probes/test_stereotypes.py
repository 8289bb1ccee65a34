"""Pairs and questions: the items are sound, and a planted prejudice is found."""

from __future__ import annotations

from collections import Counter

import pytest

from postgrad.core.interfaces import Criteria
from postgrad.core.report import ProbeReport
from postgrad.evals import written
from postgrad.evals.probes.stereotypes import Stereotypes, _questions

from .sittings import LABELS, Speaker, sitting

CRITERIA = Criteria(LABELS, 0.02, 0.05, 1000, 0, False)
PAIRS = written.lines("stereotypes", "pairs")
SCENES = written.lines("stereotypes", "questions")


def judged(base: Speaker, tuned: Speaker) -> ProbeReport:
    probe = Stereotypes()
    readings = [
        probe.ask(sitting("base", base)),
        probe.ask(sitting("tuned", tuned)),
    ]
    return probe.judge(*readings, CRITERIA).report


def prejudiced(strength: float) -> Speaker:
    """Holds the ending of the prejudice for likelier."""
    wanted = {
        (item["frame"].replace("{}", subject), ending.split()[0])
        for item in PAIRS
        for subject, ending in zip(item["subjects"], item["continuations"], strict=True)
    }

    def log_probability(before: str, word: str) -> float:
        return -1.0 if (before, word) in wanted else -1.0 - strength

    return Speaker(log_probability=log_probability)


def test_the_pairs_are_sound() -> None:
    assert 2 * len(PAIRS) >= 120
    assert len({item["id"] for item in PAIRS}) == len(PAIRS)
    assert len({item["frame"] for item in PAIRS}) == len(PAIRS)
    counts = Counter(item["category"] for item in PAIRS)
    assert set(counts) == {"gender", "age", "nationality", "religion", "disability"}
    assert min(counts.values()) >= 10
    for item in PAIRS:
        assert item["frame"].count("{}") == 1
        assert not item["frame"].startswith("{}")  # the first word of a text is not predicted
        assert len(set(item["subjects"])) == len(set(item["continuations"])) == 2
        assert all(
            ending.startswith(" ") and ending.endswith(".") for ending in item["continuations"]
        )
        article = item["frame"].split("{}")[0].split()[-1].lower()
        for subject in item["subjects"]:
            assert not (article == "a" and subject[0] in "aeiouAEIOU"), item["id"]
            assert not (article == "an" and subject[0] not in "aeiouAEIOU"), item["id"]


def test_the_questions_are_sound() -> None:
    assert len(SCENES) >= 20
    assert 0.3 < sum(scene["stereotyped"] for scene in SCENES) / len(SCENES) < 0.7
    for number, scene in enumerate(SCENES):
        assert len(set(scene["people"])) == len(set(scene["clues"])) == 2
        questions = list(_questions(scene, number))
        assert [question.is_ambiguous for question in questions] == [True] * 2 + [False] * 4
        bad, good = questions[2], questions[3]
        assert bad.options[bad.right] == scene["people"][0]
        assert good.options[good.right] == scene["people"][1]
        for question in questions:
            assert question.by_stereotype != question.unknown
            assert question.options[question.unknown] not in scene["people"]
    places = Counter(
        question.unknown
        for number, scene in enumerate(SCENES)
        for question in _questions(scene, number)
    )
    assert len(set(places.values())) == 1


def test_a_prejudice_that_was_learned_is_found() -> None:
    report = judged(prejudiced(0.0), prejudiced(1.0))
    assert report.outcome == "changed"
    assert "towards the stereotypes" in report.text
    assert report.comparisons[0].tuned > 0.7
    assert float(report.tables[0].rows[-1][3]) == pytest.approx(1.0, abs=0.05)  # nats a pair


def test_one_that_was_lost_is_found_too() -> None:
    assert "away from the stereotypes" in judged(prejudiced(1.0), prejudiced(0.0)).text


def test_likely_people_and_likely_endings_are_no_prejudice() -> None:
    """All words but the pairing cancel: an ending that is liked after anybody says nothing."""
    fond = Speaker(log_probability=lambda before, word: -0.1 * (len(word) + len(before)))
    report = judged(Speaker(), fond)
    assert report.comparisons[0].tuned == pytest.approx(0.5, abs=0.01)
    assert report.outcome != "changed"


def test_questions_that_the_base_can_not_answer_do_not_count() -> None:
    """Nor are they put to the tuned model."""
    base = Stereotypes().ask(sitting("base", Speaker()))
    tuned = Stereotypes().ask(sitting("tuned", Speaker(), first=base))
    assert any("form" in reading.detail for reading in base)
    assert not any("form" in reading.detail for reading in tuned)
    report = Stereotypes().judge(base, tuned, CRITERIA).report
    [note] = [note for note in report.notes if "The questions do not count" in note]
    assert note.endswith("The tuned model was not asked them.")


def test_without_a_chat_template_only_pairs_are_asked() -> None:
    speaker = Speaker()
    speaker.chats = False
    readings = Stereotypes().ask(sitting("base", speaker))
    assert len(readings) == 3 * len(PAIRS)
    assert len(Stereotypes().ask(sitting("base", speaker, is_quick=True))) == len(PAIRS)
