"""Make the generated parts of ``docs/reference`` from the code; ``--check`` fails if they are not up to date."""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from govkit.cli import common
from govkit.cli.lazy import commands_of
from govkit.cli.main import cli
from govkit.core import (
    bundle,
    card,
    compatibility,
    controls,
    delivered,
    diff,
    draft,
    enrolment,
    errors,
    events,
    evidence,
    exported,
    formats,
    imported,
    inventory,
    ladder,
    logline,
    mirrored,
    policy,
    policytest,
    report,
    reproduction,
    schema,
    tags,
    tolerances,
    verdict,
    why,
)
from govkit.core.gates import base, kinds, metric

DOCS = Path(__file__).resolve().parent.parent / "docs" / "reference"
NOTE = "<!-- Made by scripts/reference.py from the code; run `make docs` after a change. -->\n\n"

CARD_GROWS = """\
**How it may grow.** A card's name says which builder made it, and a published builder is frozen.
From the same commit it makes the same bytes for ever, so that a card of any age can be made again and compared.
So `govkit.card/v1` gets no new keys, and none of its keys goes or changes its meaning.
What a card is to hold in addition becomes `govkit.card/v2`: all of the version before under the same names, and new
keys that are optional for whoever reads; the hook then makes cards of the newer name.
Cards of every published name stay readable, gates judge them alike, and are made again by the builder of their name.
Whoever reads a card refuses a name that it does not know, and expects nothing of keys that begin with `x-`.
These are the users' own, from `model.yaml`, and the one room in which a card may hold more than its schema says.

It holds the facts of the version and nothing that depends on the log.
How it stands against gates is in `request.json`, the [draft](records.md#draft), and on pages that know the log."""


def commands() -> str:
    """Return the reference of all commands: their help texts as they are."""
    parts = [f"# Commands\n\n{NOTE}"]
    for path, command in _walk(cli, ("govkit",)):
        context = click.Context(command, info_name=" ".join(path))
        parts.append(f"## {' '.join(path)}\n\n```text\n{command.get_help(context).rstrip()}\n```\n")
    return "\n".join(parts)


def _walk(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, child in commands_of(command):
            if not child.hidden:
                yield from _walk(child, (*path, name))


def structure(title: str, lead: str, kinds: list[type[msgspec.Struct]]) -> str:
    """Return the reference of record types: a table of fields for each, with what the docstrings say of them."""
    parts = [f"# {title}\n\n{NOTE}{lead}\n"]
    for kind in kinds:
        first, _, rest = schema.prose(kind).partition("\n")
        prose = rest.strip()
        tag = kind.__struct_config__.tag
        heading = f"`type: {tag}`" if tag else kind.__name__
        parts.append(f"## {heading}\n\n{first}\n" + (f"\n{prose}\n" if prose else ""))
        said = schema.meanings(kind)
        rows = [_row(field, said) for field in msgspec.structs.fields(kind)]
        if rows:
            parts.append("| key | type | default | meaning |\n|---|---|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts).replace("``", "`")


def _row(field: Any, said: dict[str, str]) -> str:
    kind = _type_name(field.type).replace("|", "or")
    return f"| `{field.encode_name}` | {kind} | {_default(field)} | {said.get(field.name, '')} |"


def _default(field: Any) -> str:
    if field.required:
        return "required"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return f"`{json.dumps(msgspec.to_builtins(value))}`"


def _type_name(kind: Any) -> str:
    """Return a type for people."""
    text = str(kind) if not isinstance(kind, type) else kind.__name__
    text = re.sub(r"typing\.Annotated\[([^,\[\]]+),.*?\)\]", r"\1", text)
    text = re.sub(r"typing\.Annotated\[([^,\[\]]+),.*?\]", r"\1", text)
    text = re.sub(r"typing\.Literal\[([^\]]*)\]", r"one of \1", text)
    text = re.sub(r"(?:govkit\.[a-z_.]+|typing)\.", "", text).replace("<class '", "").replace("'>", "")
    text = text.replace("NoneType", "null").replace("None", "null").replace("dict[str, ", "mapping of [")
    text = text.replace("list[", "list of [").replace("dict[", "mapping of [")
    return re.sub(r"\bstr\b", "text", text).replace("'", "`")


#: What ends a command, and an exception that stands for it; the code is the one that the command line gives it.
ENDINGS: tuple[tuple[str, BaseException | None], ...] = (
    ("done, or proven", None),
    ("a rule says no, a proof failed, somebody did not agree", errors.Refused("")),
    ("an option, an argument or a setting is wrong, or something is not set up", errors.Usage("")),
    ("the command line itself is wrong: no such command, option or argument", click.UsageError("")),
    ("a file cannot be read or written", OSError()),
    ("something went wrong inside govkit", RuntimeError()),
    ("what is needed to decide is missing, unknown to this govkit, or cannot be reached", errors.Undecided("")),
    ("a record is not what it should be, and nobody said what follows from that", errors.Malformed("")),
    ("Ctrl-C", KeyboardInterrupt()),
)
MEANINGS = {
    0: "done or proven",
    errors.Refused.exit_code: "refused or disproven",
    errors.Usage.exit_code: "wrong usage or configuration",
    errors.Undecided.exit_code: "could not decide",
}
EXIT_CODES = """\
Every command ends with one of four codes, and only `0` may deploy: whatever is not known is never yes.
Whoever calls govkit from a script needs no other test than that for `0`; the others say whom to ask.

| code | means | ask |
|---|---|---|
| `0` | {0} | nobody |
| `1` | {1} | whoever can change what was refused; the message names them |
| `2` | {2} | whoever wrote the command or the configuration |
| `3` | {3} | whoever can get what is missing; try again then |

With several verdicts in one answer, `1` counts before `3`, and `3` before `0`.

## What ends a command how

| what | code |
|---|---|
{endings}

## Commands that say more of theirs

{more}

`--mode warn` of `govkit verify` turns `1` and `3` into `0` and says so; nothing else does.
A message goes to standard error, an answer (also with `--format json`) to standard output.
"""


def exit_codes() -> str:
    """Return the reference of exit codes: what the command line makes of each way in which a command can end."""
    endings = "\n".join(f"| {what} | `{_ended(error)}` |" for what, error in ENDINGS)
    said = [(path, re.findall(r"[^.]*\b(?:[Ee]xits? |exit code)[^.]*\.", _help(command))) for path, command in _all()]
    more = "\n".join(f"- `{' '.join(path)}`: {' '.join(' '.join(lines).split())}" for path, lines in said if lines)
    return f"# Exit codes\n\n{NOTE}" + EXIT_CODES.format(*MEANINGS.values(), endings=endings, more=more)


def _all() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield from (found for found in _walk(cli, ("govkit",)) if len(found[0]) > 1)


def _help(command: click.Command) -> str:
    options = (option.help or "" for option in command.params if isinstance(option, click.Option))
    return " ".join([command.help or "", *options])


def _ended(error: BaseException | None) -> int:
    def end() -> None:
        if error is not None:
            raise error

    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        return common.run(click.Command("it", callback=end), [])


def pages() -> dict[str, str]:
    """Return every generated file by its name in ``docs/reference``."""
    gates = list(kinds.AnyGate.__args__)
    found = {
        "commands.md": commands(),
        "exit-codes.md": exit_codes(),
        "policy.md": structure(
            "The policy, `govkit.policy/v1`",
            "`governance/policy.yaml` is a proposal; what the log adopted is in force, as canonical JSON with every "
            "default written out. Schema: [govkit.policy.v1.json](schemas/govkit.policy.v1.json).",
            [
                policy.Policy,
                policy.Member,
                policy.Role,
                policy.Admin,
                policy.Retired,
                policy.Audit,
                policy.StageRules,
                policy.TierRules,
                policy.BreakGlass,
                policy.Rollback,
                policy.CanaryRules,
                policy.Approvals,
                policy.Quorum,
                *gates,
                metric.Slice,
            ],
        ),
        "policy-tests.md": structure(
            "Tests of a policy, `govkit.policy-test/v1`",
            "`governance/policy-tests.yaml`, run by `govkit policy test`. "
            "Schema: [govkit.policy-test.v1.json](schemas/govkit.policy-test.v1.json).",
            [
                policytest.Suite,
                policytest.Case,
                policytest.CardChange,
                policytest.FairnessChange,
                policytest.GroupChange,
                policytest.Number,
            ],
        ),
        "model.md": structure(
            "What people say of a model, `govkit.model/v1`",
            "`governance/MODEL/model.yaml`. Top-level keys that begin with `x-` are the users' own, and go into the "
            "card. Schema: [govkit.model.v1.json](schemas/govkit.model.v1.json).",
            [card.Statements, card.Contract, card.Column],
        ),
        "card.md": structure(
            "The card, `govkit.card/v1`",
            "`governance/MODEL/card.json`, RFC 8785 bytes. A pure function of a commit and of the bytes that DVC "
            "tracks. Schema: [govkit.card.v1.json](schemas/govkit.card.v1.json), or `govkit schema card`.\n\n"
            + CARD_GROWS,
            [
                card.Card,
                card.CardModel,
                card.Item,
                card.Lineage,
                card.DvcStage,
                card.CodeFile,
                card.Metric,
                card.Measure,
                card.Fairness,
                card.FairnessAttribute,
                card.FairnessGroup,
                card.Plot,
                card.DataProfile,
            ],
        ),
        "mirrors.md": structure(
            "What mirrors hold, `govkit.mirrored/v1`",
            "One object an event, `PREFIX/ROOT/events/INDEX.json`, and one a size, `PREFIX/ROOT/heads/SIZE.json`; ROOT "
            "is the root of trust in hex, and numbers have twelve digits. RFC 8785 bytes, a function of the log alone. "
            "Schemas: [govkit.mirrored.v1.json](schemas/govkit.mirrored.v1.json), "
            "[govkit.mirrored-head.v1.json](schemas/govkit.mirrored-head.v1.json). How to keep one: "
            "[Mirror the log](../how-to/mirror-the-log.md).",
            [mirrored.Mirrored, mirrored.MirroredHead, mirrored.Carried],
        ),
        "verification.md": structure(
            "Verdicts, targets, deliveries, enrolments",
            "What is handed over outside of the log. `govkit verify` answers with a verdict, `govkit get` writes "
            "`govkit-manifest.json` beside the weights, `govkit verify --dir` judges such a folder, `--target` reads "
            "what a platform says of itself, and `govkit enrol` writes who somebody is. "
            "`govkit schema NAME` prints the schema of each.",
            [
                verdict.VerifyVerdict,
                compatibility.Target,
                delivered.Manifest,
                delivered.Delivered,
                delivered.DeliveredVerdict,
                enrolment.Enrolment,
            ],
        ),
        "answers.md": structure(
            "Answers",
            "What commands that answer questions print with `--format json`: `govkit why`, `govkit diff`, "
            "`govkit inventory`, `govkit controls`, `govkit doctor --level`; and the mappings that `controls` reads. "
            "`govkit schema NAME` prints the schema of each.",
            [
                inventory.Inventory,
                inventory.InventoryRepository,
                inventory.InventoryModel,
                inventory.InventoryStage,
                controls.Framework,
                controls.Source,
                controls.Control,
                controls.Controls,
                controls.MetFramework,
                controls.Met,
                evidence.Piece,
                why.Why,
                why.Signed,
                why.Receipt,
                why.Entrance,
                why.Made,
                why.Parameter,
                why.Reproduced,
                why.Asking,
                why.Voice,
                why.Ruling,
                why.Waived,
                why.Point,
                why.Ran,
                why.Turn,
                why.Revoked,
                why.Proof,
                diff.Diff,
                diff.Side,
                diff.CodeChange,
                diff.CommitLine,
                diff.FileLines,
                diff.ItemChange,
                diff.ParameterChange,
                diff.NumberChange,
                diff.TextChange,
                diff.PolicyChange,
                diff.Rule,
                diff.WayIn,
                ladder.Ladder,
                ladder.Step,
            ],
        ),
        "records.md": structure(
            "Events, tags and reports",
            "An event is `event.json` of a commit on the branch `govkit/log`, RFC 8785 bytes, signed in "
            "`event.json.sig` with `ssh-keygen -Y sign -n govkit-event`. `body` depends on `type`.",
            [
                events.Event,
                events.Head,
                events.TagRef,
                events.Digests,
                events.Genesis,
                events.RemovedKey,
                events.Condition,
                tags.TagRecord,
                report.GateReport,
                base.Check,
                draft.Draft,
                draft.StageDraft,
                bundle.Manifest,
                bundle.BundleFile,
                bundle.Claims,
                bundle.EventClaim,
                bundle.ServingClaim,
                bundle.BytesClaim,
                bundle.Proof,
                exported.Exported,
                exported.Deed,
                exported.DecisionMade,
                exported.LetIn,
                imported.Imported,
                imported.ImportedTag,
                reproduction.Reproduction,
                reproduction.FileResult,
                tolerances.NumberResult,
                logline.LogLine,
                *events.BODIES.values(),
            ],
        )
        + "\n## Types of events\n\n| type | body |\n|---|---|\n"
        + "\n".join(f"| `{name}` | {kind.__name__} |" for name, kind in events.BODIES.items())
        + "\n",
    }
    for name in formats.FORMATS:
        content = json.dumps(formats.json_schema(name), indent=2, sort_keys=True)
        found[f"schemas/{name.replace('/', '.')}.json"] = f"{content}\n"
    return found


def main(arguments: list[str]) -> int:
    """Write the pages, or compare them."""
    stale = []
    for name, text in pages().items():
        path = DOCS / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if arguments != ["--check"]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if arguments == ["--check"] and stale:
        print(f"not up to date: {', '.join(stale)}; run 'make docs'")
        return 1
    print(f"{len(pages())} pages, {len(stale)} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
