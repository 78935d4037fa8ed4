"""What the README and the notebooks tell people to run, runs."""

from __future__ import annotations

import re

import pytest
import requests

from tests.harness.kernels import NEWEST, write_kernelspec
from tests.harness.places import REPOSITORY

pytestmark = pytest.mark.kernel

README = (REPOSITORY / "README.md").read_text()
PYTHON_BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("block", PYTHON_BLOCKS)
def test_every_python_block_of_the_readme_runs(start_kernel, free_port, block):
    kernel = start_kernel(env={"TTS_REDIRECT_URI": f"http://localhost:{free_port}/"})
    running = kernel.start_run(block)

    def consented() -> bool:
        """Press Authorize wherever the block shows its link: in the panel, or in a printed line."""
        shown = str([s.get("value") for s in kernel.widgets().values()]) + kernel.partial(running).stdout
        found = re.search(r"http://127\.0\.0\.1:\d+/open/authorize[^\s\"'<]+", shown)
        if not found:
            return False
        requests.post(found[0].replace("&amp;", "&"), data={"decision": "authorize"}, timeout=10)
        return True

    kernel.wait_until(consented, timeout=20, what="the link")
    done = kernel.finish(running)

    assert done.status == "ok", done.error


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_notebook_runs_headless_on_the_sandbox_and_keeps_no_secret(
    tmp_path, nbclient, nbformat, monkeypatch, free_port, path
):
    write_kernelspec("python3", NEWEST, tmp_path / "kernels")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("TTS_REDIRECT_URI", f"http://localhost:{free_port}/")
    notebook = nbformat.read(path, as_version=4)
    reveal = "k = tts._keeper; open('canaries', 'w').write(f'{k.token.access_token} {k.token.refresh_token} {k.endpoint.app_secret}');"  # noqa: E501
    notebook.cells.append(nbformat.v4.new_code_cell(reveal))

    nbclient.NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()

    written = nbformat.writes(notebook)
    for secret in (tmp_path / "canaries").read_text().split():
        assert secret not in written
    assert not any("error" in str(output.output_type) for cell in notebook.cells for output in cell.get("outputs", []))


def test_the_readme_is_short_and_names_both_commands():
    assert len(README.splitlines()) <= 120
    assert "python3 tasks.py quickstart" in README
    assert "python3 tasks.py test" in README
