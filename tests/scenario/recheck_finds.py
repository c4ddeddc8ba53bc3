"""A decision altered on disk: the chain of a copy is whole again, so only heads kept elsewhere or the core can tell."""
import json
import random
import subprocess

from stack import BIN, Stack, check, run, wait_for, wait_synced
import wire


def a_forged_decision_is_found():
    seed = random.randrange(1 << 32)
    print("seed", seed)
    with Stack("forged") as stack:
        stack.venue.stand_still()
        req = stack.req()
        for i in range(10):
            req.ask("NewOrder", **wire.new_order(f"F{i}", "Buy", "0.001", price=30000 + i))
        wait_for("all to rest", lambda: sum(o["order_status"] == "New" for o in stack.busbar("orders")[1]) == 10)
        goal = wait_synced(stack)
        heads = stack.folder / "heads.jsonl"
        wait_for("a signed head over all of it", lambda: heads.exists() and any(
            head["stream"] == "core" and head["sequence"] >= goal
            for head in map(json.loads, heads.read_text().split("\n")[:-1])))
        check(stack.busbar("journal", "recheck")[1][0]["agrees"], "the true journal")

        copy = stack.folder / "forged"
        done = subprocess.run(
            [BIN / "alter_journal", stack.folder / "audit/core", copy / "core",
             str(random.Random(seed).randrange(10))],
            capture_output=True,
            text=True,
            timeout=60)
        check(done.returncode == 0, done.stderr)
        altered = int(done.stdout)
        journal = ("journal", "--directory", copy)
        code, lines, _ = stack.busbar(*journal, "verify", "core", can_fail=True)
        check(code == 0 and lines[0]["good"], "a chain alone cannot tell:", lines)
        code, lines, _ = stack.busbar(*journal, "verify", "core", "--heads", heads,
                                      "--key", stack.folder / "audit/core/signing.pub", can_fail=True)
        check(code == 1 and not lines[0]["good"], "the heads kept elsewhere tell:", lines)
        code, lines, _ = stack.busbar(*journal, "recheck", can_fail=True)
        check(code == 1 and not lines[0]["agrees"] and lines[0]["difference"]["sequence"] == altered, altered, lines)

        # And a byte flipped without any care is seen by the chain itself.
        data = copy / "core" / sorted(p.name for p in (copy / "core").iterdir() if p.name.isdigit())[0] / "data.mdb"
        raw = data.read_bytes()
        name = b"\x02\0\0\0F5\0"  # as a message holds it; an index has it otherwise
        check(name in raw, "an order's name stands in the file")
        raw = raw.replace(name, b"\x02\0\0\0F6\0")
        data.write_bytes(raw)
        code, lines, _ = stack.busbar(*journal, "verify", "core", can_fail=True)
        check(code == 1 and lines[0].get("first_bad_sequence"), lines)


if __name__ == "__main__":
    run(a_forged_decision_is_found)
