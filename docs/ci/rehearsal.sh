#!/usr/bin/env bash
# Plays what happens to a change of policy, from the branch to the undo, in a folder that it makes and removes.
#
#   docs/ci/rehearsal.sh                    with `runner` from PATH
#   RUNNER=.venv/bin/runner docs/ci/rehearsal.sh
#
# It needs bash, git and python3, no network and no server. Every exit code is checked: it ends with the first that is
# not what it should be, and says so.
set -euo pipefail

runner=$(type -P "${RUNNER:-runner}") || { echo "there is no ${RUNNER:-runner}: set RUNNER to where it is" >&2; exit 64; }
runner=$(cd "$(dirname "$runner")" && pwd)/$(basename "$runner")
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
trap 'echo "the rehearsal failed in line $LINENO" >&2' ERR

unset RUNNER_DATABASE_FILE RUNNER_SCHEMA
export RUNNER_DATABASE=sqlite:///../district.db NO_COLOR=1
export GIT_AUTHOR_NAME=Alex GIT_AUTHOR_EMAIL=alex@example.org GIT_COMMITTER_NAME=Alex GIT_COMMITTER_EMAIL=alex@example.org
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 RUNNER_ACTOR=Alex

heading() { printf '\n\n━━━ %s\n' "$*"; }
say() { printf '\n%s\n' "$*"; }

# expect CODE WORDS…: run the runner, show what was typed and what came of it, and fail unless it ends with this code
expect() {
  local wanted=$1 code=0
  shift
  printf '\n$ runner %s\n' "$*"
  "$runner" "$@" || code=$?
  if [[ $code != "$wanted" ]]; then
    echo "exit $code, where $wanted was expected" >&2
    return 1
  fi
  printf '(exit %s)\n' "$code"
}

# briefly LINES CODE WORDS…: the same, showing only so many lines of what it says
briefly() {
  local lines=$(($1 + 2))
  shift
  expect "$@" > ../said
  sed -n "1,${lines}p" ../said
  if (($(wc -l < ../said) > lines + 1)); then
    echo '…'
    tail -n 1 ../said
  fi
}

# policy DESCRIPTION PREFERENCES…: write the job file
policy() {
  printf '%s\n' 'version: 1' 'name: absences' "description: $1" 'mode: student_contacts' 'calendar: {year: 2027}' \
    'preferences:' "${@:2}" 'limits: {lost: 0}' > jobs/fall.yaml
}

contains() { grep --quiet --fixed-strings -- "$2" "$1" || { echo "$1 does not say: $2" >&2; return 1; }; }
fingerprint() { grep --only-matching '"fingerprint": "[^"]*"' "$1" | head -n 1; }
runs() { "$runner" history --format json | grep --count '"number":' || true; }
merge() { git checkout --quiet main && git merge --quiet --no-ff --no-edit "$1" && git log --oneline -1; }

heading 'A district, and a repository with its policy'
mkdir "$place/policy"
cd "$place/policy"
git init --quiet --initial-branch main
mkdir jobs
policy 'Every family hears about absences by e-mail.' '  email: {attendance: on}'
cat jobs/fall.yaml
git add . && git commit --quiet --message 'Absences are told by e-mail'
briefly 1 0 demo --students 100

heading 'A branch changes the policy'
git checkout --quiet -b by-phone
policy 'Every family hears about absences by e-mail and phone.' '  cell_phone: {attandance: on}' '  email: {attendance: on}'
git commit --quiet --all --message 'Absences are told by phone too'
git diff main -- jobs | sed -n '/^@@/,$p'

heading 'CI checks it: a mistake becomes an annotation at its line'
expect 3 check jobs --format github | tee ../annotations
contains ../annotations '::error file=jobs/fall.yaml,line=7,col=16,title=unknown-key::'

say 'The mistake is mended:'
policy 'Every family hears about absences by e-mail and phone.' '  cell_phone: {attendance: on}' '  email: {attendance: on}'
git commit --quiet --all --message 'Spelling'
expect 0 check jobs --database "$RUNNER_DATABASE" --as-of 2026-10-01

heading 'CI makes a dry run: a plan, and a comment for the pull request'
briefly 8 2 run jobs/fall.yaml --dry-run --as-of 2026-10-01 --detailed-exitcode \
  --report ../plan.json --report ../comment.md
say 'The comment begins so:'
sed -n '1,16p' ../comment.md
contains ../comment.md '<!-- contact-preference-runner -->'
contains ../plan.json '"status": "dry_run"'

heading 'The pull request is merged: what was reviewed is applied'
merge by-phone
briefly 8 0 run jobs/fall.yaml --reviewed ../plan.json

heading 'A second change: its dry run is made …'
git checkout --quiet -b general
policy 'Every family hears about absences by e-mail and phone, and about the rest by e-mail.' \
  '  cell_phone: {attendance: on}' '  email: {attendance: on, general: on}'
git commit --quiet --all --message 'General messages go to e-mail'
git diff main -- jobs | sed -n '/^@@/,$p'
briefly 5 0 run jobs/fall.yaml --dry-run --as-of 2026-10-01 --report ../second.json

heading '… and before it is merged, one parent changes one preference in the portal'
python3 - ../district.db << 'PYTHON'
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as district:
    changed = district.execute("""
        update contact_point set general = 1 where contact_point_id = (
            select min(contact_point_id) from contact_point
            join relationship on contact_id = contact_point.person_id
            join enrollment on enrollment.person_id = student_id
            join calendar on calendar.calendar_id = enrollment.calendar_id
            where channel = 'email' and not general and not custom and address <> '' and messenger and end_year = 2027
            and coalesce(relationship.start_date, '2026-01-01') <= '2026-10-01' and relationship.end_date is null
            and coalesce(enrollment.start_date, '2026-01-01') <= '2026-10-01'
            and coalesce(enrollment.end_date, '2027-01-01') >= '2026-10-01' and not coalesce(no_show, 0))""")
    assert changed.rowcount == 1
print("1 contact point changed")
PYTHON
merge general
say 'It is no longer what was reviewed. Nothing is changed, and the difference is shown:'
expect 5 run jobs/fall.yaml --reviewed ../second.json --report ../drifted.json
contains ../drifted.json '"status": "drifted"'
[[ $(runs) == 1 ]]

heading 'It is reviewed again, and applied'
briefly 5 0 run jobs/fall.yaml --dry-run --as-of 2026-10-01 --report ../third.json
briefly 1 0 run jobs/fall.yaml --reviewed ../third.json

heading 'Second thoughts: the run is taken back'
briefly 6 0 undo 2 --dry-run
briefly 6 0 undo 2
expect 0 history

say 'All is as it was before run 2: a dry run would change the very same contact points.'
"$runner" run jobs/fall.yaml --dry-run --as-of 2026-10-01 --format json --output ../again.json
[[ $(fingerprint ../again.json) == $(fingerprint ../third.json) ]]

heading 'The rehearsal went as it should'
