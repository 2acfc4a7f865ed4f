"""Where the server listens, what it refuses to do, and how it goes."""

from __future__ import annotations

import datetime
import ipaddress
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.sync.client import connect

from chowki.core.errors import UsageError
from chowki.outputs.web.accounts import Account
from chowki.outputs.web.server import Server, Settings

PERSON = (Account("R. Singh", "operator"),)
SOURCE = Path(__file__).parents[3] / "src"


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    """Return a certificate and its key, made for this machine alone."""
    folder = tmp_path_factory.mktemp("papers")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "post.example")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(7)
    builder = builder.not_valid_before(now - datetime.timedelta(days=1))
    builder = builder.not_valid_after(now + datetime.timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
    cert = builder.sign(key, hashes.SHA256())
    pem, secret = folder / "cert.pem", folder / "key.pem"
    pem.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return {"tls_cert": pem, "tls_key": secret}


def refusal(small, **settings):
    with pytest.raises(UsageError) as caught:
        Server(small, Settings(**settings)).stop()
    return str(caught.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "2001:db8::1", "169.254.1.1"])
def test_another_bind_than_loopback_needs_tls_and_accounts(small, papers, host):
    for lacking in ({}, {"users": PERSON}, papers, {"names": ("post.example",)}):
        words = refusal(small, host=host, **lacking)
        assert "other machines" in words
        assert "--tls-cert" in words
        assert "--user" in words


def test_a_name_to_listen_at_is_refused_lest_it_resolve_elsewhere(small):
    assert "127.0.0.1" in refusal(small, host="post.example")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2"])
def test_loopback_listens_on_loopback_only(small, serve, host):
    server = serve(host=host)
    listening = server._listening.getsockname()[0]
    assert ipaddress.ip_address(listening).is_loopback
    with socket.create_connection((listening, server.port), timeout=1.0):
        pass


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_loopback_of_ipv6(small):
    try:
        server = Server(small, Settings(host="::1", users=PERSON))
    except UsageError:
        pytest.skip("this machine has no IPv6 loopback")
    with server:
        assert server.url == f"http://[::1]:{server.port}"
        assert httpx.get(server.links()[0][2], trust_env=False).status_code == 200


def test_beyond_loopback_with_tls_accounts_and_a_name(small, papers):
    names = {"names": ("post.example",), "users": PERSON}
    server = Server(small, Settings(host="0.0.0.0", **names, **papers))
    try:
        assert server.url == f"https://post.example:{server.port}"
    finally:
        server.stop()
    assert "--name" in refusal(small, host="0.0.0.0", users=PERSON, **papers)


def test_over_tls_cookie_and_socket_are_safe(small, papers):
    context = ssl.create_default_context(cafile=papers["tls_cert"])
    with (
        Server(small, Settings(users=PERSON, **papers)) as server,
        httpx.Client(verify=context, trust_env=False) as http,
    ):
        assert server.url == f"https://127.0.0.1:{server.port}"
        cookie = http.get(server.links()[0][2]).headers["set-cookie"]
        assert cookie.startswith(f"__Host-chowki-{server.port}=")
        assert "; Secure" in cookie
        sent = {"Cookie": cookie.split(";")[0]}
        address = server.url.replace("https", "wss") + "/socket"
        with connect(
            address, origin=server.url, ssl=context, additional_headers=sent, proxy=None
        ) as page:
            assert json.loads(page.recv())["user"]["name"] == "R. Singh"
        plain = f"http://127.0.0.1:{server.port}"
        answer = http.post(f"{server.url}/acts", headers={**sent, "Origin": plain}, content=b"{}")
        assert answer.status_code == 403


def test_files_that_are_no_certificate_are_told(small, papers, tmp_path):
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate", encoding="utf-8")
    assert "--tls-key" in refusal(small, tls_cert=papers["tls_cert"])
    assert "wrong.pem" in refusal(small, tls_cert=wrong, tls_key=papers["tls_key"])
    assert "lost.pem" in refusal(small, tls_cert=tmp_path / "lost.pem", tls_key=wrong)


@pytest.mark.parametrize(
    "name", ["post.example:80", "http://post", "", "a b", "-a", "*", "x" * 300]
)
def test_a_name_that_is_none_is_told(small, name):
    assert "--name" in refusal(small, names=(name,))


def test_a_port_that_is_taken_or_none_is_told(small, serve):
    taken = serve().port
    assert "--port" in refusal(small, port=taken)
    for port in (-1, 65_536):
        assert "--port" in refusal(small, port=port)


def test_a_further_name_is_served(small, serve):
    server = serve(names=("Post.Example",))
    headers = {"Host": f"post.example:{server.port}"}
    assert httpx.get(server.url, headers=headers, trust_env=False).status_code == 401


def test_everyone_gets_a_link_of_their_own_and_anew_each_time(serve):
    server = serve()
    first, second = server.links(), server.links()
    assert [(name, role) for name, role, _ in first] == [
        ("V. Rao", "viewer"), ("R. Singh", "operator"), ("A. Kaur", "approver"),
    ]  # fmt: skip
    urls = [url for _, _, url in first + second]
    assert len(set(urls)) == 6
    assert all(url.startswith(f"http://127.0.0.1:{server.port}/enter?key=") for url in urls)
    assert [httpx.get(url, trust_env=False).status_code for url in (urls[0], urls[3])] == [401, 200]


def test_alone_at_the_machine_one_may_do_everything(serve):
    assert [role for _, role, _ in serve(users=()).links()] == ["approver"]


def test_a_stopped_server_lets_its_port_go(small):
    server = Server(small, Settings(users=PERSON))
    with server:
        pass
    again = Server(small, Settings(users=PERSON, port=server.port))
    again.stop()


FOREVER = """
import sys
sys.path.insert(0, {tests!r})
from conftest import SmallSession
from chowki.outputs.web.server import Server, Settings
server = Server(SmallSession(), Settings())
print(server.links()[0][2], flush=True)
print("after a signal:", server.serve_forever(), flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_serving_in_good_order_also_with_pages_open(sent):
    program = FOREVER.format(tests=str(Path(__file__).parent))
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as running:
        link = running.stdout.readline().strip()
        base = link.split("/enter")[0]
        cookie = entered(link)
        address = base.replace("http", "ws") + "/socket"
        headers = {"Cookie": cookie}
        with connect(address, origin=base, additional_headers=headers, proxy=None) as page:
            page.recv()
            running.send_signal(sent)
            out, err = running.communicate(timeout=10.0)
    assert (out, err, running.returncode) == ("after a signal: True\n", "", 0)


def entered(link):
    """Return the cookie for a link, as soon as the server answers."""
    latest = time.monotonic() + 10.0
    while True:
        try:
            return httpx.get(link, trust_env=False).headers["set-cookie"].split(";")[0]
        except httpx.ConnectError:
            if time.monotonic() > latest:
                raise
            time.sleep(0.05)
