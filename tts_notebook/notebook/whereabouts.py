"""Where the kernel runs, in words: a redirect to localhost reaches it only on the browser's own machine."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping


def remote_place(environ: Mapping[str, str], exists: Callable[[str], bool], modules: Collection[str]) -> str:
    """Say where it is if the browser may be on another machine ("in a container"), else return an empty text.

    Args:
        environ: The environment variables.
        exists: Whether a path exists.
        modules: Names of what is imported.
    """
    signs = (
        ("google.colab" in modules, "in Google Colab"),
        ("CODESPACES" in environ, "in GitHub Codespaces"),
        ("JUPYTERHUB_USER" in environ or "JUPYTERHUB_API_TOKEN" in environ, "on a JupyterHub"),
        ("KUBERNETES_SERVICE_HOST" in environ, "in a container of a cluster"),
        (exists("/.dockerenv") or exists("/run/.containerenv"), "in a container"),
        ("SSH_CONNECTION" in environ, "on a machine that you reach through SSH"),
        ("WSL_DISTRO_NAME" in environ, "in Windows Subsystem for Linux"),
    )
    return next((place for found, place in signs if found), "")
