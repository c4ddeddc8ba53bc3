"""D16: what reaches the page that a login comes back to, and what does not make a token of it. At Coinbase by OAuth 2.0 with a
verifier (PKCE), at Alpaca without one, at IBKR by OAuth 1.0a, whose request token is the state, and whose verifier is the code."""
import json
import socket
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scenario"))
from alpaca_orders import AlpacaLogin  # noqa: E402
from ibkr_login import ConsumerStack, again, trades as trades_shares  # noqa: E402
from load import spoken  # noqa: E402
from login import CLIENT_SECRET, LoginStack, get, trades  # noqa: E402
from stack import check, run, wait_for  # noqa: E402


CLOSED_WITHIN_S = 1.0


def sockets(pid):
    """Of a process, by their inodes; None: it lets nobody but root look."""
    inodes = set()
    try:
        for fd in Path(f"/proc/{pid}/fd").iterdir():
            try:
                target = str(fd.readlink())
            except OSError:  # closed meanwhile
                continue
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    except PermissionError:
        return None
    return inodes


def listeners(pid, its_port):
    """Addresses on which a process listens, of IPv4 and IPv6, as the kernel has them; who is not root sees its port's."""
    inodes = sockets(pid)
    found = []
    for table in (Path(f"/proc/{pid}/net/{family}") for family in ("tcp", "tcp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else ():  # a kernel may have no IPv6
            fields = line.split()
            address, port = fields[1].split(":")
            if fields[3] == "0A" and (int(port, 16) == its_port if inodes is None else fields[9] in inodes):
                is_v4 = len(address) == 8
                text = socket.inet_ntop(socket.AF_INET, bytes.fromhex(address)[::-1]) if is_v4 else address
                found.append((text, int(port, 16)))
    return found


def is_open(port, host="127.0.0.1"):
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False


def other_addresses():
    """Of this host: another loopback address, IPv6's, and what routes lead out by."""
    found = ["127.0.0.2", "::1"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
            found.append(probe.getsockname()[0])
        except OSError:
            pass
    return [address for address in found if address != "127.0.0.1"]


def raw(port, request):
    """The status of a request that no client would send; None: the connection was cut."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        line.sendall(request.encode())
        answer = line.recv(4096)
        return int(answer.split()[1]) if answer else None


class Coinbase:
    """Whoever caught a code has the client's secret even, and no verifier."""
    code, state, token_path, has_one_login, trades = "code", "state", "/oauth2/token", True, staticmethod(trades)

    @staticmethod
    def stack():
        return LoginStack("loopback", logged_in=False)

    @staticmethod
    def thefts(login):
        secret = {"client_secret": CLIENT_SECRET}
        return [secret, *({**secret, "code_verifier": v} for v in ("", "v" * 43, login.asked("code_challenge")))]

    @staticmethod
    def given(stack):
        return sum(stack.tokens().values()) // 2


class Alpaca(Coinbase):
    """There is no verifier: a code is worth nothing without the client's secret."""
    token_path, trades = "/oauth/token", staticmethod(trades_shares)

    @staticmethod
    def stack():
        stack = AlpacaLogin("loopback-alpaca")
        stack.logged_in = False
        return stack

    @staticmethod
    def thefts(login):
        return [{}, {"client_secret": ""}, {"client_secret": CLIENT_SECRET[:-1]}]

    @staticmethod
    def given(stack):
        return sum(stack.tokens().values())


class Ibkr(Alpaca):
    """A verifier is worth nothing without the consumer's key, which signs. The request token is the gateway's: logins that are
    open at once have the same, and the first that comes back uses it up."""
    code, state, token_path, has_one_login = "oauth_verifier", "oauth_token", "/v1/api/oauth/access_token", False

    @staticmethod
    def stack():
        stack = ConsumerStack("loopback-ibkr")
        stack.logged_in = False
        return stack

    @staticmethod
    def thefts(login):
        return [{}, {"oauth_token": login.asked("oauth_token")}]

    @staticmethod
    def given(stack):
        """Those that the gateway has kept, for the venue does not say; the vault was made, and the consumer put in, before."""
        return stack.vault_version("main.tokens") - 2 if "main.tokens" in stack.vault_entries() else 0


def steal(stack, way, code, redirect_uri, **more):
    form = {"grant_type": "authorization_code", way.code: code, "redirect_uri": redirect_uri, "client_id": "busbar", **more}
    request = urllib.request.Request(stack.venue.rest + way.token_path, urllib.parse.urlencode(form).encode(),
                                     {"Content-Type": "application/x-www-form-urlencoded"})
    try:
        verified = ssl.create_default_context(cafile=stack.venue.ca)
        with urllib.request.urlopen(request, timeout=60, context=verified) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def one_way_to_its_end(way):
    with way.stack() as stack:
        none = way.given(stack)

        def no_token(*what):
            check(way.given(stack) == none, "a token was given out for", *what)
            check("main.tokens" not in stack.vault_entries(), "a token is in the vault for", *what)

        login = again(stack)
        redirect_uri, state = login.asked("redirect_uri"), login.asked(way.state)
        if way is Coinbase:
            check(login.asked("code_challenge_method") == "S256" and len(login.asked("code_challenge")) == 43, login.url)
        port = urllib.parse.urlsplit(redirect_uri).port
        check(listeners(login.popen.pid, port) == [("127.0.0.1", port)], listeners(login.popen.pid, port))
        others = other_addresses()
        for address in others:
            check(not is_open(port, address), "somebody listens at", address)
        # Wrong ones. Each is told so, and none ends the login.
        code, of_state = f"{way.code}=stolen", f"{way.state}={state}"
        good = f"{code}&{of_state}"
        wrong = ["/callback", f"/callback?{code}", f"/callback?{code}&{way.state}=",
                 f"/callback?{good}x", f"/callback?{good[:-1]}", f"/callback?{code}&{way.state}={state[::-1]}",
                 f"/callback?{good}&{of_state}", f"/callback?{good}&{way.code}=other", f"/callback?{of_state}",
                 f"/?{good}", f"/callback/?{good}", f"/Callback?{good}", f"/callback%2f?{good}", f"/a/../callback?{good}",
                 f"//callback?{good}", f"/favicon.ico?{good}", f"http://127.0.0.1:{port}/callback?{good}",
                 "/callback?error=access_denied", f"/callback?{way.code}=%zz&{of_state}"]
        for target in wrong:
            status = raw(port, f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n")
            check(status == 400, target, "is answered with", status)
        for method in ("POST", "PUT", "HEAD", "OPTIONS"):
            status = raw(port, f"{method} /callback?{good} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            check(status in (405, None), method, "is answered with", status)
        check(login.popen.poll() is None, "it waits still")
        no_token("wrong redirects")
        # A code alone is worth nothing, and what belongs to it nobody has but the gateway.
        thefts = way.thefts(login)
        for more in thefts:
            code = urllib.parse.parse_qs(urllib.parse.urlsplit(login.consent()).query)[way.code][0]
            status, answer = steal(stack, way, code, redirect_uri, **more)
            check(status in (400, 401) and '"access_token"' not in answer and '"oauth_token"' not in answer, status, answer)
        no_token("codes alone")
        # A login for which nobody comes, for ten minutes, or here for two seconds.
        idle = again(stack, "--wait", "2")
        begin = time.monotonic()
        code, _, text = idle.end()
        took = time.monotonic() - begin
        check(code == 1 and "no browser has come back" in text and 1.5 < took < 2 + CLOSED_WITHIN_S, code, text, took)
        check(not is_open(urllib.parse.urlsplit(idle.asked("redirect_uri")).port), "somebody listens still")
        if way.has_one_login:  # the one before is over, too
            location = login.consent()
            status, _ = get(location)
            code, _, text = login.end()
            check(status == 200 and code == 1 and "another page" in text, status, code, text)
            no_token("a login that another one followed")
            login = None
        # The right one, once.
        closed = []
        for _ in range(3):
            login = login or again(stack)
            second, location = login.consent(), login.consent()
            port = urllib.parse.urlsplit(location).port
            check(get(location)[0] == 200, "the right redirect")
            begin = time.monotonic()
            wait_for("the page to go", lambda: not is_open(port), CLOSED_WITHIN_S, 0.002)
            closed.append(time.monotonic() - begin)
            try:
                status = get(second)[0]
            except OSError:
                status = None
            check(status is None, "a second redirect is answered with", status)
            code, _, text = login.end()
            check(code == 0, code, text)
            login = None
        check("main.tokens" in stack.vault_entries(), "the tokens are in the vault")
        check(way.given(stack) == none + len(closed), none, way.given(stack))
        stack.wait_state("Ok")
        stack.venue.stand_still()
        stack.wait_ready()
        way.trades(stack, "after")
        logins = "1 of 2 logins at a time, " if way.has_one_login else ""
        print(f"D16: {spoken(way.__name__.lower())}: {len(wrong) + 4} wrong redirects, {len(thefts)} stolen codes, {logins}{len(closed)} "
              f"second redirects and 1 that nobody came for: 0 tokens; the page is at 127.0.0.1 alone (closed at "
              f"{', '.join(others)}), gone {max(closed) * 1000:.0f} ms after its use (limit 1 s)")


def coinbase():
    one_way_to_its_end(Coinbase)


def alpaca():
    one_way_to_its_end(Alpaca)


def ibkr():
    one_way_to_its_end(Ibkr)


if __name__ == "__main__":
    run(coinbase, alpaca, ibkr)
