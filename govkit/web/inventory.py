"""The inventory as one page that loads nothing and needs no script to be read; a small one sorts its table."""

from __future__ import annotations

from govkit.cards import render
from govkit.cards.text import things
from govkit.core.inventory import COLUMNS, Inventory, in_short, rows
from govkit.web import pages

#: Columns that hold instants, of which the day is shown.
_INSTANTS = ("since", "last approval", "next review")


def page(inventory: Inventory) -> bytes:
    """Return the page, a function of the inventory alone."""
    style = "".join([render.stylesheet(), render.template("web/site.css"), render.template("web/inventory.css")])
    script = render.template("web/sort.js")
    listed, counts = list(rows(inventory)), _counts(inventory)
    models, versions = things(counts["models"], "model"), things(counts["versions"], "version")
    held = f"{counts['repositories']:,} repositor{'y' if counts['repositories'] == 1 else 'ies'}"
    values = {
        "made": inventory.made,
        "columns": COLUMNS,
        "instants": _INSTANTS,
        "rows": listed,
        "counts": counts,
        "counted": f"{models} with {versions} in {held}",
        "troubled": [(one, in_short(one.reasons)) for one in inventory.repositories if one.exit_code],
        "style": style,
        "script": script,
        "csp": pages.with_script(render.csp(style), script),
        "version": pages.version(),
    }
    return pages.environment().get_template("web/inventory.html.j2").render(**values).encode()


def _counts(inventory: Inventory) -> dict[str, int]:
    models = [model for one in inventory.repositories for model in one.models]
    return {
        "repositories": len(inventory.repositories),
        "models": len(models),
        "versions": sum(model.versions for model in models),
        "serving": sum(any(stage.version for stage in model.stages) for model in models),
        "findings": sum(model.findings for model in models),
        "overdue": sum(model.overdue for model in models),
    }
