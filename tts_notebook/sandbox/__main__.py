"""Run the sandbox: `python -m tts_notebook.sandbox --help`."""

from .cli import main

if __name__ == "__main__":
    raise SystemExit(main())
