"""The way in, as browsers have it: links, cookies, other origins, and scripts that are not ours."""

from __future__ import annotations

import functools
import http.server
import threading
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from chowki.outputs.web.accounts import Account
from chowki.outputs.web.server import Settings

TRACKS = 20
OPERATOR = "R. Singh"
# What somebody else's page tries against ours, with whatever cookies the browser sends along.
TRIES = """
<!doctype html><title>elsewhere</title><body><script>
const target = "TARGET";
const tried = {};
const note = (name) => (what) => { tried[name] = String(what); };
const socket = new WebSocket(target.replace("http", "ws") + "/socket");
socket.onopen = () => note("socket")("opened");
socket.onerror = () => note("socket")("refused");
const act = {method: "POST", credentials: "include",
  body: JSON.stringify({verb: "handover", subject: "", value: "forged", revision: null})};
const json = {headers: {"Content-Type": "application/json"}};
const plain = {headers: {"Content-Type": "text/plain"}};
fetch(target + "/acts", {...act, ...json}).then((r) => r.status).then(note("json"), note("json"));
fetch(target + "/acts", {...act, ...plain, mode: "no-cors"})
  .then((r) => r.type).then(note("plain"), note("plain"));
fetch(target + "/state", {credentials: "include"})
  .then((r) => r.text()).then(note("read"), note("read"));
const frame = document.createElement("iframe");
frame.src = target + "/";
frame.onload = () => note("frame")("loaded");
document.body.append(frame);
</script>
"""


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """Serves one page."""

    def __init__(self, body, *given):
        self._body = body
        super().__init__(*given)

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(self._body)))
        self.end_headers()
        self.wfile.write(self._body)

    def log_message(self, *_args):
        pass


@pytest.fixture
def elsewhere():
    """Return how to serve some words from another origin on this machine."""
    servers = []

    def serve(words):
        handler = functools.partial(Elsewhere, words.encode())
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}/"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def noting(made_up):
    """Return a session that keeps what it is asked to do, but for what was merely seen."""
    session = made_up(TRACKS)
    session.asked = []
    submit = session.submit

    def kept(request):
        if request.verb != "seen":
            session.asked.append(request)
        return submit(request)

    session.submit = kept
    return session


@pytest.fixture
def served(serving, noting):
    return serving(
        noting, Settings(users=(Account(OPERATOR, "operator"), Account("V. Rao", "viewer")))
    )


def link_of(server, user=OPERATOR):
    return next(link for name, _, link in server.links() if name == user)


def entered(page):
    expect(page.locator(".top-link")).to_contain_text("Connected")
    expect(page.locator(".top-counts .count-tracks dd")).to_have_text(str(TRACKS))


def test_a_link_works_once_and_its_second_use_is_told(served, watched):
    link = link_of(served)
    first, second = watched(served.url), watched(served.url, expected="410|401")
    first.goto(link)
    entered(first)
    expect(first.locator(".top-user")).to_contain_text(OPERATOR)
    assert urlsplit(first.url)[1:4] == (urlsplit(served.url).netloc, "/", "")  # no key is left over
    assert second.goto(link).status == 410
    expect(second.locator("body")).to_contain_text("used already")
    assert second.goto("/").status == 401
    first.reload()
    entered(first)


def test_a_newer_link_of_the_same_user_ends_the_older_one(served, watched):
    old, new = link_of(served), link_of(served)
    page = watched(served.url, expected="401")
    assert page.goto(old).status == 401
    page.goto(new)
    entered(page)


def test_without_a_cookie_plain_words_say_what_to_do(served, watched):
    page = watched(served.url, expected="401")
    for path in ("/", "/page/main.js", "/state", "/tracks?format=json"):
        assert page.goto(path).status == 401
        expect(page.locator("body")).to_have_text(
            "You are not signed in here. Open the link that chowki printed when it started;"
            " each link works once."
        )
    assert page.goto("/enter?key=guess").status == 401
    assert page.context.cookies() == []


def test_a_session_survives_reloads_and_ends_with_its_cookie(served, watched):
    page = watched(served.url, expected="401|WebSocket")
    page.goto(link_of(served))
    entered(page)
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/")
    assert page.evaluate("document.cookie") == ""
    for _ in range(2):
        page.reload()
        entered(page)
    page.context.clear_cookies()
    assert page.reload().status == 401


def test_who_is_at_the_page_is_who_the_link_was_for(served, watched, noting):
    for user, role in ((OPERATOR, "operator"), ("V. Rao", "viewer")):
        page = watched(served.url)
        page.goto(link_of(served, user))
        entered(page)
        expect(page.locator(".top-user")).to_have_text(f"{user}{role}")
        page.evaluate("chowki.connection.post('/acts', {verb: 'mute', subject: '', value: '60'})")
    assert [(one.person, one.role) for one in noting.asked] == [
        (OPERATOR, "operator"),
        ("V. Rao", "viewer"),
    ]


def test_a_page_of_another_origin_reaches_nothing(served, watched, elsewhere, noting):
    page = watched(served.url)
    page.goto(link_of(served))
    entered(page)
    foreign = page.context.new_page()
    foreign.goto(elsewhere(TRIES.replace("TARGET", served.url)))
    foreign.wait_for_function("Object.keys(tried).length === 5")
    tried = foreign.evaluate("tried")
    assert tried["socket"] == "refused"
    assert "Failed to fetch" in tried["json"]
    assert "Failed to fetch" in tried["read"]
    assert tried["plain"] in {"opaque", "TypeError: Failed to fetch"}
    assert foreign.frames[1].url.startswith("chrome-error:")  # ours is held in no frame
    assert noting.asked == []
    page.reload()
    entered(page)


def test_neither_inline_script_nor_eval_nor_foreign_script_runs(served, watched, elsewhere):
    page = watched(served.url, expected="policy violation|Content Security Policy|asked another")
    page.goto(link_of(served))
    entered(page)
    script = elsewhere("globalThis.ran = 'foreign'")
    blocked = page.evaluate(
        """async (foreign) => {
            const blocked = (make) => new Promise((done) => {
                addEventListener("securitypolicyviolation", () => done(true), {once: true});
                setTimeout(() => done(false), 3000);
                make();
            });
            const found = [];
            const inline = document.createElement("script");
            inline.textContent = "globalThis.ran = 'inline'";
            found.push(await blocked(() => document.body.append(inline)));
            const button = document.createElement("button");
            document.body.append(button);
            found.push(await blocked(() => {
                button.setAttribute("onclick", "globalThis.ran = 'handler'");
                button.click();
            }));
            const other = document.createElement("script");
            other.src = foreign;
            found.push(await blocked(() => document.body.append(other)));
            try {
                new Function("globalThis.ran = 'function'")();
            } catch (error) {
                found.push(error.name);
            }
            return found;
        }""",
        script,
    )
    assert blocked == [True, True, True, "EvalError"]
    assert page.evaluate("globalThis.ran ?? 'nothing'") == "nothing"
