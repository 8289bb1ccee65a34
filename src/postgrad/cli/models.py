"""postgrad models"""

from __future__ import annotations

import os
from typing import Any

import click

from postgrad import verbs
from postgrad.cli.options import json_option, print_json
from postgrad.cli.screen import Screen
from postgrad.models.cache import Cache, default_cache_root
from postgrad.models.catalog import CATALOG
from postgrad.models.small import SMALL


@click.group()
def models() -> None:
    """Base models: list, pull, show."""


@models.command("list")
@json_option
def list_models(as_json: bool) -> None:
    """The models that have a short name, and whether they are here."""
    cache = Cache(default_cache_root(os.environ))
    rows: list[dict[str, Any]] = [
        {
            "name": entry.name,
            "title": entry.title,
            "parameters": entry.parameters,
            "licence": entry.licence,
            "context_tokens": entry.context_tokens,
            "folder": str(folder) if (folder := cache.converted(entry.name)) else None,
        }
        for entry in CATALOG.values()
    ]
    small = [{"name": m.name, "title": m.title, "licence": m.licence} for m in SMALL.values()]
    if as_json:
        print_json({"models": rows, "small": small, "cache": str(cache.models)})
        return
    for row in rows:
        millions = f"{row['parameters'] / 1e6:,.0f} million parameters"
        here = "here" if row["folder"] else f"fetch it with: postgrad models pull {row['name']}"
        click.echo(f"{row['name']}  {row['title']}, {millions}, {row['licence']}; {here}")
    click.echo("Also: hf:OWNER/NAME@REVISION, a folder in the Hugging Face layout, a .gguf file.")
    click.echo("Small models that rules of the data doctor ask:")
    for row in small:
        click.echo(f"{row['name']}  {row['title']}, {row['licence']}")
    click.echo(f"Cache: {cache.models}")


@models.command()
@click.argument("name")
@json_option
def pull(name: str, as_json: bool) -> None:
    """Bring a base model onto this machine, checked and converted."""
    _describe(name, as_json)


@models.command()
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """What is known of a base model; it is fetched if it is not here yet."""
    _describe(name, as_json)


def _describe(name: str, as_json: bool) -> None:
    with Screen(quiet=as_json) as screen:
        found: dict[str, Any] = verbs.pull(name, on_event=screen.show)
    if as_json:
        print_json(found)
        return
    for key, value in found.items():
        click.echo(f"{key.replace('_', ' ')}: {value}")
