"""Render: a chat as the tokens that the model sees, and which of them are taught.

The tokens are those of inference: each assistant turn follows exactly the prompt that the model
would be given, so a chat becomes as few sequences as its template allows (one, when showing the
next turn does not change what came before). Taught are the assistant's words and the stop token,
nothing else. Text that looks like a special token is only text when a person wrote it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from collections.abc import Sequence as Rows
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from postgrad.core.records import Chat, Message
from postgrad.data.encode import Encoder, Tokenizer, restore
from postgrad.errors import ModelError, RowError

_PROBE, _PROBE_VALUE = "postgradprobe", "postgradvalue"
_OTHER_TEMPLATE = "name another template: --set base.chat_template=chatml"


@dataclass(frozen=True, slots=True)
class Sequence:
    """Tokens as the model sees them.

    `taught` are the indices of the tokens that the loss is taken on, in rising order, never 0
    (nothing comes before it to predict it from).
    """

    tokens: tuple[int, ...]
    taught: tuple[int, ...]

    def cut(self, limit: int) -> Sequence:
        """At most `limit` tokens. The stop token is cut off with the rest, never moved up: a
        row that was cut does not teach to stop there."""
        if len(self.tokens) <= limit:
            return self
        return Sequence(self.tokens[:limit], tuple(i for i in self.taught if i < limit))

    def windows(self, limit: int) -> list[Sequence]:
        """The sequence in parts of at most `limit` tokens (two at least), where all is taught from
        the first taught token on. Each token is taught once, with as much before it as fits.

        Source: lm-eval 0.4.13, `utils.get_rolling_token_windows` with a context of one token; its
        windows are one token longer, because the last one is not read.
        """
        found: list[Sequence] = []
        start, end = self.taught[0], len(self.tokens)
        while start < end:
            stop = min(start + limit - 1, end)
            begin = max(0, stop - limit)
            found.append(
                Sequence(self.tokens[begin:stop], tuple(range(start - begin, stop - begin)))
            )
            start = stop
        return found


@dataclass(frozen=True)
class Template:
    """A tokenizer with a chat template.

    Args:
        tokenizer: of Hugging Face, a fast one.
        model_stops: tokens that end an answer by the model's own account (`eos_token_id` in its
            generation_config.json), beside the template's and the tokenizer's.
    """

    tokenizer: Tokenizer
    model_stops: frozenset[int] = frozenset()

    def prompt_tokens(
        self, messages: Rows[Message], tools: Rows[Mapping[str, Any]] = ()
    ) -> list[int]:
        """The tokens that the model is given before it answers."""
        return self._encoder.encode(self._text(messages, tools, prompt=True))

    def sequences(self, chat: Chat) -> list[Sequence]:
        """The chat as sequences; each turn of the assistant with weight 1 is taught once.

        Raises:
            RowError: nothing is taught, or a turn can't be taught exactly.
        """
        self._require_tools_shown(chat)
        found: list[Sequence] = []
        for index, message in enumerate(chat.messages):
            if message.role != "assistant" or message.weight == 0:
                continue
            turn = self._turn(chat, index)
            if found and turn.tokens[: len(found[-1].tokens)] == found[-1].tokens:
                previous = found.pop()
                turn = replace(turn, taught=previous.taught + turn.taught)
            found.append(turn)
        if not found:
            raise RowError(
                "No assistant turn is taught.",
                path="messages",
                why="Every assistant turn has weight 0.",
                fix="Give at least one assistant turn the weight 1, or remove the row.",
                code="nothing_taught",
            )
        self._require_turns_shown(chat)
        return found

    def last_turn(self, chat: Chat) -> Sequence:
        """The chat with only the last assistant turn taught: what a test item is scored on."""
        return self._turn(chat, len(chat.prompt))

    def reference(self, chat: Chat) -> str:
        """The last assistant turn as the model would write it, decoded as its answers are."""
        turn = self.last_turn(chat)
        words = [turn.tokens[index] for index in turn.taught]
        return self.tokenizer.decode(words, skip_special_tokens=True)

    def text_sequence(self, text: str, *, with_end: bool = True) -> Sequence:
        """Plain text as in pre-training: BOS where the tokenizer puts one, the text, and (if
        `with_end`) the tokenizer's end of text. Every token but the first is taught.

        Raises:
            RowError: the text has no second token to teach.
        """
        words = self._encoder.encode(self._guarded(text, "text"))
        end = self._end_of_text if with_end else ()
        tokens = (*self._encoder.beginning, *words, *end)
        if len(tokens) < 2:
            raise RowError(
                "The text is a single token.",
                path="text",
                why="The first token of a text is not taught: nothing comes before it.",
                fix="Remove the row, or join it with others.",
                code="nothing_taught",
            )
        return Sequence(tokens, tuple(range(1, len(tokens))))

    def prompt_text(self, messages: Rows[Message]) -> str:
        """The template's text of a conversation before the assistant's next turn, or up to the
        words of an assistant that stand last. Look-alikes of special tokens are marked in it."""
        if messages and messages[-1].role == "assistant":
            words = self._guarded(messages[-1].content, f"messages[{len(messages) - 1}]")
            return self._text(messages[:-1], (), prompt=True) + words
        return self._text(messages, (), prompt=True)

    def beginning_tokens(self, text: str) -> list[int]:
        """Text as it stands, with BOS where the tokenizer puts one and the text has none; of no
        text, what stands before one."""
        words = self._encoder.encode(text) or self._opening
        beginning = self._encoder.beginning
        return words if words[: len(beginning)] == beginning else [*beginning, *words]

    def continuation(self, before: str, text: str) -> Sequence:
        """Two texts as they stand; the tokens of the second are taught.

        They are cut into tokens as one text, and white space at the end of the first belongs to
        the second. With nothing before it, a text stands behind BOS, or else behind the end of
        text. Source: lm-eval 0.4.13, `TemplateLM._encode_pair` and `loglikelihood`, so that
        scores are those that others publish.

        Where the first alone has as many tokens as both together, the second is cut by itself.

        Raises:
            RowError: the second is empty.
        """
        kept = before.rstrip()
        opening = self._encoder.beginning or self._opening
        first = self.beginning_tokens(kept) if kept else opening
        whole = self.beginning_tokens(before + text)
        if not kept and whole[: len(opening)] != opening:
            whole = [*opening, *whole]
        if len(whole) <= len(first):  # it melts into what stands before it
            whole = [*first, *self._encoder.encode(before[len(kept) :] + text)]
        if not text or len(whole) <= len(first):
            raise RowError(
                f"Nothing goes on after {before[-60:]!r}.",
                path="text",
                why="An empty text has no likelihood.",
                fix="Leave the item out.",
                code="nothing_taught",
            )
        return Sequence(tuple(whole), tuple(range(len(first), len(whole))))

    @cached_property
    def stop(self) -> str:
        """The token that ends an assistant turn, read off the template itself.

        Raises:
            ModelError: the template puts no special token behind an assistant turn.
        """
        probe = [Message("user", "a"), Message("assistant", _PROBE)]
        _, _, after = self._text(probe, (), prompt=False).rpartition(_PROBE)
        token = self._encoder.first_special(after)
        if token is None:
            raise ModelError(
                "The chat template puts no special token behind an assistant turn.",
                why="The model could not learn where to stop.",
                fix="Name another template: --set base.chat_template=chatml",
                code="no_stop_token",
            )
        return token

    @cached_property
    def stop_ids(self) -> frozenset[int]:
        """Tokens that end an answer: the template's, the tokenizer's end of text, the model's."""
        return frozenset([*self._encoder.encode(self.stop), *self._end_of_text, *self.model_stops])

    @cached_property
    def text_stop_ids(self) -> frozenset[int]:
        """Tokens that end a text which is no chat: the tokenizer's end of text, the model's, and
        the template's where there is one."""
        if self.tokenizer.chat_template:
            return self.stop_ids
        return frozenset([*self._end_of_text, *self.model_stops])

    @cached_property
    def _opening(self) -> list[int]:
        """What stands before a text of which every token is asked."""
        bos = getattr(self.tokenizer, "bos_token_id", None)
        return self._end_of_text if bos is None else [bos]

    @cached_property
    def _encoder(self) -> Encoder:
        return Encoder(self.tokenizer)

    @cached_property
    def _end_of_text(self) -> list[int]:
        end = getattr(self.tokenizer, "eos_token_id", None)
        return [] if end is None else [end]

    def _turn(self, chat: Chat, index: int) -> Sequence:
        """The chat up to one assistant turn, which alone is taught."""
        message, path = chat.messages[index], f"messages[{index}]"
        prompt = self._prompt(chat, index)
        answer = self._answer(chat, index, prompt)
        self._require_words_shown(message, restore(answer), path)
        self._require_calls_shown(chat, index, prompt)
        before = self._encoder.encode(prompt)
        words = self._encoder.continuation(prompt, before, answer)
        self._require_same_characters(restore(answer), words, path)
        start = len(before)
        return Sequence((*before, *words), tuple(range(max(1, start), start + len(words))))

    def _prompt(self, chat: Chat, index: int) -> str:
        """What the template shows before it expects this turn."""
        if index == 0:
            raise RowError(
                "The chat begins with the assistant.",
                path="messages[0]",
                why="There is no prompt to which this turn is the answer.",
                fix='Begin with a system or user message, or give this turn "weight": 0.',
                code="answer_without_prompt",
            )
        return self._text(chat.messages[:index], chat.tools, prompt=True)

    def _answer(self, chat: Chat, index: int, prompt: str) -> str:
        """What the template shows of an assistant turn behind its prompt, to the stop token."""
        path = f"messages[{index}]"
        whole = self._text(chat.messages[: index + 1], chat.tools, prompt=False)
        if not whole.startswith(prompt):
            raise RowError(
                "The chat template shows this turn differently from how it asks for it.",
                path=path,
                why="What is taught must begin with exactly the prompt of inference.",
                fix=f"Change the turn, or {_OTHER_TEMPLATE}",
                code="template_not_prefix",
            )
        return self._up_to_stop(whole[len(prompt) :], path)

    def _up_to_stop(self, rest: str, path: str) -> str:
        words, stop, _ = rest.partition(self.stop)
        # Some turns end differently: Llama 3.1's calls of built-in tools with <|eom_id|>.
        answer = words + stop if stop else self._encoder.up_to_last_special(rest)
        if answer is None:
            raise RowError(
                "The chat template puts no special token behind this turn.",
                path=path,
                why="The model could not learn where to stop.",
                fix=f"Change the turn, or {_OTHER_TEMPLATE}",
                code="turn_without_stop",
            )
        return answer

    def _require_words_shown(self, message: Message, answer: str, path: str) -> None:
        if _without_space(message.content) not in _without_space(answer):
            raise RowError(
                "The chat template leaves out some of the assistant's words.",
                path=f"{path}.content",
                why="Only what it shows can be taught. Some leave out reasoning inside <think>, "
                "or the text beside a tool call.",
                fix=f"Take these words out of the turn, or {_OTHER_TEMPLATE}",
                code="template_leaves_out_words",
            )

    def _require_calls_shown(self, chat: Chat, index: int, prompt: str) -> None:
        """Put a probe in the place of each call and look for it."""
        message = chat.messages[index]
        for number, call in enumerate(message.tool_calls):
            probe = replace(call, name=_PROBE, arguments={_PROBE_VALUE: _PROBE_VALUE})
            calls = (*message.tool_calls[:number], probe, *message.tool_calls[number + 1 :])
            probed = replace(message, tool_calls=calls)
            shown = replace(chat, messages=(*chat.messages[:index], probed))
            answer = self._answer(shown, index, prompt)
            if _PROBE not in answer or _PROBE_VALUE not in answer:
                raise _without_tools(
                    f"the call of {call.name!r}", f"messages[{index}].tool_calls[{number}]"
                )

    def _require_tools_shown(self, chat: Chat) -> None:
        if chat.tools and chat.prompt:
            shown = self._text(chat.prompt, chat.tools, prompt=True)
            if shown == self._text(chat.prompt, (), prompt=True):
                raise _without_tools("the row's tools", "tools")

    def _require_turns_shown(self, chat: Chat) -> None:
        """See that the template shows every turn before the last that is taught."""
        taught = [m.role == "assistant" and m.weight > 0 for m in chat.messages]
        earlier = chat.messages[: len(taught) - 1 - taught[::-1].index(True)]
        shape = tuple((m.role, not m.content.strip(), len(m.tool_calls)) for m in earlier)
        key = (shape, bool(chat.tools))
        if key not in self._left_out:
            self._left_out[key] = self._first_left_out(earlier, chat.tools)
        index = self._left_out[key]
        if index is not None:
            role = earlier[index].role
            raise RowError(
                f"The chat template leaves out the {role} turn.",
                path=f"messages[{index}]",
                why="The model would be taught an answer to what it never sees.",
                fix=f"Take the turn out, or {_OTHER_TEMPLATE}",
                code="template_leaves_out_turn",
            )

    @cached_property
    def _left_out(self) -> dict[Any, int | None]:
        """By the shape of a chat, the first turn that is not shown: what a template shows follows
        from the roles, not from the words."""
        return {}

    def _first_left_out(
        self, messages: Rows[Message], tools: Rows[Mapping[str, Any]]
    ) -> int | None:
        """Put a probe in the place of each turn's text and look for it."""
        probes = {
            index: f"{_PROBE}{index}x" for index, m in enumerate(messages) if m.content.strip()
        }
        probed = [
            replace(message, content=probes.get(index, message.content))
            for index, message in enumerate(messages)
        ]
        try:
            shown = self._text(probed, tools, prompt=True)
        except RowError:  # it judges the words: nothing is known of it
            return None
        return next((index for index, probe in probes.items() if probe not in shown), None)

    def _require_same_characters(self, answer: str, words: list[int], path: str) -> None:
        """See that the tokens still say what the text says, white space and case aside (some
        tokenizers normalise: Qwen's to NFC)."""
        shown = self.tokenizer.decode(words)
        if shown == answer:
            return
        wanted, found = _normalised(answer), _normalised(shown)
        if wanted != found:
            lost = sorted(set(wanted) - set(found))[:3]
            names = ", ".join(f"U+{ord(character):04X}" for character in lost)
            raise RowError(
                f"The tokenizer has no tokens for part of the answer{names and ': '}{names}.",
                path=f"{path}.content",
                why="It drops what it does not know, so that the answer could not be taught whole.",
                fix="Remove these characters, or the row.",
                code="unknown_characters",
            )

    def _text(
        self, messages: Rows[Message], tools: Rows[Mapping[str, Any]], *, prompt: bool
    ) -> str:
        """The rendered text, in which look-alikes of special tokens are guarded."""
        turns = [
            {**self._guarded(message.as_dict(), f"messages[{index}]"), "role": message.role}
            for index, message in enumerate(messages)
        ]
        options = {"tools": self._guarded(tools, "tools")} if tools else {}
        try:
            return self.tokenizer.apply_chat_template(
                turns,
                tokenize=False,
                add_generation_prompt=prompt,
                enable_thinking=False,  # Qwen3's switch; other templates ignore it
                **options,
            )
        except Exception as error:  # Jinja's errors, and whatever a template raises itself
            raise RowError(
                f"The chat template refuses the conversation: {error}",
                path="messages",
                why="Each model family allows certain roles in a certain order.",
                fix="Change the row's roles, or name another template in base.chat_template.",
                code="template_refuses",
            ) from error

    def _guarded(self, value: Any, path: str) -> Any:
        try:
            return self._encoder.guard(value)
        except ValueError as error:
            raise RowError(
                "The text holds U+FDD0.",
                path=path,
                why="Unicode reserves it as no character; here it marks text that looks like a "
                "special token.",
                fix="Remove it.",
                code="noncharacter",
            ) from error


def _without_tools(what: str, path: str) -> RowError:
    return RowError(
        f"The chat template does not show {what}.",
        path=path,
        why="The model would neither see nor learn it.",
        fix="Name a template with tools: --set base.chat_template=chatml",
        code="template_without_tools",
    )


def _without_space(text: str) -> str:
    return "".join(text.split())


def _normalised(text: str) -> str:
    return _without_space(unicodedata.normalize("NFKC", text).casefold())
