"""An SDK, pinned and unmodified, trades on the venue in a box and agrees with its book and, where Busbar trades beside
it, with Busbar's journal; on a venue with one wrong status planted it must not, or the comparison would prove nothing.

usage: sdk_test.py NAME WORK_FOLDER. Installs the SDK into a folder of its own in the work folder, once.
"""

import fcntl
import glob
import importlib.util
import os
import re
import shutil
import subprocess
import sys

BINANCE_LIE = "status is PARTIALLY_FILLED for .* and FILLED for the venue"
COINBASE_LIE = ALPACA_LIE = IBKR_LIE = "unified_status is open for .* and closed for the venue"
# The folder, the packages in it, and how a session tells that its venue lies.
SDKS = {
    "ccxt": ("ccxt", ["ccxt==4.5.84"], BINANCE_LIE),
    "binance_sdk": ("binance_sdk", ["binance-sdk-spot==13.3.0"], BINANCE_LIE),
    "python_binance": ("python_binance", ["python-binance==1.0.37", "websockets==17.4"], BINANCE_LIE),
    "coinbase_advanced_py": ("coinbase_advanced_py", ["coinbase-advanced-py==1.8.4"], COINBASE_LIE),
    "coinbase_ccxt": ("ccxt", ["ccxt==4.5.84"], COINBASE_LIE),
    "coinbase_api": ("coinbase_api", ["coinbase-api@1.2.6"], COINBASE_LIE),  # from npm
    "alpaca_py": ("alpaca_py", ["alpaca-py==0.44.0"], ALPACA_LIE),
    "alpaca_ccxt": ("ccxt", ["ccxt==4.5.84"], ALPACA_LIE),
    "alpaca_trade_api": ("alpaca_trade_api", ["@alpacahq/alpaca-trade-api@3.1.3"], ALPACA_LIE),  # from npm
    "ibind": ("ibind", ["ibind==0.2.2", "pycryptodome==3.23.0"], IBKR_LIE),
    "ib_web_api": ("ib_web_api", ["ib-web-api==202303101433"], IBKR_LIE),
}
WITHOUT_STREAM = {"ib_web_api"}
HERE = os.path.dirname(os.path.abspath(__file__))


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(0)


def environment(folder, pins):
    """Python that has the pinned packages, or node's folder of them; made once, and anew when others are pinned."""
    is_node = "@" in pins[0]
    python = sys.executable if is_node else os.path.join(folder, "bin", "python")
    mark = os.path.join(folder, "-".join(pins).replace("==", "-").replace("/", "-"))
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    with open(folder + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(mark):
            shutil.rmtree(folder, ignore_errors=True)
            (install_from_npm if is_node else install_from_pypi)(folder, pins)
            with open(mark, "w", encoding="utf-8"):
                pass
    return python


def install(pins, command):
    installed = subprocess.run(command, capture_output=True, text=True, timeout=280)
    if installed.returncode != 0:
        said = (installed.stderr or installed.stdout).strip().splitlines()
        skip(f"{' and '.join(pins)} could not be installed: {said[-1] if said else 'nothing was said'}")


def install_from_pypi(folder, pins):
    """Into an environment without a pip of its own: unpacking that one takes as long as an SDK."""
    wheels = glob.glob("/usr/share/python-wheels/pip-*.whl")  # the one that would be unpacked
    if importlib.util.find_spec("pip") is None and not wheels:
        skip("no pip")
    pip = ["-m", "pip"] if importlib.util.find_spec("pip") else [wheels[0] + "/pip"]
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--system-site-packages", "--without-pip", folder], capture_output=True, text=True
    )
    if made.returncode != 0:
        skip(f"no virtual environment: {(made.stderr or made.stdout).strip()}")
    into = ["--python", os.path.join(folder, "bin", "python"), "install", "--quiet", "--disable-pip-version-check"]
    install(pins, [sys.executable, *pip, *into, *pins])


def install_from_npm(folder, pins):
    if shutil.which("npm") is None or shutil.which("node") is None:
        skip("no node, or no npm")
    os.makedirs(folder)
    install(pins, ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, *pins])


def session(python, name, program, folder):
    run = subprocess.run(
        [python, "-B", os.path.join(HERE, f"{name}_session.py"), program],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "BUSBAR_NODE_PACKAGES": folder},
    )
    print(run.stdout, run.stderr, sep="", end="", flush=True)
    return run.returncode, run.stdout


def main():
    name, work = sys.argv[1:]
    folder, pins, lie = SDKS[name]
    folder = os.path.join(work, folder)
    try:
        python = environment(folder, pins)
    except subprocess.TimeoutExpired:
        skip(f"{' and '.join(pins)} could not be installed in time")

    status, _ = session(python, name, "busbar-venue", folder)
    if status != 0:
        print(f"FAILED: {pins[0]} and the venue do not agree")
        return 1
    status, output = session(python, name, "busbar-venue-defect", folder)
    sources = ("queried", ) if name in WITHOUT_STREAM else ("queried", "heard of")
    if status != 1 or not all(re.search(f"{source}.* {lie}", output) for source in sources):
        print(f"FAILED: the venue with a wrong status was not found out (exit status {status})")
        return 1
    print(f"{pins[0]} and the venue agree, and a venue with one wrong status is found out")
    return 0


if __name__ == "__main__":
    sys.exit(main())
