"""Rules that look at one text at a time: what they find, and what they leave alone."""

from __future__ import annotations

import pytest

from postgrad import plugins
from postgrad.core.findings import Hit
from postgrad.core.records import Chat, Message, ToolCall
from postgrad.data.cleaning import language
from postgrad.data.rows import Row, Rows, Size
from postgrad.errors import SetupError


def hits(rule: str, *pairs: tuple[str, str]) -> list[Hit]:
    records = [Chat((Message("user", q), Message("assistant", a))) for q, a in pairs]
    rows = [Row(i, "train", "a", i + 1, each, None, Size(20, 10)) for i, each in enumerate(records)]
    return list(plugins.load("rules", rule)().find(Rows(rows)))


@pytest.mark.parametrize(
    ("rule", "answer"),
    [
        ("encoding", "It donâ€™t open before nine."),
        ("encoding", "A caf\ufffd is open."),
        ("markup", "<p>We open at nine.</p>"),
        ("markup", "Tea&nbsp;&amp;&nbsp;coffee"),
        ("repetition", "It is so because it always was so. " * 8),
        ("refusals", "As an AI language model, I cannot give advice."),
        ("refusals", "I'm sorry, but I can't assist with that."),
        ("placeholders", "Dear [INSERT NAME], thank you."),
        ("placeholders", "Hello {customer_name}, it comes on {{date}}."),
        ("placeholders", '{"reply": "Regards, <YOUR NAME>"}'),
    ],
)
def test_finds(rule: str, answer: str) -> None:
    assert [hit.row for hit in hits(rule, ("What is it, please?", answer))] == [0]


@pytest.mark.parametrize(
    ("rule", "question", "answer"),
    [
        ("encoding", "Is it?", "Ça va à Zürich: “naïve” — 20 £, Ångström, São Paulo."),
        ("markup", "Is 3 < 4?", "Yes, and 5 > 4 & 6 > 5."),
        ("markup", "Make a heading in HTML.", "<p>Heading</p>"),
        ("markup", "Print it.", "```\n<div>\n```"),
        ("repetition", "Count.", " ".join(map(str, range(200)))),
        ("refusals", "Can we?", "Sorry that it took so long; you can."),
        ("refusals", "Who?", "The language model of the team was trained in May."),
        ("placeholders", "Mask it.", "Write to [EMAIL_1] or [NAME_2]."),
        ("placeholders", "Fill in [Your Name].", "It says [Your Name]."),
        ("placeholders", "Show it.", "def greet(name):\n    return f'Hello {name}'"),
    ],
)
def test_leaves_alone(rule: str, question: str, answer: str) -> None:
    assert hits(rule, (question, answer)) == []


def test_mojibake_is_undone() -> None:
    [hit] = hits("encoding", ("Is it?", "No, it donâ€™t, in the cafÃ©."))
    assert dict(hit.replace) == {"donâ€™t,": "don’t,", "cafÃ©.": "café."}


def test_only_what_is_taught_counts() -> None:
    said = "As an AI language model, I cannot do it."
    assert hits("refusals", (said, "You are not one.")) == []


def test_a_foreign_answer_is_odd_but_translation_is_a_task() -> None:
    english = [
        (f"How long does delivery number {n} take to arrive here?", "It takes about three days.")
        for n in range(30)
    ]
    foreign = (
        "How long does the delivery take to arrive here?",
        "Das hängt davon ab, wie lange die Lieferung unterwegs war.",
    )
    assert [hit.row for hit in hits("language", *english, foreign)] == [30]
    assert hits("language", *english[:10], *[foreign] * 10) == []


@pytest.mark.parametrize(
    "ask",
    [
        "Please translate this into German: how long does the delivery take to arrive here?",
        "Übersetze bitte ins Englische: Wie lange dauert die Lieferung, bis sie hier ankommt?",
        "Traduce esta frase al alemán, por favor: cuánto tarda la entrega en llegar hasta aquí?",
    ],
)
def test_who_asks_for_a_translation_gets_another_language_rightly(ask: str) -> None:
    english = [
        (f"How long does delivery number {n} take to arrive here?", "It takes about three days.")
        for n in range(30)
    ]
    answers = {
        "Ü": "How long does it take until the delivery arrives here, and who brings it?",
        "": "Das hängt davon ab, wie lange die Lieferung unterwegs war.",
    }
    answer = answers.get(ask[0], answers[""])
    assert hits("language", *english, (ask, answer)) == []
    asked_plainly = ask.partition(": ")[2]
    assert [hit.row for hit in hits("language", *english, (asked_plainly, answer))] == [30]


def test_plain_english_needs_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    english = "What have you done with the order that was placed there on Monday?"
    dutch = "In de film is het de vraag of hij was waar hij of zij had moeten zijn, en waarom."
    assert language.language(dutch) == "nl"
    assert language.language(dutch.upper()) == "nl"
    monkeypatch.setattr(language, "_model", None)
    assert language.language(english) == language.language(english.upper()) == "en"
    with pytest.raises(TypeError):
        language.language(dutch)


def test_fasttext_without_its_model_of_languages_names_the_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(language, "PACKAGE", "no_such_package")
    monkeypatch.setattr(language, "_model", language._model.__wrapped__)  # not what is remembered
    with pytest.raises(SetupError, match="no_such_package"):
        language.language("Nous sommes ouverts tous les jours sauf le dimanche et le lundi.")


def test_code_repeats_itself_rightly_and_prose_does_not() -> None:
    cases = "\n".join(
        f"    if value == {n}:\n        return handler.run(value, {n})" for n in range(12)
    )
    code = f"def choose(handler, value):\n{cases}\n    return None"
    assert hits("repetition", ("Write it.", code)) == []
    table = "const rows = [\n" + '  { "name": "value", "size": 1 },\n' * 9 + "];"
    assert hits("repetition", ("Write it.", table + "\nfunction size(rows) { return 9; }")) == []
    prose = "If the value is one of these, return what the handler says. " * 12
    assert [hit.row for hit in hits("repetition", ("Write it.", prose))] == [0]
    loop = "def run(value):\n" + "    return handler.run(value, value)\n" * 40  # code too can loop
    assert [hit.row for hit in hits("repetition", ("Write it.", loop))] == [0]


@pytest.mark.parametrize(
    ("ask", "answer", "is_found"),
    [
        ("Write an e-mail to my landlord.", "Dear [Landlord's name],\n[Your name]", False),
        ("Draft a letter of complaint.", "Regards,\n[Name]", False),
        ("Can you prepare a job offer for us?", "Dear [Name], we offer you ...", False),
        ("The letter has to be rewritten.", "Dear [Name], thank you.", False),
        ("Write an e-mail to my landlord.", "Dear {{name}}, lorem ipsum", True),
        ("Write an e-mail to my landlord.", "Dear [insert name here], hello.", True),
        ("Write an e-mail to my landlord.", "Dear Sir, by TBD.", True),
        ("Thank the customer.", "Dear [Name], thank you.", True),
    ],
)
def test_blanks_belong_to_a_draft(ask: str, answer: str, is_found: bool) -> None:
    assert bool(hits("placeholders", (ask, answer))) == is_found


def test_only_the_user_asks_for_a_draft() -> None:
    told = Message("system", "You write e-mails and letters for the desk.")
    turns = (told, Message("user", "Is it there?"), Message("assistant", "It is, [Your name]."))
    row = Row(0, "train", "a", 1, Chat(turns), None, Size(9, 9))
    assert len(list(plugins.load("rules", "placeholders")().find(Rows([row])))) == 1


def test_tool_calls_are_held_against_the_schema() -> None:
    schema = {"type": "object", "properties": {"guests": {"type": "integer"}}}
    tool = {"type": "function", "function": {"name": "book", "parameters": schema}}
    calls = [
        ToolCall("book", {"guests": 4}, "1"),
        ToolCall("book", {"guests": "four"}, "2"),
        ToolCall("cancel", {}, "3"),
    ]
    record = Chat(
        (Message("user", "A table?"), Message("assistant", "", tuple(calls))), tools=(tool,)
    )
    rows = Rows([Row(0, "train", "a", 1, record, None, Size(9, 9))])
    found = [(hit.code, hit.path) for hit in plugins.load("rules", "tool_calls")().find(rows)]
    assert found == [
        ("invalid_arguments", "messages[1].tool_calls[1].function.arguments"),
        ("unknown_tool", "messages[1].tool_calls[2].function.name"),
    ]


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/definitions/missing"},
        {"$ref": "#"},
        {"$ref": "http://127.0.0.1:9/schema.json"},
        {"properties": {"name": {"pattern": "("}}},
        {"properties": {"name": {"pattern": "(a+)+$"}}},
        {"type": "no such type"},
        "no schema",
    ],
)
def test_a_schema_of_a_stranger_does_no_harm(schema: object) -> None:
    tool = {"type": "function", "function": {"name": "book", "parameters": schema}}
    call = ToolCall("book", {"name": "a" * 60 + "b"})
    record = Chat((Message("user", "So?"), Message("assistant", "", (call,))), tools=(tool,))
    rows = Rows([Row(0, "train", "a", 1, record, None, Size(9, 9))])
    assert list(plugins.load("rules", "tool_calls")().find(rows)) == []


def test_rare_and_dominating_labels() -> None:
    rare = [(f"q{n}", "cold" if n % 2 else "warm") for n in range(200)] + [("x", "mild")] * 2
    assert {(h.code, h.row) for h in hits("labels", *rare)} == {
        ("rare_label", 200),
        ("rare_label", 201),
    }
    most = [(f"q{n}", "warm" if n % 10 else "cold") for n in range(200)]
    assert {hit.code for hit in hits("labels", *most)} == {"dominating_label"}
    assert hits("labels", *most[:50]) == []
