"""The files that ``govkit init`` writes for people to fill in, and the hook's DVC stage."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from govkit.core.errors import Usage
from govkit.core.lineage import Project, governance_folder
from govkit.core.names import folder_of
from govkit.core.paths import within
from govkit.storage import yamledit

#: What the hook makes and Git keeps.
GENERATED = ("card.json", "card.md", "request.json")

POLICY = """\
# Policy-as-code: who people are, what they may do, and what each stage requires.
# This file is a proposal; what is in force says the governance log ('govkit policy show').
# Every key is explained in docs/reference/policy.md; 'govkit policy check' checks this file.
schema: govkit.policy/v1
rules: 2
branches: [{branch}] # a version is registered from commits that are on one of these

people:
  {person}:
    name: {name}
    emails: [{email}]
    keys:
      - {key}

roles:
  # One person can start alone. Nobody approves their own request, so a second person must join before
  # anything is promoted: govkit people add ID --key FILE.pub --role risk-owner
  engineer: {{people: [{person}]}}
  risk-owner: {{people: [{person}]}}
  release-engineer: {{people: [{person}]}}
  admin: {{people: [{person}]}}

admin:
  roles: [admin]
  sole: true # one administrator may adopt alone; set to false when a second one joins
  approvals:
    quorum: {{role: admin, count: 1}}
    valid_for: 30d

register: [engineer]
revoke: [risk-owner]

gates:
  lineage:
    type: lineage
    description: Code, data, parameters and weights are known by digest, and agree with the commit.
{waive}  documented:
    type: card
    sections: [owner, intended_use, limitations]
    description: Somebody has said what the model is for, and what it is not good at.
{waive}
stages:
  staging:
    gates: [lineage]
    approvals:
      quorum: {{role: risk-owner, count: 1}}
      valid_for: 30d
    promote: [release-engineer]
  production:
    gates: [lineage, documented]
    approvals:
      quorum: {{role: risk-owner, count: 1}}
      forbid: [registrar]
      valid_for: 30d
    promote: [release-engineer]
"""

#: In a gate, where models were live before: what of them is missing can be put off, by whom, and to a day.
WAIVE = "    waive: [risk-owner] # for what was live before; take this out when it has been replaced\n"

MODEL = """\
# What only people can say about {model}. It becomes part of the card that approvers read.
# Every key is explained in docs/reference/model.md.
schema: govkit.model/v1
tier: high # low, medium or high: by it the policy may ask for more
owner: ""
description: ""
intended_use: ""
out_of_scope: ""
limitations: ""
ethical_risks: ""
human_oversight: ""
monitoring: ""
"""


def hook_stage(project: Project, model: str) -> tuple[str, dict[str, Any]]:
    """Return name and content of the hook's DVC stage, with paths from the folder of the model's ``dvc.yaml``.

    It depends on everything that the card tells of (code, parameters, data, reports), so that DVC runs it again
    whenever the card would change, also when a change of code leaves the weights as they were.

    Args:
        project: the tree's DVC files.
        model: the model's full name.
    """
    folder, name = folder_of(model)
    base = governance_folder(model)
    people = [f"{base}/model.yaml", "governance/policy.yaml"]
    deps = sorted({project.artifact(model).path, *_told(project, model)} - {*people})
    outs: list[Any] = [_from(f"{base}/card.html", folder)]
    outs += [{_from(f"{base}/{file}", folder): {"cache": False}} for file in ("card.json", "card.md")]
    stage = {
        "desc": "Make the model card and the drafted approval request",
        "cmd": f"govkit hook {model}",
        "deps": [_from(dep, folder) for dep in (*deps, *people)],
        "outs": outs,
    }
    several = len(project.artifacts) > 1
    return (f"govern-{name.replace('/', '-')}" if several else "govern"), stage


def _told(project: Project, model: str) -> set[str]:
    """Return what the card tells of; where nothing is known of the weights yet, everything that waits for a run."""
    paths, weights = project.touched(model), project.artifact(model).path
    if project.producer(weights) is None and project.data_file(weights) is None:
        paths |= {path for waiting in project.declared.values() for path in waiting if "${" not in path}
    bases = [governance_folder(other) for other in project.artifacts]  # what other hooks make
    return {path for path in paths if not any(within(path, base) for base in bases)}


def _from(path: str, folder: str) -> str:
    inside = folder and "://" not in path and not path.startswith("/")
    return posixpath.relpath(path, folder) if inside else path


def hook_of(stages: Mapping[str, Any], model: str) -> str | None:
    """Return the name of the DVC stage that runs a model's hook, or None.

    Args:
        stages: the parsed ``stages:`` of the model's ``dvc.yaml``.
        model: the model's full name.
    """
    call = re.compile(rf"\bgovkit +hook +['\"]?{re.escape(model)}(?![\w./=-])")
    for name, stage in stages.items():
        cmd = stage.get("cmd") if isinstance(stage, dict) else None
        if any(call.search(str(line)) for line in (cmd if isinstance(cmd, list) else [cmd])):
            return str(name)
    return None


def add_hook(text: bytes, project: Project, model: str, *, where: str) -> bytes:
    """Return a ``dvc.yaml`` with the hook's DVC stage behind its last stage; unchanged if the model has one.

    Lines are put in and none is changed, so comments and order stay.

    Raises:
        Usage: if it does not parse.
    """
    stages = yamledit.mapping(text, "stages", where=where)
    if hook_of(stages, model) is not None:
        return text
    name, stage = hook_stage(project, model)
    free, number = name, 2
    while free in stages:
        free, number = f"{name}-{number}", number + 1
    return yamledit.put_in(text, "stages", free, stage, where=where)


def add_model(text: bytes, name: str, path: str, *, where: str) -> bytes:
    """Return a ``dvc.yaml`` that declares a model under ``artifacts:``; comments and order stay.

    Args:
        text: the file's bytes; empty for a new one.
        name: the model's name in there.
        path: what it is, from the folder of the file.
        where: the file's name, for messages.

    Raises:
        Usage: if it does not parse, or has another artifact of this name.
    """
    if name in yamledit.mapping(text, "artifacts", where=where):
        raise Usage(f"{where} has an artifact '{name}' already", fix="choose another name, or mend that entry")
    return yamledit.put_in(text, "artifacts", name, {"path": path, "type": "model"}, where=where)


def attributes(folder: str) -> list[str]:
    """Return what ``.gitattributes`` says of the governance files beside a ``dvc.yaml``.

    Git must not change their line ends, as digests are taken of them. What is generated is never merged by lines: half
    of one card and half of another would be the card of nothing; it is made again instead.

    Args:
        folder: the folder of the ``dvc.yaml``, empty at the top.
    """
    base = posixpath.join(folder, "governance")
    base = base.replace(" ", "?")  # a blank would end the pattern
    return [f"{base}/** -text", *(f"{base}/**/{name} linguist-generated=true -merge" for name in GENERATED)]
