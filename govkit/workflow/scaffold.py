"""The files that ``govkit init`` writes for people to fill in, and the hook's DVC stage."""

from __future__ import annotations

import posixpath
import textwrap
from typing import Any

import yaml

from govkit.core.errors import Usage
from govkit.core.lineage import Project, governance_folder
from govkit.core.names import folder_of

ATTRIBUTES = (
    "governance/** -text",
    "governance/**/card.json linguist-generated=true",
    "governance/**/card.md linguist-generated=true",
    "governance/**/request.json linguist-generated=true",
)

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

# One person can start alone. Nobody approves their own request, so a second person must join before
# anything is promoted: govkit people add ID --key FILE.pub --role risk-owner
roles:
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
  documented:
    type: card
    sections: [owner, intended_use, limitations]
    description: Somebody has said what the model is for, and what it is not good at.

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
    deps = sorted({project.artifact(model).path, *project.touched(model)} - {*people})
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


class _Dumper(yaml.SafeDumper):
    """Writes lists indented below their key, as most people do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, indentless=False)


def _from(path: str, folder: str) -> str:
    return posixpath.relpath(path, folder) if folder else path


def add_hook(text: bytes, project: Project, model: str, *, where: str) -> bytes:
    """Return a ``dvc.yaml`` with the hook's DVC stage behind its last stage; unchanged if the model has one.

    Lines are put in and none is changed, so comments and order stay.

    Raises:
        Usage: if it does not parse.
    """
    if f"govkit hook {model}".encode() in text:
        return text
    name, stage = hook_stage(project, model)
    block = yaml.dump({name: stage}, Dumper=_Dumper, sort_keys=False, width=1000)
    lines = text.decode().split("\n")
    try:
        root = yaml.compose(text)
    except yaml.YAMLError as error:
        raise Usage(f"{where} does not parse", why=str(error).split("\n")[0], fix="mend it first") from error
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    stages = next(
        (value for key, value in pairs if key.value == "stages" and isinstance(value, yaml.MappingNode)), None
    )
    if stages is None or not stages.value or stages.flow_style:
        return (text.decode().rstrip("\n") + "\n\nstages:\n" + textwrap.indent(block, "  ")).lstrip("\n").encode()
    end = stages.end_mark.line if stages.end_mark.line else len(lines)
    while end > 0 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    indent = " " * stages.value[0][0].start_mark.column
    added = textwrap.indent(block, indent).rstrip("\n").split("\n")
    return "\n".join([*lines[:end], "", *added, *lines[end:]]).encode()
