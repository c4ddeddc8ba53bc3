"""An SDK, pinned and unmodified, trades on the venue in a box and agrees with its book and with Busbar's journal; on a
venue with one wrong status planted it must not, or the comparison would prove nothing.

usage: sdk_test.py NAME WORK_FOLDER. Installs the SDK into a virtual environment in the work folder, once.
"""

import os
import re
import shutil
import subprocess
import sys

SDKS = {
    "ccxt": ["ccxt==4.5.84"],
    "binance_sdk": ["binance-sdk-spot==13.3.0"],
    "python_binance": ["python-binance==1.0.37", "websockets==17.4"],
}
HERE = os.path.dirname(os.path.abspath(__file__))


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(0)


def environment(folder, pins):
    """Python with the pinned packages; made once, and made anew when other versions are pinned."""
    python = os.path.join(folder, "bin", "python")
    mark = os.path.join(folder, "-".join(pins).replace("==", "-"))
    if os.path.exists(mark):
        return python
    shutil.rmtree(folder, ignore_errors=True)
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--system-site-packages", folder], capture_output=True, text=True
    )
    if made.returncode != 0:
        skip(f"no virtual environment: {(made.stderr or made.stdout).strip()}")
    installed = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *pins],
        capture_output=True,
        text=True,
        timeout=280,
    )
    if installed.returncode != 0:
        said = (installed.stderr or installed.stdout).strip().splitlines()
        skip(f"{' and '.join(pins)} could not be installed: {said[-1] if said else 'pip said nothing'}")
    with open(mark, "w", encoding="utf-8"):
        pass
    return python


def session(python, name, program):
    run = subprocess.run(
        [python, "-B", os.path.join(HERE, f"{name}_session.py"), program],
        capture_output=True,
        text=True,
        timeout=150,
    )
    print(run.stdout, run.stderr, sep="", end="", flush=True)
    return run.returncode, run.stdout


def main():
    name, work = sys.argv[1:]
    pins = SDKS[name]
    try:
        python = environment(os.path.join(work, name), pins)
    except subprocess.TimeoutExpired:
        skip(f"{' and '.join(pins)} could not be installed in time")

    status, _ = session(python, name, "busbar-venue")
    if status != 0:
        print(f"FAILED: {pins[0]}, the venue and the journal do not agree")
        return 1
    status, output = session(python, name, "busbar-venue-defect")
    lie = "status is PARTIALLY_FILLED for .* and FILLED for the venue"
    if status != 1 or not all(re.search(f"{source}.* {lie}", output) for source in ("queried", "heard of")):
        print(f"FAILED: the venue with a wrong status was not found out (exit status {status})")
        return 1
    print(f"{pins[0]}, the venue and the journal agree, and a venue with one wrong status is found out")
    return 0


if __name__ == "__main__":
    sys.exit(main())
