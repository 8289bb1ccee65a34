"""The tuned model's answers, read by the base."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from postgrad.core.generation import Prediction
from postgrad.core.interfaces import Answerer, Criteria, Judgement, Sitting
from postgrad.core.probe import Reading, Who
from postgrad.core.records import Chat, Message, Record
from postgrad.core.task import Answer, Task
from postgrad.evals.probes.tokens import END_SIGN, Tokens

PROSE = Task("prose", "rouge_l", (), "")
CRITERIA = Criteria(PROSE, 0.02, 0.05, 500, 0, False)
THINGS = ("oven", "grill", "soup")


def words_of(number: int) -> list[str]:
    return ["The", f" {THINGS[number % 3]}", " is", " hot", ".", "<end>"]


class Base:
    """Holds every word for likely but the second."""

    def predictions(self, records: Sequence[Record], **_: Any) -> list[list[Prediction]]:
        self.records = list(records)
        return [
            [
                Prediction(0, word, -7.0 if place == 1 else -0.1, 9 * (place == 1), {}, ())
                for place, word in enumerate(words_of(number))
            ]
            for number in range(len(records))
        ]


def rows(count: int) -> list[tuple[str, Record]]:
    turns = (Message("system", "Be kind."), Message("user", "Hot?"), Message("assistant", "Yes."))
    return [(f"row {number}", Chat(turns)) for number in range(count)]


def asked(who: Who, base: Base, count: int, first: Sequence[Reading] = ()) -> list[Reading]:
    prompt = ({"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hot?"})
    answers = [
        Answer(
            name,
            prompt,
            "Yes.",
            "".join(words_of(number)[:-1]),
            "length" if number == 0 else "stop",
        )
        for number, (name, _) in enumerate(rows(count))
    ]
    sitting = Sitting(
        who,
        cast("Answerer", base),
        PROSE,
        rows(count),
        (),
        answers if who == "tuned" else (),
        first,
        8,
        False,
        0,
        lambda done, total: None,
    )
    return Tokens().ask(sitting)


def judged(count: int) -> Judgement:
    base = Base()
    tuned = asked("tuned", base, count)
    return Tokens().judge(asked("base", base, count, tuned), tuned, CRITERIA)


def test_the_base_reads_what_the_tuned_model_said() -> None:
    base = Base()
    tuned = asked("tuned", base, 3)
    assert [reading.answer for reading in tuned] == [f"The {thing} is hot." for thing in THINGS]
    read = asked("base", base, 3, tuned)
    for record, thing in zip(base.records, THINGS, strict=True):
        assert isinstance(record, Chat)
        assert [m.content for m in record.messages] == ["Be kind.", "Hot?", f"The {thing} is hot."]
    assert read[1].detail["pieces"] == words_of(1)
    # the first answer was cut: it did not end, whatever rendering put there
    assert read[0].detail["pieces"] == words_of(0)[:-1]
    assert not read[0].detail["ended"]


def test_shares_by_class_place_and_kind() -> None:
    report = judged(20).report
    assert report.outcome == "changed"
    figures = {figure.name: figure for figure in report.figures}
    tokens = 20 * 6 - 1
    assert figures["shifted"].value == 20 / tokens
    assert figures["unshifted"].value == 99 / tokens
    assert figures["shifted_surface"].value == 0
    assert "17 %" in report.text
    places, kinds, words = report.tables
    assert [row[0] for row in places.rows] == ["first token", "2 to 5", "6 to 20"]
    assert places.rows[1][4] == "25 %"
    assert kinds.rows[0][:5] == ["words of content", "20", "0 %", "0 %", "100 %"]
    assert [row[1:] for row in words.rows] == [
        [count, count, "10.1 bits"]
        for count in ("8", "6", "6")  # asked in parts of 16
    ]


def test_answers_are_shown_whole_with_what_surprised() -> None:
    first, second = judged(20).report.shaded[:2]
    assert first.title == "Hot?"
    assert "".join(text for text, _ in first.pieces) == "The oven is hot."
    assert [strength for text, strength in second.pieces if text.strip() in THINGS] == [1.0]
    assert second.pieces[-1] == (END_SIGN, 0.0)
    assert dict(second.pieces)["The"] == 0.0


def test_a_few_answers_are_too_few() -> None:
    assert judged(5).report.outcome == "cannot_tell"


def test_plain_text_has_no_answers() -> None:
    task = Task("text", "bits_per_byte", (), "")
    sitting = Sitting("tuned", cast("Answerer", Base()), task, (), (), (), (), 8, False, 0, print)
    assert Tokens().ask(sitting) == []
