"""`runner`, and `python -m runner`."""

from __future__ import annotations

import gc


def main() -> None:
    """Run the command line, with garbage collected more rarely than is usual.

    Python looks for it whenever there are 700 objects more than before. While modules are loaded there is none, and to
    look through them again and again takes a twentieth of a check. With 50,000 objects more, what waits to be collected
    stays at a few megabytes.
    """
    gc.set_threshold(50_000)
    from runner.cli.app import main as run  # noqa: PLC0415 - this is what takes the time

    run()


if __name__ == "__main__":
    main()
