"""Logins: a person allows Busbar to trade at a Coinbase in a box, and what comes of it is renewed, kept and given up."""
import json
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

from stack import BIN, PATIENCE, Stack, check, run, wait_for

SYMBOL = "BTC/USD"
CLIENT_SECRET = "venue-client-secret"


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class LoginStack(Stack):
    """The account's credentials are a client, and no key. It starts without a login, or with one."""

    def __init__(self, name, life_s=3600, logged_in=True, login="", broker="coinbase", **more):
        life = f"access_life_s = {life_s}\n" if life_s else ""  # of brokers whose tokens have an end
        super().__init__(name, broker=broker, venue=f"[venue.login]\n{life}{login}", **more)
        self.is_new, self.logged_in = True, logged_in

    def write_config(self, file=None, bus=""):
        super().write_config(file, bus)
        text = self.config.read_text()
        text = text.replace(f'credentials = "{self.folder}/main.cred"', 'credentials = "vault:main"')
        self.config.write_text(f"""{text}
[vault]
file = "{self.folder}/vault/vault"
generation_file = "{self.folder}/kept/generation"
key = "file:{self.folder}/vault.key"
""")
        self.vault("init")
        self.vault("set", "main", data=f"client_id = busbar\nclient_secret = {CLIENT_SECRET}\n")

    def gateway_table(self, name):
        return super().gateway_table(name) + f"""login_authorize = "{self.venue.rest}/oauth2/auth"
login_token = "{self.venue.rest}/oauth2/token"
"""

    def command(self, *arguments, client="cli"):
        return [str(BIN / "busbar"), "--config", str(self.config), "--client", client, *map(str, arguments)]

    def vault(self, *arguments, data=""):
        done = subprocess.run(self.command("vault", *arguments), input=data, capture_output=True, text=True, timeout=60)
        check(done.returncode == 0, *arguments, done.stderr)
        return done.stdout

    def vault_entries(self):
        return {line.split()[0] for line in self.vault("list").splitlines()[1:]}

    def vault_version(self, entry):
        return next(int(line.split()[1]) for line in self.vault("list").splitlines() if line.startswith(entry))

    def wait_ready(self, seconds=PATIENCE):
        if self.is_new:
            self.is_new = False
            self.wait_state("NeedsHuman", "there is no login: busbar login main")
            if not self.logged_in:
                return None
            log_in(self)
        return super().wait_ready(seconds)

    def session(self):
        code, lines, _ = self.busbar("status", can_fail=True)
        return next((s for s in lines[0].get("sessions", []) if s["account"] == "main"), {}) if lines else {}

    def wait_state(self, state, reason="", seconds=PATIENCE):
        return wait_for(f"the session to be {state}: {reason}", lambda: (s := self.session()).get("state") == state
                        and reason in s.get("reason", "") and s, seconds, 0.1)

    def tokens(self, **what):
        return self.venue.control_call("POST", "/tokens", **(what or {"expire": False}))

    def refreshes(self):
        return self.venue.arrivals("login.refresh")


def get(url, ca=None):
    """(status, Location) without going there."""
    handlers = [NoRedirect]
    if ca:
        handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca)))
    try:
        with urllib.request.build_opener(*handlers).open(url, timeout=PATIENCE) as answer:
            return answer.status, None
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("Location")


class Login:
    """`busbar login`, running."""

    def __init__(self, stack, *arguments, client="cli"):
        self.stack = stack
        self.popen = subprocess.Popen(stack.command("--json", "login", "main", *arguments, client=client), text=True,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = self.popen.stdout.readline()
        self.url = json.loads(line)["url"] if line else None

    def consent(self):
        """Where the broker's page sends the browser to."""
        status, location = get(self.url, self.stack.venue.ca)
        check(status == 302 and location, "no redirect but", status)
        return location

    def asked(self, name):
        return urllib.parse.parse_qs(urllib.parse.urlsplit(self.url).query)[name][0]

    def end(self, data=None):
        out, err = self.popen.communicate(data, timeout=60)
        return self.popen.returncode, out, err


def log_in(stack):
    login = Login(stack)
    status, _ = get(login.consent())
    check(status == 200, "the page that the browser comes back to says", status)
    code, out, err = login.end()
    check(code == 0 and "logged in" in out, code, out, err)


def trades(stack, name):
    """One order, placed, seen at the venue and cancelled."""
    order = stack.busbar("order", "buy", "0.01", SYMBOL, "--limit", "30000", "--id", name)[1][-1]
    check(order["order_status"] == "New", order)
    stack.busbar("cancel", name)
    wait_for("the cancel", lambda: stack.busbar("order", name)[1][0]["order_status"] == "Canceled")


def secrets_nowhere(stack, *more):
    """Neither tokens nor the client's secret, nor codes: they are in the venue's answers, of which the tape has had all."""
    secrets = [CLIENT_SECRET, *more]
    wait_for("the tape", lambda: stack.journal("tape"))
    for file in stack.folder.rglob("*"):
        if file.is_file() and "venue" not in file.relative_to(stack.folder).parts[0] and file.name != "arrivals":
            content = file.read_bytes()
            check(not [s for s in secrets if s.encode() in content], "a secret in", file)
    taped = json.dumps([r.get("message") for r in stack.journal("tape")])
    check("/oauth2/token" in taped and "[cut]" in taped, "the tape has the exchange, cut")


def a_login_trades_and_outlives_its_tokens():
    with LoginStack("login", life_s=3) as stack:
        stack.venue.stand_still()
        begin = len(stack.refreshes())
        for i in range(12):
            trades(stack, f"A{i}")
            check(stack.session()["state"] == "Ok", stack.session())
            time.sleep(0.8)
        session = stack.session()
        check(session.get("deadline"), "the token's end is told", session)
        count = len(stack.refreshes()) - begin
        check(count >= 3, "renewed", count, "times")
        check(all(r["outcome"] == "accepted" for r in stack.refreshes()), stack.refreshes())
        check(stack.busbar("login", "main", "--renew")[1] == [{"account": "main", "done": "renewed"}], "renewed by hand")
        secrets_nowhere(stack)
        check(stack.busbar("journal", "recheck")[0] == 0, "recheck")
        print(f"login: {count} renewals, 12 orders")


def a_gateway_killed_while_it_renews_keeps_its_login():
    with LoginStack("killed", life_s=4) as stack:
        stack.venue.stand_still()
        gateway = stack.processes["gateway"]

        def life():
            return stack.busbar("status", can_fail=True)[1][0]["gateways"][0]["incarnation"]

        def back(before):
            """How the session of the next life is, as soon as that is known."""
            stack.restart("gateway")
            wait_for("another life", lambda: life() != before)
            return wait_for("the gateway to know", lambda: (s := stack.session()["state"]) in ("Ok", "NeedsHuman") and s)

        def is_well():
            wait_for("orders to be taken", lambda: stack.busbar("status", can_fail=True)[0] == 0)
            return True

        # Its request has not been acted on: what is in the vault is good.
        stack.venue.fault("hang_request", endpoint="login.refresh")
        count = len(stack.refreshes())
        wait_for("a renewal to begin", lambda: len(stack.refreshes()) > count)
        before = life()
        gateway.kill()
        stack.venue.clear_faults()
        check(back(before) == "Ok" and is_well(), stack.session())
        trades(stack, "asked")
        # Anywhere: in the request, in the write of the vault, after it.
        lost = 0
        for i in range(8):
            count, before = len(stack.refreshes()), life()
            wait_for("a renewal", lambda: len(stack.refreshes()) > count, pause=0.001)
            time.sleep(0.002 * i)
            gateway.kill()
            back(before)
            code, _, text = stack.busbar("login", "main", "--renew", can_fail=True)
            if code:  # the answer was on its way, and nobody else had it
                check("invalid_grant" in text, code, text)
                lost += 1
                log_in(stack)
                stack.wait_state("Ok")
            is_well()
            trades(stack, f"K{i}")
        # Told to stop while it renews, it waits for the answer.
        stack.venue.fault("delay_answer", endpoint="login.refresh", ms=1500)
        count, before = len(stack.refreshes()), life()
        wait_for("a renewal to begin", lambda: len(stack.refreshes()) > count)
        gateway.stop()
        stack.venue.clear_faults()
        check(back(before) == "Ok" and is_well(), stack.session())
        trades(stack, "stopped")
        # Every token that the broker gave out is in the vault, once, but for those that were lost on their way.
        written = stack.vault_version("main.tokens") - 2  # the vault was made, and the client put in
        given = 1 + lost + sum(r["outcome"] == "accepted" for r in stack.refreshes())
        check(given - written == lost, given, "given out,", written, "written,", lost, "lost")
        print(f"login: killed 8 times while it renewed, {lost} logins lost with their answer; {written} of {given} tokens written")


def a_renewal_whose_answer_is_lost_asks_for_a_person():
    with LoginStack("lost", life_s=4) as stack:
        stack.venue.stand_still()
        stack.venue.fault("drop_answer", endpoint="login.refresh", next=1)
        stack.wait_state("NeedsHuman", "invalid_grant")
        code, _, text = stack.busbar("order", "buy", "0.01", SYMBOL, "--limit", "30000", can_fail=True)
        check(code == 1 and "NeedsHuman" in text and "busbar login main" in text, code, text)
        heals(stack, "lost")


def heals(stack, name):
    """A new login does, without a restart."""
    life = stack.processes["gateway"].popen.pid
    log_in(stack)
    stack.wait_state("Ok")
    wait_for("orders to be taken", lambda: stack.busbar("status", can_fail=True)[0] == 0)
    trades(stack, name)
    check(stack.processes["gateway"].is_running() and stack.processes["gateway"].popen.pid == life, "it has not restarted")


def a_login_taken_back_asks_for_a_person_and_the_next_heals_it():
    with LoginStack("revoked") as stack:
        stack.venue.stand_still()
        trades(stack, "before")
        time.sleep(5)  # a new token is not doubted at once
        stack.tokens(revoke=True)
        stack.busbar("balances", can_fail=True)  # or what it asks by itself, once in a minute
        stack.wait_state("NeedsHuman", "invalid_grant", 120)
        heals(stack, "after")


def a_logout_gives_back_all_there_is():
    with LoginStack("logout") as stack:
        stack.venue.stand_still()
        trades(stack, "before")
        given = stack.tokens()
        code, _, text = stack.busbar("logout", "main", client="viewer", can_fail=True)
        check(code == 1 and "may not log in or out" in text, code, text)
        stack.venue.fault("answer_instead", endpoint="login.revoke", status=503)
        code, _, text = stack.busbar("logout", "main", can_fail=True)
        check(code == 1 and "HTTP 503" in text, code, text)
        check(stack.tokens() == given and "main.tokens" in stack.vault_entries(), "what is not taken back is kept")
        trades(stack, "still")
        stack.venue.clear_faults()
        check(stack.busbar("logout", "main")[1] == [{"account": "main", "done": "logged out"}], "logged out")
        check(stack.tokens() == {"tokens": 0, "refresh_tokens": 0}, given, stack.tokens())
        check("main.tokens" not in stack.vault_entries(), stack.vault_entries())
        stack.wait_state("NeedsHuman", "there is no login: busbar login main")
        code, _, text = stack.busbar("order", "buy", "0.01", SYMBOL, "--limit", "30000", can_fail=True)
        check(code == 1 and "NeedsHuman" in text and "busbar login main" in text, code, text)
        check(stack.busbar("logout", "main")[0] == 0, "there is nothing to give back, and that is well")
        heals(stack, "after")
        secrets_nowhere(stack)


def a_token_that_ends_before_its_time_is_replaced():
    with LoginStack("early") as stack:
        stack.venue.stand_still()
        time.sleep(5)
        count = len(stack.refreshes())
        stack.tokens(expire=True)
        check(stack.busbar("balances")[0] == 0, "the question that finds out waits for the new token, and is asked again")
        wait_for("a renewal", lambda: len(stack.refreshes()) == count + 1)
        trades(stack, "after")
        stack.wait_state("Ok")


def a_broker_that_cannot_be_asked_is_asked_again():
    with LoginStack("down", life_s=8) as stack:
        stack.venue.stand_still()
        stack.venue.fault("answer_instead", endpoint="login.refresh", status=503)
        stack.wait_state("ExpiresAt", "HTTP 503")
        stack.wait_state("Down", "the access token is over")
        stack.venue.clear_faults()
        stack.wait_state("Ok")
        wait_for("orders to be taken", lambda: stack.busbar("status", can_fail=True)[0] == 0)
        trades(stack, "after")


def refused():
    """Each with what is said, and none with a token."""
    with LoginStack("no") as stack:
        stack.venue.stand_still()
        before = stack.tokens()
        code, _, text = Login(stack, client="viewer").end()
        check(code == 1 and "may not log in" in text, code, text)
        req = stack.req()
        answer = req.ask("Query", kind="AuthUrl", account="main", url="https://elsewhere.example/callback")
        check("come back to http://127.0.0.1:PORT/callback" in str(answer), answer)
        for pasted, says in ((" ", "brings no code"), ("http://127.0.0.1:1/callback?code=a&state=b", "another page"),
                             ("a code that nobody gave", "invalid_grant")):
            login = Login(stack, "--headless")
            code, out, text = login.end(pasted)
            check(code == 1 and says in text, pasted, code, out, text)
        stack.venue.control_call("POST", "/login", declines=True)
        login = Login(stack)
        get(login.consent())
        code, _, text = login.end()
        check(code == 1 and "access_denied" in text, code, text)
        check(stack.tokens() == before, "tokens were given out", before, stack.tokens())
        # On a host without a browser: the address that another one ended at, or the code in it.
        login = Login(stack, "--headless")
        code, out, text = login.end(login.consent() + "\n")
        check(code == 0, code, out, text)
        login = Login(stack, "--headless")
        pasted = urllib.parse.parse_qs(urllib.parse.urlsplit(login.consent()).query)["code"][0]
        code, out, text = login.end(pasted)
        check(code == 0 and pasted not in out + text, code, out, text)
        trades(stack, "after")
        secrets_nowhere(stack, pasted)


if __name__ == "__main__":
    run(a_login_trades_and_outlives_its_tokens, a_gateway_killed_while_it_renews_keeps_its_login,
        a_renewal_whose_answer_is_lost_asks_for_a_person, a_login_taken_back_asks_for_a_person_and_the_next_heals_it,
        a_logout_gives_back_all_there_is, a_token_that_ends_before_its_time_is_replaced,
        a_broker_that_cannot_be_asked_is_asked_again, refused)
