"""A person allows a consumer to trade: OAuth 1.0a with request token, browser and verifier, at an IBKR in a box."""
from login import Login, LoginStack, get, log_in
from stack import PATIENCE, Stack, check, run, wait_for

SYMBOL = "AAPL"


class ConsumerStack(LoginStack):
    """The vault has the consumer, and no access token."""

    def __init__(self, name, **more):
        Stack.__init__(self, name, broker="ibkr", **more)
        self.is_new, self.logged_in = True, True

    def vault(self, *arguments, data=""):
        if arguments[:2] == ("set", "main"):
            lines = (self.folder / "main.cred").read_text().splitlines()
            data = "\n".join(line for line in lines if not line.startswith("access_token")) + "\n"
        return super().vault(*arguments, data=data)

    def gateway_table(self, name):
        table = Stack.gateway_table(self, name)
        return table.replace('broker = "ibkr"\n', f'broker = "ibkr"\nlogin_authorize = "{self.venue.rest}/authorize"\n', 1)

    def wait_state(self, state, reason="", seconds=PATIENCE):
        return super().wait_state(state, reason.replace("there is no login", "nobody has allowed it to trade yet"), seconds)


def again(stack, *arguments):
    """The broker is asked for a request token meanwhile, and until it has one there is no address."""
    def begun():
        login = Login(stack, *arguments)
        return login if login.url is not None else login.end() and None
    return wait_for("a login to begin", begun, pause=0.2)


def trades(stack, name):
    placed = stack.busbar("order", "buy", "1", SYMBOL, "--limit", "100", "--id", name)[1][-1]
    check(placed["order_status"] == "New", placed)
    stack.busbar("cancel", name)
    wait_for("its end", lambda: stack.busbar("order", name)[1][0]["order_status"] == "Canceled")


def a_person_allows_it_once():
    with ConsumerStack("allows") as stack:
        stack.venue.stand_still()
        check("main.tokens" in stack.vault_entries(), "the access token is in the vault")
        trades(stack, "A")
        # Who starts anew needs nobody.
        stack.processes["gateway"].kill()
        stack.restart("gateway")
        wait_for("the gateway's next life", lambda: stack.processes["gateway"].log.read_text().count("reconciled") >= 2)
        stack.wait_ready()
        trades(stack, "B")
        # A second login takes the place of the first; its redirect is good for one.
        login = again(stack)
        location = login.consent()
        check(get(location)[0] == 200, location)
        code, out, err = login.end()
        check(code == 0, code, out, err)
        stack.wait_ready()
        trades(stack, "C")
        secrets = stack.vault("list")
        check("main.tokens" in secrets, secrets)
        tape = "".join(map(str, stack.journal("tape")))
        token, verifier = (location.split(f"{name}=")[1].split("&")[0] for name in ("oauth_token", "oauth_verifier"))
        check(token not in tape and verifier not in tape, "neither request token nor verifier is on the tape")


def what_is_forged_opens_nothing():
    with ConsumerStack("forged") as stack:
        login = again(stack)
        forged = login.asked("redirect_uri") + "?oauth_token=0123456789abcdef0123&oauth_verifier=x"
        check(get(forged)[0] == 400, "another login's token")
        check(get(login.consent())[0] == 200, "and the right one")
        check(login.end()[0] == 0, "ends it well")
        # What a person pastes, too, must be the answer to what was asked.
        login = again(stack, "--headless")
        code, _, err = login.end(login.asked("redirect_uri") + "?oauth_token=0123&oauth_verifier=x\n")
        check(code == 1 and "not the answer to this login" in err, code, err)


def a_logout_forgets_the_token():
    with ConsumerStack("logout") as stack:
        stack.venue.stand_still()
        check(stack.busbar("logout", "main")[0] == 0, "logged out")
        stack.wait_state("NeedsHuman", "busbar login main")
        check("main.tokens" not in stack.vault_entries(), stack.vault_entries())
        _, lines, _ = stack.busbar("order", "buy", "1", SYMBOL, "--limit", "100", can_fail=True)
        check(lines[-1]["order_status"] == "Rejected", lines)
        login = again(stack)
        check(get(login.consent())[0] == 200 and login.end()[0] == 0, "logged in again")
        stack.wait_ready()
        trades(stack, "A")


if __name__ == "__main__":
    run(a_person_allows_it_once, what_is_forged_opens_nothing, a_logout_forgets_the_token)
