"""Kernels of several ipykernel versions side by side, driven as a front-end drives them.

Each version is installed, without its dependencies, into a directory of its own outside the tree.
That directory stands first on the PYTHONPATH of the kernel process and of nothing else; everything
else, the package under test included, comes from the environment (and its PYTHONPATH) that runs the tests.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import zmq
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from tests.harness.places import DEV_CACHE, clean_environment

REQUIREMENTS = {
    "6.31": ("ipykernel==6.31.*", "nest-asyncio==1.6.*"),
    "7.3": ("ipykernel==7.3.*", "nest-asyncio2==1.7.*"),
    "7.4": ("ipykernel==7.4.*", "nest-asyncio2==1.7.*"),
}
VERSIONS = tuple(REQUIREMENTS)
NEWEST = VERSIONS[-1]

CLICK = {"method": "custom", "content": {"event": "click"}}


def installed_ipykernel(version: str) -> Path:
    """Return the directory that holds this ipykernel, after installing it if need be."""
    target = DEV_CACHE / f"ipykernel-{version}"
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f"{target.name}-", dir=target.parent))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(draft)]
    done = subprocess.run([*pip, *REQUIREMENTS[version]], capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(draft)
        raise RuntimeError(f"ipykernel {version} could not be installed by pip: {done.stderr.strip()[-500:]}")
    try:
        draft.rename(target)
    except OSError:  # another test run was faster
        shutil.rmtree(draft)
    return target


def write_kernelspec(name: str, version: str, kernels: Path, env: Mapping[str, str] | None = None) -> None:
    """Write a kernelspec of this ipykernel version into a `kernels` directory."""
    path = [str(installed_ipykernel(version)), *filter(None, [os.environ.get("PYTHONPATH")])]
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": f"Python, ipykernel {version}",
        "language": "python",
        "env": {"PYTHONPATH": os.pathsep.join(path), **(env or {})},
        "metadata": {"debugger": False},
    }
    (kernels / name).mkdir(parents=True, exist_ok=True)
    (kernels / name / "kernel.json").write_text(json.dumps(spec))


@dataclass
class CellError:
    ename: str
    evalue: str
    traceback: list[str]


@dataclass
class Prompt:
    text: str
    password: bool


@dataclass
class Result:
    """What one cell did, as its front-end saw it."""

    stdout: str = ""
    stderr: str = ""
    displays: list[dict[str, Any]] = field(default_factory=list)  # mime bundles, updated in place
    result: dict[str, Any] | None = None  # the mime bundle of Out[n]
    error: CellError | None = None
    payload: list[dict[str, Any]] = field(default_factory=list)
    execution_count: int | None = None
    status: str = ""
    idle: bool = False
    _clear_at_next_output: bool = field(default=False, repr=False)

    def _clear(self) -> None:
        self.stdout = self.stderr = ""
        self.displays.clear()
        self._clear_at_next_output = False


class Kernel:
    """A kernel process and the only front-end that is connected to it.

    Everything is single-threaded: messages are read while a method waits for something, so
    `widgets()` and the results are as new as the last call.
    """

    def __init__(self, version: str, directory: Path, env: Mapping[str, str], interactive: bool) -> None:
        self.version = version
        self.interactive = interactive
        self.messages: list[dict[str, Any]] = []  # all that was ever published
        self.prompts: list[Prompt] = []
        self._pending_prompts: list[Prompt] = []
        self._results: dict[str, Result] = {}
        self._replies: dict[str, dict[str, Any]] = {}
        self._widgets: dict[str, dict[str, Any]] = {}
        self._updatable: dict[str, list[dict[str, Any]]] = {}

        specs = directory / "kernels"
        write_kernelspec("matrix", version, specs)
        self._manager = KernelManager(
            kernel_name="matrix",
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[str(specs)], ensure_native_kernel=False),
            connection_file=str(directory / "connection.json"),
        )
        self._log = (directory / "kernel.log").open("wb")
        self._manager.start_kernel(cwd=str(directory), env=dict(env), stdout=self._log, stderr=self._log)
        self.pid: int = self._manager.provisioner.pid  # and the id of its process group
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.allow_stdin = interactive

    @classmethod
    def start(
        cls,
        version: str = NEWEST,
        *,
        directory: Path,
        env: Mapping[str, str] | None = None,
        interactive: bool = True,
    ) -> Kernel:
        """Start a kernel in `directory` (which must be its own) and wait until it answers.

        `interactive=False` is a front-end without stdin, as nbclient and papermill are.
        `env` is added to this process's environment, from which all TTS_ settings are taken out.
        """
        directory.mkdir(parents=True, exist_ok=True)
        environment = clean_environment(IPYTHONDIR=str(directory / "ipython"), **(env or {}))
        kernel = cls(version, directory, environment, interactive)
        try:
            kernel._client.wait_for_ready(timeout=60)
        except BaseException:
            kernel.stop()
            raise
        return kernel

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def run(self, code: str, *, timeout: float = 30, answers: Iterable[str] = ()) -> Result:
        """Run a cell to its end. `answers` are typed into its prompts, in order."""
        return self.finish(self.start_run(code), timeout=timeout, answers=answers)

    def start_run(self, code: str, *, subshell: str | None = None) -> str:
        """Send a cell without waiting for it, and return its message id."""
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": self.interactive,
            "stop_on_error": True,
        }
        message = self._send("execute_request", content, subshell)
        self._results[message] = Result()
        return message

    def finish(self, message: str, *, timeout: float = 30, answers: Iterable[str] = ()) -> Result:
        """Wait for a cell that `start_run` sent."""
        left = list(answers)
        result = self._results[message]

        def ended() -> bool:
            while self._pending_prompts:
                if not left:
                    asked = self._pending_prompts[0].text
                    raise AssertionError(f"The cell asks {asked!r} and the test has no answer for it.")
                self.answer(left.pop(0))
            return result.idle and message in self._replies

        self.wait_until(ended, timeout=timeout, what="the cell to end")
        reply = self._replies[message]
        result.status = reply["status"]
        result.payload = reply.get("payload", [])
        result.execution_count = reply.get("execution_count")
        return result

    def partial(self, message: str) -> Result:
        """Return what a running cell has put out until now."""
        self.listen()
        return self._results[message]

    def answer(self, text: str) -> None:
        """Type `text` into the oldest prompt that waits."""
        self._pending_prompts.pop(0)
        self._client.input(text)

    def interrupt(self) -> None:
        """Press the stop button: SIGINT to the kernel's process group, as Jupyter sends it."""
        self._manager.interrupt_kernel()

    def complete(self, code: str, cursor: int | None = None) -> list[str]:
        """Return what Tab offers at `cursor` (the end, if not given)."""
        content = {"code": code, "cursor_pos": len(code) if cursor is None else cursor}
        return self._ask("complete_request", content)["matches"]

    def widgets(self) -> dict[str, dict[str, Any]]:
        """Return the state of every living widget model, by model id."""
        self.listen()
        return self._widgets

    def find_widgets(self, **wanted: Any) -> list[str]:
        """Return the ids of the models whose state has all of `wanted`.

        A callable is asked: `find_widgets(_model_name="HTMLModel", value=lambda v: "Connected" in v)`.
        """

        def fits(state: dict[str, Any]) -> bool:
            return all(
                name in state and (value(state[name]) if callable(value) else state[name] == value)
                for name, value in wanted.items()
            )

        return [model for model, state in self.widgets().items() if fits(state)]

    def button(self, description: str) -> str:
        """Return the id of the only living button with this description."""
        return self._only(self.find_widgets(_model_name="ButtonModel", description=description), description)

    def html(self, containing: str) -> str:
        """Return the id of the only HTML widget whose value contains this text."""
        return self._only(self.find_widgets(_model_name="HTMLModel", value=lambda v: containing in v), containing)

    def click(self, button: str, *, subshell: str | None = None) -> None:
        """Click a button, named by its description or its model id."""
        model = button if button in self.widgets() else self.button(button)
        self.send_comm(model, CLICK, subshell=subshell)

    def set_state(self, model: str, *, subshell: str | None = None, **state: Any) -> None:
        """Change traits of a model as its view does: `kernel.set_state(text_box, value="abc")`."""
        self.send_comm(model, {"method": "update", "state": state, "buffer_paths": []}, subshell=subshell)

    def send_comm(self, model: str, data: dict[str, Any], *, subshell: str | None = None) -> None:
        """Send a comm message. `subshell` is an id that `create_subshell` returned."""
        self._send("comm_msg", {"comm_id": model, "data": data}, subshell)

    def create_subshell(self) -> str:
        """Create a subshell, as JupyterLab does for widgets (ipykernel 7 and later)."""
        return self._ask("create_subshell_request", {}, channel="control")["subshell_id"]

    @staticmethod
    def _only(found: list[str], what: str) -> str:
        if len(found) != 1:
            raise AssertionError(f"{len(found)} widgets, not one, fit {what!r}.")
        return found[0]

    def wait_until(self, condition: Callable[[], object], *, timeout: float = 10, what: str = "it") -> None:
        """Read messages until `condition()` is true."""
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"Waited {timeout} s for {what} in vain (ipykernel {self.version}).")
            if not self._manager.is_alive():
                raise AssertionError(f"The kernel died while the test waited for {what}. Its log: {self.log()}")
            self.listen(0.05)

    def listen(self, seconds: float = 0) -> None:
        """Read what has arrived; without any message wait up to `seconds` for the first."""
        readers = {
            self._client.iopub_channel.socket: (self._client.iopub_channel, self._read_iopub),
            self._client.shell_channel.socket: (self._client.shell_channel, self._read_reply),
            self._client.control_channel.socket: (self._client.control_channel, self._read_reply),
            self._client.stdin_channel.socket: (self._client.stdin_channel, self._read_stdin),
        }
        poller = zmq.Poller()
        for socket in readers:
            poller.register(socket, zmq.POLLIN)
        while ready := poller.poll(seconds * 1000):
            for socket, _ in ready:
                channel, read = readers[socket]
                read(channel.get_msg(timeout=0))
            seconds = 0

    def transcript(self) -> str:
        """Return everything that the kernel ever published, for a search for secrets."""
        self.listen()
        return json.dumps(self.messages, default=repr)

    def log(self) -> str:
        """Return what the kernel process wrote to its own stdout and stderr."""
        return Path(self._log.name).read_text(errors="replace")

    def processes(self) -> list[psutil.Process]:
        """Return the living processes of the kernel's process group: its own and its children's."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.NoSuchProcess, ProcessLookupError):
                if os.getpgid(process.pid) == self.pid and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def kill(self) -> None:
        """End the kernel process alone, at once, as a system short of memory does."""
        os.kill(self.pid, signal.SIGKILL)

    def shut_down(self) -> None:
        """End the kernel as Jupyter does, and leave alone what it leaves behind. Safe to call twice."""
        if self._log.closed:
            return
        self._client.stop_channels()
        self._manager.shutdown_kernel()
        self._manager.context.destroy(linger=0)
        self._log.close()

    def stop(self) -> None:
        """End the kernel, and whatever is left of its process group. Safe to call twice."""
        self.shut_down()
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def _send(self, kind: str, content: dict[str, Any], subshell: str | None = None, channel: str = "shell") -> str:
        message = self._client.session.msg(kind, content)
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        getattr(self._client, f"{channel}_channel").send(message)
        return message["header"]["msg_id"]

    def _ask(self, kind: str, content: dict[str, Any], channel: str = "shell") -> dict[str, Any]:
        message = self._send(kind, content, channel=channel)
        self.wait_until(lambda: message in self._replies, timeout=30, what=f"the answer to {kind}")
        return self._replies[message]

    def _read_reply(self, message: dict[str, Any]) -> None:
        self._replies[message["parent_header"].get("msg_id", "")] = message["content"]

    def _read_stdin(self, message: dict[str, Any]) -> None:
        prompt = Prompt(message["content"]["prompt"], message["content"]["password"])
        self.prompts.append(prompt)
        self._pending_prompts.append(prompt)

    def _read_iopub(self, message: dict[str, Any]) -> None:
        kind, content = message["msg_type"], message["content"]
        self.messages.append({"type": kind, "content": content, "metadata": message["metadata"]})
        if kind.startswith("comm_"):
            self._read_comm(kind, content)
        elif kind == "update_display_data":
            self._update_displays(content)
        elif cell := self._results.get(message["parent_header"].get("msg_id", "")):
            self._read_output(cell, kind, content)

    def _read_comm(self, kind: str, content: dict[str, Any]) -> None:
        model, data = content["comm_id"], content["data"]
        if kind == "comm_open" and content["target_name"] == "jupyter.widget":
            self._widgets[model] = dict(data["state"])
        elif kind == "comm_close":
            self._widgets.pop(model, None)
        elif data.get("method") in ("update", "echo_update") and model in self._widgets:
            self._widgets[model].update(data["state"])

    def _update_displays(self, content: dict[str, Any]) -> None:
        for bundle in self._updatable.get(content["transient"]["display_id"], ()):
            bundle.clear()
            bundle.update(content["data"])

    def _read_output(self, cell: Result, kind: str, content: dict[str, Any]) -> None:
        if kind == "status":
            cell.idle = content["execution_state"] == "idle"
            return
        if kind == "clear_output":
            cell._clear_at_next_output = content["wait"]
            if not content["wait"]:
                cell._clear()
            return
        if cell._clear_at_next_output and kind != "execute_input":
            cell._clear()
        if kind == "stream":
            setattr(cell, content["name"], getattr(cell, content["name"]) + content["text"])
        elif kind == "display_data":
            cell.displays.append(content["data"])
        elif kind == "execute_result":
            cell.result = content["data"]
        elif kind == "error":
            cell.error = CellError(content["ename"], content["evalue"], content["traceback"])
        if display_id := content.get("transient", {}).get("display_id"):
            self._updatable.setdefault(display_id, []).append(content["data"])
