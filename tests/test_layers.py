"""Every import in the package, held against the rooms it was built in.

A folder says what a file may import and which libraries it may know.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.harness.places import REPOSITORY, clean_environment

PACKAGE = REPOSITORY / "tts_notebook"

# What of ours each room may import, besides itself. Files at the top count as rooms of one file.
MAY_IMPORT = {
    "__init__": {"_version", "errors", "app", "auth", "api", "data", "notebook"},
    "_version": set(),
    "errors": set(),
    "app": {"errors"},
    "auth": {"errors", "app", "_version"},
    "api": {"errors", "app", "auth", "_version"},
    "data": {"errors", "app", "api", "_version"},
    "notebook": {"errors", "app", "auth", "api", "data", "_version"},  # the sandbox is a child process
    "sandbox": set(),
}

# Which rooms may know a library. One that is not listed here may be known anywhere.
MAY_KNOW = {
    "ipywidgets": {"notebook"},
    "IPython": {"notebook"},
    "ipykernel": {"notebook"},
    "traitlets": {"notebook"},
    "pandas": {"data"},
    "pyarrow": {"data"},
    "polars": {"data"},
    "requests": {"auth", "api", "notebook"},
}

# Modules that decide and never act.
PURE = (
    "errors",
    "app",
    "auth/flow",
    "auth/page",
    "auth/pasted",
    "auth/token",
    "api/endpoints",
    "api/envelope",
    "api/paging",
    "api/rate",
    "api/retry",
    "api/signing",
    "data/categories",
    "data/choice",
    "data/breakdowns",
    "data/columnar",
    "data/columns",
    "data/excerpts",
    "data/finance",
    "data/frames",
    "data/ledger",
    "data/logistics",
    "data/manifest",
    "data/orders",
    "data/pages",
    "data/parsing",
    "data/paths",
    "data/performance",
    "data/period",
    "data/plan",
    "data/product_parts",
    "data/products",
    "data/returns",
    "data/rows",
    "data/seller",
    "data/shapes",
    "data/sheets",
    "data/stock",
    "data/tables",
    "data/values",
    "data/versions",
    "data/windows",
    "data/zones",
    "notebook/view",
    "notebook/whereabouts",
)
EDGES = {"os", "random", "requests", "secrets", "socket", "threading", "time"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(module: Path) -> str:
    return module.relative_to(PACKAGE).with_suffix("").as_posix()


def room_of(module: Path) -> str:
    return module.relative_to(PACKAGE).with_suffix("").parts[0]


@cache
def imports(module: Path) -> tuple[str, ...]:
    """Return what a module imports, anywhere in it, as absolute dotted names."""
    return tuple(_imports(module))


def _imports(module: Path) -> Iterator[str]:
    package = ["tts_notebook", *module.relative_to(PACKAGE).parent.parts]
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            start = ".".join([*base, *([node.module] if node.module else [])])
            # `from tts_notebook import app` names a module, not something within one
            yield from (f"{start}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (part.value for part in node.args[:1] if isinstance(part, ast.Constant))


def of_ours(module: Path) -> Iterator[str]:
    """Yield the rooms of ours that a module imports from; `__init__` for the public names."""
    for name in imports(module):
        top, _, rest = name.partition(".")
        if top == "tts_notebook":
            room = rest.partition(".")[0]
            yield room if room in MAY_IMPORT else "__init__"


@pytest.mark.parametrize("module", modules(), ids=name_of)
def test_a_module_imports_only_what_its_room_may(module):
    room = room_of(module)

    assert set(of_ours(module)) - {room} <= MAY_IMPORT[room]


@pytest.mark.parametrize("module", modules(), ids=name_of)
def test_a_module_knows_only_the_libraries_of_its_room(module):
    libraries = {name.partition(".")[0] for name in imports(module)} & set(MAY_KNOW)

    assert {library for library in libraries if room_of(module) not in MAY_KNOW[library]} == set()


@pytest.mark.parametrize("name", PURE)
def test_a_module_that_decides_touches_no_clock_disk_network_or_chance(name):
    assert {imported.partition(".")[0] for imported in imports(PACKAGE / f"{name}.py")} & EDGES == set()


def test_the_list_of_modules_that_decide_names_only_existing_ones():
    assert [name for name in PURE if not (PACKAGE / f"{name}.py").exists()] == []


def test_the_rooms_are_the_ones_we_know():
    assert {room_of(module) for module in modules()} == set(MAY_IMPORT)


def test_the_house_is_one_level_deep_and_has_no_drawer_for_everything():
    names = [name_of(module) for module in modules()]

    assert [name for name in names if name.count("/") > 1] == []
    assert [name for name in names if name.rpartition("/")[2] in ("utils", "helpers", "common")] == []


def test_only_the_package_itself_has_public_names():
    rooms = [module for module in modules() if module.name == "__init__.py" and module.parent != PACKAGE]

    assert [name_of(room) for room in rooms if room.read_text(encoding="utf-8").strip()] == []


def test_importing_the_package_loads_neither_pandas_nor_pyarrow_nor_ipywidgets():
    script = "import json, sys, tts_notebook; print(json.dumps(sorted(sys.modules)))"
    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=clean_environment()
    )

    assert {"pandas", "pyarrow", "ipywidgets"} & set(json.loads(shown.stdout)) == set()
