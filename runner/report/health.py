"""What a database lacks, as text or as JSON: each finding, what it means and what mends it; then what can be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.report.json import dumps
from runner.report.problems import counted, visible
from runner.values.rights import ROLE_WORK

if TYPE_CHECKING:
    from runner.values.health import Finding, Health


def render_health(health: Health) -> str:
    """Return what was found: first what hinders, then what is only advice."""
    server = health.server
    of = f", database {server.database}" if server.database else ""
    who = f", as {server.user}" if server.user else ""
    hindering = [finding for finding in health.findings if finding.hinders]
    advice = [finding for finding in health.findings if not finding.hinders]
    lines = [f"{server.product} {server.version}{of}{who}", ""]
    for finding in (*hindering, *advice):
        lines += [*_told(finding), ""]
    told = f"{counted(len(hindering), 'finding')} to mend, and {len(advice):,} of advice"
    lines += [told if health.findings else "nothing is lacking", ""]
    widest = max(map(len, health.roles))
    for role in health.roles:
        verdict = "no" if health.hindered(role) else "yes"
        lines.append(f"{role:<{widest}}  {verdict:<3}  {ROLE_WORK[role]}")
    return visible("\n".join(lines))


def _told(finding: Finding) -> list[str]:
    sort = "" if finding.hinders else "advice: "
    mend = [f"  {line}" for statement in finding.mend for line in statement.splitlines()]
    return [f"{sort}{finding.sort}: {finding.message}", f"  {finding.meaning}", *mend]


def render_health_json(health: Health) -> str:
    """Return the same for other programs."""
    server = health.server
    return dumps(
        {
            "product": server.product,
            "version": server.version,
            "database": server.database,
            "user": server.user,
            "roles": {role: not health.hindered(role) for role in health.roles},
            "findings": [
                {
                    "code": finding.sort,
                    "message": finding.message,
                    "meaning": finding.meaning,
                    "mend": list(finding.mend),
                    "hinders": [role for role in finding.hinders if role in health.roles],
                }
                for finding in health.findings
            ],
        },
    )
