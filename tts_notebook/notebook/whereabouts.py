"""Where the kernel runs, in words: a redirect to localhost reaches it only on the browser's own machine."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping


def remote_place(environ: Mapping[str, str], exists: Callable[[str], bool], modules: Collection[str]) -> str:
    """Name the place if the browser may be on another machine, else return an empty text.

    Args:
        environ: The environment variables.
        exists: Whether a path exists.
        modules: Names of what is imported.
    """
    signs = (
        ("google.colab" in modules, "Google Colab"),
        ("CODESPACES" in environ, "GitHub Codespaces"),
        ("JUPYTERHUB_USER" in environ or "JUPYTERHUB_API_TOKEN" in environ, "a JupyterHub"),
        ("KUBERNETES_SERVICE_HOST" in environ, "a container in a cluster"),
        (exists("/.dockerenv") or exists("/run/.containerenv"), "a container"),
        ("SSH_CONNECTION" in environ, "a machine that you reach through SSH"),
        ("WSL_DISTRO_NAME" in environ, "Windows Subsystem for Linux"),
    )
    return next((place for found, place in signs if found), "")
