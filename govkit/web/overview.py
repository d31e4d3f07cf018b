"""The pages of a site that are not of one version: the registry, its models, what waits, the log, its health."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from govkit.web import pages, paths
from govkit.web.pages import PART, Draft
from govkit.workflow import doctor
from govkit.workflow.query import Line
from govkit.workflow.registry import Model, Registry

#: So many of the newest events can be filtered, and their reasons are cut to so many characters there.
SEARCHED, _CUT = 10_000, 200
#: So many events of a model are on its page.
_MANY_LINES = 500


def drafts(registry: Registry) -> Iterator[Draft]:
    """Yield every page of a registry that is not of one version."""
    yield _index(registry)
    yield _waiting(registry)
    yield _health(registry)
    yield from _log(registry)
    for model in registry.models:
        yield _model(registry, model)


def parts(size: int) -> int:
    """Return how many pages a log of so many events has."""
    return max(1, -(-size // PART))


def _index(registry: Registry) -> Draft:
    about, models = registry.about, registry.models
    unresolved = [one for one in registry.findings if one.state != "closed"]
    counts = {
        "models": len(models),
        "versions": sum(len(model.versions) for model in models),
        "events": about.head.size,
        "waiting": len(registry.requests),
        "findings": len(unresolved),
        "overdue": sum(one.state == "overdue" for one in unresolved),
    }
    values = {
        "about": about,
        "counts": counts,
        "health": _health_words(registry),
        "stages": _stages(registry),
        "models": [_index_row(model) for model in models],
        "commands": _commands(registry),
    }
    return Draft(paths.INDEX, "index", values, {"entries": list(_entries(registry))})


def _index_row(model: Model) -> dict[str, Any]:
    unresolved = [one for one in model.findings if one.state != "closed"]
    return {
        "name": model.name,
        "serving": {row.stage: row for row in model.serving if row.kind != "registered"},
        "newest": model.versions[0],
        "waiting": len(model.requests),
        "findings": len(unresolved),
        "overdue": sum(one.state == "overdue" for one in unresolved),
    }


def _stages(registry: Registry) -> list[str]:
    """Return all stages: the policy's, then those that only the log still knows."""
    known = list(registry.session.policy.policy.stages)
    served = {row.stage for model in registry.models for row in model.serving if row.kind != "registered"}
    return [*known, *sorted(served - set(known))]


def _commands(registry: Registry) -> list[str]:
    """Return the command lines with which a reader checks what the site says."""
    about = registry.about
    remote = about.remote or "URL"
    served = [row for model in registry.models for row in model.serving if row.version and row.kind != "registered"]
    last = [f"govkit verify '{row.model}' --stage {row.stage}" for row in served[:1]]
    return [
        f"git clone -- {shlex.quote(remote)} registry && cd registry",
        "govkit trust",
        f"govkit log verify --root {about.root}",
        *(f"{command} --root {about.root} --min-head {about.head.size}:{about.head.root}" for command in last),
    ]


def _entries(registry: Registry) -> Iterator[list[str]]:
    """Yield what can be searched: its name, where it is, and more words about it."""
    for model in registry.models:
        where = ", ".join(f"{row.version} in {row.stage}" for row in model.serving if row.kind != "registered")
        yield [model.name, paths.model(model.name), f"model; {where or 'serves nowhere'}"]
        for row in model.versions:
            places = f" in {', '.join(row.serving)}" if row.serving else ""
            more = f"{row.status}{places}; tier {row.tier}; {row.time[:10]} by {row.by}"
            yield [f"{row.model}@{row.version}", paths.version(row.model, row.version), more]
    for one in registry.requests:
        target = paths.version(one.model, one.version) if one.version else paths.WAITING
        yield [one.name, target, f"request by {one.requester}: {_cut(one.reason)}"]


def _waiting(registry: Registry) -> Draft:
    people: dict[str, list[tuple[str, str, str]]] = {}
    for one in registry.requests:
        who = {person for _, able in one.missing for person in able} if not one.void and not one.held else set()
        for person in sorted(who):
            people.setdefault(person, []).append((one.name, one.model, one.version))
    values = {
        "about": registry.about,
        "open": registry.requests,
        "people": sorted(people.items()),
        "unresolved": [one for one in registry.findings if one.state != "closed"],
    }
    return Draft(paths.WAITING, "waiting", values)


def _health(registry: Registry) -> Draft:
    values = {
        "about": registry.about,
        "health": _health_words(registry),
        "exit_code": registry.diagnosis.exit_code,
        "ailments": registry.diagnosis.ailments,
        "looked": [check.title for check in doctor.CHECKS if not check.machine],
    }
    return Draft(paths.HEALTH, "health", values)


def _health_words(registry: Registry) -> str:
    ailments = registry.diagnosis.ailments
    count = sum(one.severity != "note" for one in ailments)
    return f"{count} to mend" if count else f"in order, {len(ailments)} notes" if ailments else "in order"


def _model(registry: Registry, model: Model) -> Draft:
    shown = model.lines[:_MANY_LINES]
    values = {
        "about": replace(registry.about, head=model.head),
        "model": replace(model, lines=[]),
        "stages": [row for row in model.serving if row.kind != "registered"],
        "events": shown,
        "earlier": len(model.lines) - len(shown),
        "parts": parts(registry.about.head.size),
    }
    return Draft(paths.model(model.name), "model", values)


def _log(registry: Registry) -> Iterator[Draft]:
    lines, count = registry.lines, parts(len(registry.lines))
    for number in range(1, count + 1):
        part = lines[(number - 1) * PART : number * PART]
        full = replace(registry.about, head=registry.head_of(part[-1].index), policy="", policy_event=0, day="")
        values = {
            "about": full,
            "first": part[0].index,
            "last": part[-1].index,
            "events": part[::-1],
            "newer": pages.part_path(number + 1, count) if number < count else "",
            "older": paths.log_part(number - 1) if number > 1 else "",
            "others": [],
            "filters": [],
            "searched": 0,
            "unsearched": 0,
        }
        yield Draft(pages.part_path(number, count), "log", values) if number < count else _newest(values, lines, count)


def _newest(values: dict[str, Any], lines: Sequence[Line], count: int) -> Draft:
    """Return the page of the newest events, from which all of the log can be filtered."""
    found = lines[::-1][:SEARCHED]
    chosen = (
        ("actor", "Person", {line.actor for line in found}),
        ("subject", "Model", {line.subject for line in found}),
        ("type", "Type", {line.type for line in found}),
        ("status", "Judged", {str(line.status) for line in found}),
    )
    filters = [(key, label, sorted(choices)) for key, label, choices in chosen]
    others = [
        (paths.log_part(number), f"{(number - 1) * PART} to {number * PART - 1}") for number in range(count - 1, 0, -1)
    ]
    rows = [
        [line.index, line.time, line.actor, line.subject, line.type, str(line.status), line.text, _cut(line.reason)]
        for line in found
    ]
    values = {**values, "filters": filters, "searched": len(found), "unsearched": len(lines) - len(found)}
    return Draft(paths.LOG, "log", {**values, "others": others}, {"events": rows, "part": PART, "parts": count})


def _cut(text: str) -> str:
    return text if len(text) <= _CUT else f"{text[:_CUT]}…"
