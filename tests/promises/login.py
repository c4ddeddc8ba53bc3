"""D16: what reaches the page that a login comes back to, and what does not make a token of it."""
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
from login import CLIENT_SECRET, Login, LoginStack, get, trades  # noqa: E402
from stack import check, run, wait_for  # noqa: E402

import size  # noqa: E402

CLOSED_WITHIN_S = 1.0 if size.SIZE == "full" else 5.0  # on two cores that others use too


def listeners(pid):
    """Addresses on which a process listens, of IPv4 and IPv6, as the kernel has them."""
    inodes = set()
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(fd.readlink())
        except OSError:  # closed meanwhile
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = []
    for family in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{family}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                address, port = fields[1].split(":")
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


def steal(stack, code, redirect_uri, **more):
    """Whoever caught a code asks for its tokens, with the client's secret even."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "client_id": "busbar",
            "client_secret": CLIENT_SECRET, **more}
    request = urllib.request.Request(f"{stack.venue.rest}/oauth2/token", urllib.parse.urlencode(form).encode(),
                                     {"Content-Type": "application/x-www-form-urlencoded"})
    try:
        verified = ssl.create_default_context(cafile=stack.venue.ca)
        with urllib.request.urlopen(request, timeout=60, context=verified) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def a_login_has_one_way_to_its_end():
    with LoginStack("loopback", logged_in=False) as stack:
        none = stack.tokens()

        def no_token(*what):
            check(stack.tokens() == none, "a token was given out for", *what)
            check("main.tokens" not in stack.vault_entries(), "a token is in the vault for", *what)

        login = Login(stack)
        redirect_uri, state = login.asked("redirect_uri"), login.asked("state")
        check(login.asked("code_challenge_method") == "S256" and len(login.asked("code_challenge")) == 43, login.url)
        port = urllib.parse.urlsplit(redirect_uri).port
        check(listeners(login.popen.pid) == [("127.0.0.1", port)], listeners(login.popen.pid))
        others = other_addresses()
        for address in others:
            check(not is_open(port, address), "somebody listens at", address)
        # Wrong ones. Each is told so, and none ends the login.
        good = f"code=stolen&state={state}"
        wrong = ["/callback", "/callback?code=stolen", "/callback?code=stolen&state=",
                 f"/callback?code=stolen&state={state}x",
                 f"/callback?code=stolen&state={state[:-1]}", f"/callback?code=stolen&state={state.swapcase()}",
                 f"/callback?{good}&state={state}", f"/callback?{good}&code=other", f"/callback?state={state}",
                 f"/?{good}", f"/callback/?{good}", f"/Callback?{good}", f"/callback%2f?{good}", f"/a/../callback?{good}",
                 f"//callback?{good}", f"/favicon.ico?{good}", f"http://127.0.0.1:{port}/callback?{good}",
                 "/callback?error=access_denied", f"/callback?code=%zz&state={state}"]
        for target in wrong:
            status = raw(port, f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n")
            check(status == 400, target, "is answered with", status)
        for method in ("POST", "PUT", "HEAD", "OPTIONS"):
            status = raw(port, f"{method} /callback?{good} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            check(status in (405, None), method, "is answered with", status)
        check(login.popen.poll() is None, "it waits still")
        no_token("wrong redirects")
        # A code without the verifier is worth nothing, and nobody has that but the gateway.
        thefts = 0
        for more in ({}, {"code_verifier": ""}, {"code_verifier": "v" * 43}, {"code_verifier": login.asked("code_challenge")}):
            code = urllib.parse.parse_qs(urllib.parse.urlsplit(login.consent()).query)["code"][0]
            status, answer = steal(stack, code, redirect_uri, **more)
            check(status in (400, 401) and "access_token" not in answer, status, answer)
            thefts += 1
        no_token("codes without a verifier")
        # A login for which nobody comes, for ten minutes, or here for two seconds.
        idle = Login(stack, "--wait", "2")
        begin = time.monotonic()
        code, _, text = idle.end()
        took = time.monotonic() - begin
        check(code == 1 and "no browser has come back" in text and 1.5 < took < 2 + CLOSED_WITHIN_S, code, text, took)
        check(not is_open(urllib.parse.urlsplit(idle.asked("redirect_uri")).port), "somebody listens still")
        # The one before is over, too: a gateway has one login at a time.
        location = login.consent()
        status, _ = get(location)
        code, _, text = login.end()
        check(status == 200 and code == 1 and "another page" in text, status, code, text)
        no_token("a login that another one followed")
        # The right one, once.
        closed = []
        for _ in range(3):
            login = Login(stack)
            location = login.consent()
            port = urllib.parse.urlsplit(location).port
            second = login.consent()
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
        check("main.tokens" in stack.vault_entries(), "the tokens are in the vault")
        check(stack.tokens() == {name: number + len(closed) for name, number in none.items()}, none, stack.tokens())
        stack.wait_state("Ok")
        stack.venue.stand_still()
        stack.wait_ready()
        trades(stack, "after")
        print(f"D16: {len(wrong) + 4} wrong redirects, {thefts} codes without their verifier, 1 of 2 logins at a time, {len(closed)} "
              f"second redirects and 1 that nobody came for: 0 tokens; the page is at 127.0.0.1 alone (closed at "
              f"{', '.join(others)}), gone {max(closed) * 1000:.0f} ms after its use (limit 1 s)")


if __name__ == "__main__":
    run(a_login_has_one_way_to_its_end)
