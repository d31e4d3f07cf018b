"""Templates in ``dvc.yaml``: what DVC's own parser makes of them, without running it, and no more than can be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from govkit.core import yamltext
from govkit.core.templates import Budget, Templates
from govkit.core.templatetext import SPELLINGS, Spelling, Unfilled
from tests import pace

FILES = {
    "params.yaml": "rate: 0.1\nsmall: 1e-3\non: True\nnothing: null\nname: a b\ndeep: {x: 1, y: {z: [1, two, {k: v}]}}\n"
    "list: [1, true, x]\nmaps: [{n: 1}, {n: 2}]\nmap: {p: {n: 1}, q: {n: 2}}\nflags: {a: true, b: false, c: it's, d: [1, x y], e: {f: 2.50}}\nbad: {l: [[1]]}\n",
    "more.json": '{"other": {"u": 1, "w": [true]}, "second": 2}',
    "conf.toml": "[toml]\nv = 0x10\n",
    "code.py": "class Conf:\n    lr = 0.5\n",
    "sub/params.yaml": "here: 1\n",
    "sub/own.yaml": "item: 1\n",
    "broken.yaml": "a: [1\n",
    "list.yaml": "[1, 2]\n",
}
# Each is the 'stages' of a dvc.yaml; the DVC stages' names, and whether each can be filled in, are DVC's to say.
STAGES: dict[str, str] = {
    "none": "{a: {cmd: 'x', deps: [y]}}",
    "scalars": "{a: {cmd: 'x ${rate} ${small} ${on} ${nothing} ${name} ${deep.x}${deep.x}', outs: ['${rate}', {'o${deep.x}': {cache: false}}]}}",
    "indices": "{a: {cmd: '${deep.y.z[1]} ${deep.y.z[2].k} ${deep[y][z][0]} ${deep.y.z.-1.k} ${ rate } ${deep.y.z[ 0 ]}'}}",
    "escaped": r"{a: {cmd: 'echo \${HOME} ${rate} \${rate} $HOME $${rate}'}}",
    "lines": r'{a: {cmd: "x ${rate}\ny ${rate} z", desc: "${\nrate}"}}',
    "list of commands": "{a: {cmd: ['x ${rate}', '${name}', plain]}}",
    "flags": "{a: {cmd: 'x ${flags}'}, b: {cmd: 'x ${deep}'}, c: {cmd: 'x ${bad}'}}",
    "a mapping alone": "{a: {cmd: '${flags}'}}",
    "a list in a command": "{a: {cmd: 'x ${list}'}}",
    "a list alone": "{a: {cmd: x, deps: ['${list}']}}",
    "a mapping as path": "{a: {cmd: x, deps: ['${deep}']}}",
    "unknown": "{a: {cmd: 'x ${none}'}, b: {cmd: 'x ${rate.x}'}, c: {cmd: 'x ${deep.y.z[7]}'}, d: {cmd: '${list.x}'}}",
    "empty": "{a: {cmd: 'x ${}'}}",
    "odd": "{a: {cmd: 'x ${rate'}, b: {cmd: 'x ${rate}}'}}",
    "foreach list": "{a: {foreach: [1, true, x, 2.50, null], do: {cmd: 'x ${item}'}}}",
    "foreach mapping": "{a: {foreach: {p: 1, q: {n: 2}}, do: {cmd: 'x ${key} ${item}', outs: ['${key}']}}}",
    "foreach of maps": "{a: {foreach: '${maps}', do: {cmd: 'x ${item.n} ${rate}'}}}",
    "foreach named": "{a: {foreach: '${map}', do: {cmd: 'x ${key} ${item.n}'}}, b: {foreach: '${list}', do: {cmd: 'x ${item}'}}}",
    "foreach in part": "{a: {foreach: ['${rate}', '${on}', true, 'v${rate}'], do: {cmd: 'x ${item}'}}}",
    "foreach of nothing": "{a: {foreach: [], do: {cmd: x}}, b: {foreach: {}, do: {cmd: x}}}",
    "foreach without key": "{a: {foreach: [1], do: {cmd: 'x ${key}'}}}",
    "foreach twice": "{a: {foreach: [1, 1, '1'], do: {cmd: 'x ${item}'}}}",
    "matrix": "{a: {matrix: {x: [1, true], y: [p, {n: 1}]}, cmd: 'x ${item.x} ${key}', outs: ['${key}']}}",
    "matrix named": "{a: {matrix: {x: '${list}', y: ['${rate}', '${maps[0]}']}, cmd: 'x ${item.x} ${key}'}}",
    "wdir": "{a: {wdir: 'd${deep.x}', cmd: 'x ${rate}', deps: ['${name}']}}",
    "vars of a stage": "{a: {vars: [{own: {k: 1}}, more.json], cmd: 'x ${own.k} ${other.u} ${rate}'}, b: {cmd: 'x ${own.k}'}}",
    "vars beside wdir": "{a: {wdir: sub, vars: [params.yaml], cmd: 'x ${here}'}}",
    "vars and foreach": "{a: {foreach: [1], do: {vars: [{own: 3}], cmd: 'x ${own} ${item}'}}}",
    "vars that take item": "{a: {foreach: [1], do: {vars: [sub/own.yaml], cmd: 'x ${item}'}}}",
    "vars said twice": "{a: {vars: [{rate: 3}], cmd: 'x ${rate}'}}",
    "vars added to": "{a: {vars: [{deep: {w: 3}}], cmd: 'x ${deep.w} ${deep.x}'}, b: {cmd: 'x ${deep.w}'}}",
    "vars from nowhere": "{a: {vars: [none.yaml], cmd: 'x ${rate}'}, b: {cmd: 'x ${rate}'}}",
    "vars that do not parse": "{a: {vars: [broken.yaml], cmd: 'x ${rate}'}, b: {vars: [list.yaml], cmd: 'x ${rate}'}}",
    "params": "{a: {cmd: x, params: ['${name}', {'${deep.y.z[1]}.yaml': ['${list[2]}']}, {whole.yaml: null}]}}",
}
VARS = {
    "files": "[more.json, conf.toml, code.py]",
    "parts": "['more.json:other', 'more.json:second', {w: 1}]",
    "the usual file again": "[params.yaml]",
}
TOPS = {
    "scalars": "{a: {cmd: '${other.u} ${other.w[0]} ${second}'}, b: {cmd: 'x ${rate}'}, c: {cmd: '${toml.v} ${Conf.lr}'}, d: {cmd: '${w}'}}",
}


def ours(folder: Path, content: Any, spelling: Spelling = SPELLINGS[0]) -> dict[str, Any]:
    """Return each DVC stage as govkit fills it in, or None where it cannot."""

    def read(path: str) -> bytes | None:
        return (folder / path).read_bytes() if (folder / path).is_file() else None

    templates = Templates("", content, read, Budget())
    return {name: attempt(lambda name=name: templates.stage(name, spelling), Unfilled) for name in templates.names()}


def theirs(content: Any, settings: dict[str, str] | None = None) -> dict[str, Any]:
    """Return each DVC stage as DVC fills it in, or None where it refuses."""
    from dvc.exceptions import DvcException
    from dvc.fs import LocalFileSystem
    from dvc.parsing import DataResolver

    repo = SimpleNamespace(fs=LocalFileSystem(), config={"parsing": settings or {}})
    resolver = DataResolver(repo, "", content)  # type: ignore[arg-type]
    return {
        name: attempt(lambda name=name: resolver.resolve_one(name)[name], (DvcException, ValueError))
        for name in resolver.get_keys()
    }


def attempt(call: Callable[[], Any], errors: Any) -> Any:
    """Return what a call returns; None if it fails."""
    try:
        return call()
    except errors:
        return None


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files of values."""
    found = tmp_path_factory.mktemp("templates")
    for name, text in FILES.items():
        (found / name).parent.mkdir(exist_ok=True)
        (found / name).write_text(text)
    return found


@pytest.mark.parametrize("name", STAGES)
def test_as_dvc_fills_them_in(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names and contents of all DVC stages are DVC's; what DVC refuses is not filled in."""
    monkeypatch.chdir(folder)
    content = {"stages": yamltext.load(STAGES[name].encode(), where="x", dvc=True).value}
    expected = theirs(content)
    assert expected == ours(folder, content)
    assert list(expected) == list(ours(folder, content))


@pytest.mark.parametrize("name", VARS)
def test_vars(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values come from the files that the top of the file names."""
    monkeypatch.chdir(folder)
    content = {"vars": yaml.safe_load(VARS[name]), "stages": yaml.safe_load(TOPS["scalars"])}
    expected = theirs(content)
    assert expected == ours(folder, content)
    assert any(expected.values())


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings_of_flags(spelling: Spelling, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mapping becomes flags as DVC's settings say, whichever they are."""
    monkeypatch.chdir(folder)
    settings = {
        "bool": "boolean_optional" if spelling.say_no else "store_true",
        "list": "append" if spelling.repeat else "nargs",
    }
    content = {"stages": yaml.safe_load(STAGES["flags"])}
    assert theirs(content, settings) == ours(folder, content, spelling)


def _none(_: str) -> bytes | None:
    return None


def test_no_values_no_guess() -> None:
    """Without the file of values nothing is filled in, and what has no template is as it is."""
    content = {"stages": {"a": {"cmd": "x ${rate}"}, "b": {"cmd": "y"}, "c": {"foreach": "${l}", "do": {"cmd": "z"}}}}
    templates = Templates("", content, _none, Budget())
    assert (templates.names(), templates.stage("b")) == (["a", "b"], {"cmd": "y"})
    assert templates.unknown == {"c": "${l} leads nowhere"}
    with pytest.raises(Unfilled, match="rate. leads nowhere"):
        templates.stage("a")
    with pytest.raises(KeyError):
        templates.stage("c@1")


BOMBS: dict[str, dict[str, Any]] = {
    "a product": {"matrix": {str(axis): list(range(1000)) for axis in range(40)}, "cmd": "x"},
    "a long list": {"foreach": list(range(400_000)), "do": {"cmd": "x ${item}"}},
    "texts that grow": {"foreach": list(range(20_000)), "do": {"cmd": "${big}" * 1000}},
    "values that are copied": {"foreach": list(range(20_000)), "do": {"vars": [{"own": 1}], "cmd": "x ${own}"}},
    "no end": {"foreach": [1], "do": {"cmd": "${" * 2_000_000}},
    "escapes": {"foreach": [1], "do": {"cmd": "\\${" * 2_000_000 + "}"}},
    "depth": {"cmd": "${a" + ".b" * 2_000_000 + "}"},
    "foreach of text": {"foreach": "abc", "do": {"cmd": "x"}},
    "matrix of texts": {"matrix": {"x": "abc"}, "cmd": "x"},
    "no do": {"foreach": [1, 2]},
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_stands_for_too_much(name: str) -> None:
    """What would take gigabytes or hours is not filled in, and said to be so, at once."""
    values = yaml.safe_dump({"big": "x" * 100_000, **{f"k{n}": n for n in range(5000)}}).encode()
    with pace.little():
        templates = Templates(
            "", {"stages": {"a": BOMBS[name]}}, lambda path: values if path == "params.yaml" else None, Budget()
        )
        size = 0
        for each in templates.names():
            size += len(str(attempt(lambda each=each: templates.stage(each), Unfilled)))
        assert size < 100_000_000
