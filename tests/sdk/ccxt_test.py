"""ccxt, pinned and unmodified, trades on the venue in a box and agrees with its book and with Busbar's journal; on a
venue with one wrong status planted it must not, or the comparison would prove nothing.

usage: ccxt_test.py WORK_FOLDER. Installs ccxt into a virtual environment in the work folder, once.
"""

import os
import shutil
import subprocess
import sys

CCXT = "4.5.84"
HERE = os.path.dirname(os.path.abspath(__file__))


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(0)


def environment(folder):
    """Python with the pinned ccxt; made once, and made anew when another version is pinned."""
    python = os.path.join(folder, "bin", "python")
    mark = os.path.join(folder, f"ccxt-{CCXT}")
    if os.path.exists(mark):
        return python
    shutil.rmtree(folder, ignore_errors=True)
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--system-site-packages", folder], capture_output=True, text=True
    )
    if made.returncode != 0:
        skip(f"no virtual environment: {(made.stderr or made.stdout).strip()}")
    installed = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"ccxt=={CCXT}"],
        capture_output=True,
        text=True,
        timeout=280,
    )
    if installed.returncode != 0:
        skip(f"ccxt {CCXT} could not be installed: {(installed.stderr or installed.stdout).strip().splitlines()[-1]}")
    with open(mark, "w", encoding="utf-8"):
        pass
    return python


def session(python, program):
    run = subprocess.run(
        [python, "-B", os.path.join(HERE, "ccxt_session.py"), program],
        capture_output=True,
        text=True,
        timeout=120,
    )
    print(run.stdout, run.stderr, sep="", end="", flush=True)
    return run.returncode, run.stdout


def main():
    (work, ) = sys.argv[1:]
    try:
        python = environment(os.path.join(work, "ccxt"))
    except subprocess.TimeoutExpired:
        skip(f"ccxt {CCXT} could not be installed in time")

    status, _ = session(python, "busbar-venue")
    if status != 0:
        print("FAILED: ccxt, the venue and the journal do not agree")
        return 1
    status, output = session(python, "busbar-venue-defect")
    if status != 1 or "status is PARTIALLY_FILLED for ccxt and FILLED for the venue" not in output:
        print(f"FAILED: the venue with a wrong status was not found out (exit status {status})")
        return 1
    print("ccxt, the venue and the journal agree, and a venue with one wrong status is found out")
    return 0


if __name__ == "__main__":
    sys.exit(main())
