"""postgrad chat"""

from __future__ import annotations

import json
from pathlib import Path

import click

from postgrad import verbs
from postgrad.cli.options import json_option


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--system", help="A system message; default: the one of the run's data, if any.")
@click.option("--base-only", is_flag=True, help="Talk to the base model instead.")
@json_option
def chat(run: Path, system: str | None, base_only: bool, as_json: bool) -> None:
    """Talk to the model of a run. An empty line ends it.

    With --json, each line of the input is asked, and each answer is one line of JSON.
    """
    if system is None:
        system = verbs.system_message(run)
    click.echo("Loading the model ... (an empty line ends the chat)", err=True)
    with verbs.chat(run, base_only=base_only) as conversation:
        history = [{"role": "system", "content": system}] if system else []
        while asked := _asked(as_json):
            history.append({"role": "user", "content": asked})
            answer = ""
            for piece in conversation.ask(history):
                if not as_json:
                    click.echo(piece, nl=False)
                answer += piece
            click.echo(json.dumps({"answer": answer}, ensure_ascii=False) if as_json else "")
            history.append({"role": "assistant", "content": answer})


def _asked(as_json: bool) -> str:
    """The next question; nothing at the end of the input or on an empty line."""
    try:
        prompt = "" if as_json else "you"
        suffix = "" if as_json else "> "
        return click.prompt(prompt, prompt_suffix=suffix, default="", show_default=False).strip()
    except click.Abort:
        return ""
