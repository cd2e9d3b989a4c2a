"""The jobs of a table: a CSV with a row for each dub and a column for each option of `synctalkface dub`."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

import typer
import typer.main

from synctalkface.cli.dub import dub
from synctalkface.errors import ConfigError
from synctalkface.strict import suggest

NEEDED = ("video", "speech", "out")
ASIDE = ("force", "resume", "events", "speeches")  # said once, for all jobs; several speeches are in one cell
YES, NO = {"yes", "true", "1", "on"}, {"no", "false", "0", "off"}


@dataclass(frozen=True)
class Job:
    """One row: its `line` in the table, its result, what that is made of, and the arguments of `dub` that make it."""

    line: int
    out: Path
    sources: tuple[Path, ...]
    arguments: tuple[str, ...]

    @property
    def done_before(self) -> bool:
        """Is its result there? A result appears whole or not at all."""
        return self.out.exists()


def read_jobs(table: Path, folder: Path | None = None, shared: Sequence[str] = ()) -> list[Job]:
    """The jobs of the CSV file `table`, with the arguments that all have in common before their own.

    Relative paths are meant from the folder of the table, those of results from `folder`, if there is one.
    Raises ConfigError, with the line, if it is not a table of jobs that can be begun.
    """
    command = _command()
    known = {parameter.name: parameter for parameter in command.params if parameter.name not in ASIDE}
    jobs = []
    for line, row in _rows(table, sorted(known)):
        where = f"{table}, line {line}"
        for column in NEEDED:
            if not row[column]:
                raise ConfigError(f"{where}: '{column}' is empty. Every row needs {', '.join(NEEDED)}.")
        below = {"out": folder or table.parent}
        found = {
            name: [_located(name, part, below.get(name, table.parent)) for part in _parts(text, known[name])]
            for name, text in row.items()
            if text
        }
        arguments = [*shared, *_options(found, known, where), "--", *found["video"], *found["speech"]]
        try:
            command.make_context("dub", list(arguments))
        except typer.TyperException as error:
            raise ConfigError(f"{where}: {error.format_message()}") from None
        sources = tuple(map(Path, found["video"] + found["speech"]))
        jobs.append(Job(line, Path(found["out"][0]), sources, tuple(arguments)))
    _check_apart(jobs, table)
    return jobs


def _command() -> Any:
    app = typer.Typer(add_completion=False)
    app.command()(dub)
    return typer.main.get_command(app)


def _rows(table: Path, known: list[str]) -> list[tuple[int, dict[str, str]]]:
    """The rows that say anything, each with its line, checked for their columns."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey="", restval="")
            columns = [name.strip().lower().replace("-", "_") for name in reader.fieldnames or []]
            rows = [(reader.line_num, [row[name] for name in reader.fieldnames or []], "" in row) for row in reader]
    except OSError as error:
        raise ConfigError(f"{table} cannot be read ({error.strerror}). Name a CSV file with the jobs.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{table} is no CSV table ({error}). Export it as CSV, in UTF-8.") from None
    for name in columns:
        if name not in known or columns.count(name) > 1:
            what = "twice there" if name in known else f"unknown.{suggest(name, known)}"
            raise ConfigError(f"{table}: the column '{name}' is {what}")
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        raise ConfigError(f"{table}: the column '{missing[0]}' is missing. The first line names the columns.")
    found = []
    for line, texts, longer in rows:
        if longer:
            raise ConfigError(f"{table}, line {line}: there are more values than columns. Put quotes round commas.")
        if any(text.strip() for text in texts):
            found.append((line, dict(zip(columns, (text.strip() for text in texts), strict=True))))
    if not found:
        raise ConfigError(f"{table} has no jobs in it. Write one a line, below the names of the columns.")
    return found


def _parts(text: str, parameter: Any) -> list[str]:
    """The values in a cell: several, between semicolons, where `dub` takes several."""
    several = getattr(parameter, "multiple", False) or parameter.nargs != 1
    return [part.strip() for part in text.split(";")] if several else [text]


def _located(name: str, text: str, below: Path) -> str:
    """`text` of the column `name`; where it is a path, as an absolute one, since jobs may run anywhere."""
    is_path = "Path" in str(get_type_hints(dub)[name]) or (name == "weights" and (below / text).is_dir())
    return str((below / text).absolute()) if is_path else text


def _options(found: Mapping[str, list[str]], known: Mapping[str, Any], where: str) -> list[str]:
    """The values of a row as options of the command line."""
    words: list[str] = []
    for name, values in found.items():
        if known[name].param_type_name == "argument":
            continue
        option = known[name].opts[0]
        if not known[name].is_flag:
            words += [word for value in values for word in (option, value)]
        elif values[0].lower() in YES:
            words.append(option)
        elif values[0].lower() not in NO:
            raise ConfigError(f"{where}: '{name}' is '{values[0]}'. Write yes or no.")
    return words


def _check_apart(jobs: list[Job], table: Path) -> None:
    """ConfigError if a result of one job is that of another, or what another begins with."""
    lines: dict[str, int] = {}
    for job in jobs:
        if _key(job.out) in lines:
            raise ConfigError(
                f"{table}: lines {lines[_key(job.out)]} and {job.line} would both write {job.out}. "
                "Give each job a result of its own."
            )
        lines[_key(job.out)] = job.line
    for job in jobs:
        for source in job.sources:
            if _key(source) in lines:
                raise ConfigError(
                    f"{table}: line {job.line} begins with {source}, which line {lines[_key(source)]} writes. "
                    "Dub in two rounds, or name another file."
                )


def _key(path: Path) -> str:
    return os.path.normcase(os.path.realpath(path))
