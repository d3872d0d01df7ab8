"""The files that a MariaDB URL may name: an option file, certificates. Looked at before the driver looks at them."""

from __future__ import annotations

import configparser
from pathlib import Path
from ssl import SSLError, create_default_context
from typing import TYPE_CHECKING

from runner.values.problems import Problem, Stopped

if TYPE_CHECKING:
    from sqlalchemy.engine import URL


def require_option_file(path: str) -> None:
    """Check an option file before the driver does, which takes one that is not there for an empty one."""
    from pymysql.optionfile import Parser  # type: ignore[import-untyped]  # noqa: PLC0415 - it may not be installed

    try:
        with Path(path).expanduser().open(encoding="utf-8") as file:
            Parser().read_file(file)
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it can't be read as text"
        raise Stopped(Problem("database-file", f"the option file {path}: {reason}")) from None
    except configparser.Error as error:
        line = getattr(error, "lineno", None)
        where = f"{path}, line {line}" if line else path
        message = f"the option file {where}: this is not written as `[group]`, then `name = value`"
        raise Stopped(Problem("database-file", message)) from None


def require_certificates(url: URL) -> None:
    """Check the files of TLS before the driver does, which would not say that it was them."""
    named = {name: str(value) for name, value in url.query.items()}  # each stands there once
    ca, folder, cert, key = (named.get(f"ssl_{name}") for name in ("ca", "capath", "cert", "key"))
    try:
        if ca or folder:
            create_default_context(cafile=ca, capath=folder)
        if cert:
            create_default_context().load_cert_chain(cert, key)
    except OSError as error:  # an SSLError is one
        reason = (
            error.strerror if error.filename or not isinstance(error, SSLError) else "it is no certificate, or no key"
        )
        raise Stopped(Problem("database-file", f"the files that `ssl_…` names in the URL: {reason}")) from None
