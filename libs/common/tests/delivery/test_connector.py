"""Nothing is sent to an address that is not public, whatever a name leads to and whenever."""

import asyncio
import contextlib
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from plaudit.common.delivery.connector import Connector, UnreachableError
from plaudit.common.delivery.domain.outcomes import MAX_ANSWER_BYTES
from plaudit_testing.delivering import delivery_settings, says

NOWHERE = "postgresql://nobody@127.0.0.1:9/none"


def leads_to(*addresses, asked=None):
    async def resolve(host, _port):
        if asked is not None:
            asked.append(host)
        return addresses

    return resolve


def connector(endpoint, resolve=None, **more):
    settings = delivery_settings(NOWHERE, [endpoint.port], **{"delivery_timeout_seconds": 20.0, **more})
    return Connector(settings, resolve=resolve or leads_to("127.0.0.1"))


async def refused(made, url):
    with pytest.raises(UnreachableError) as error:
        await made.post(url, b"x", {})
    await made.close()
    return str(error.value)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::"),
        *("64:ff9b::7f00:1", "2002:7f00:1::", "fe80::1", "ff02::1", "168.63.129.16"),
    ],
)
async def test_a_name_that_leads_to_a_denied_address_is_not_connected_to(endpoint, address):
    made = connector(endpoint, leads_to(address), delivery_private_networks=[])
    assert "not public" in await refused(made, endpoint.url)
    assert endpoint.connections == 0


async def test_one_denied_address_among_public_ones_denies_the_name(endpoint):
    made = connector(endpoint, leads_to("8.8.8.8", "127.0.0.1"), delivery_private_networks=[])
    assert "loopback" in await refused(made, endpoint.url)
    assert endpoint.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "2130706433", "0x7f.1", "0177.0.0.1", "[::ffff:7f00:1]"])
async def test_an_address_in_any_spelling_is_denied_by_what_the_host_makes_of_it(endpoint, host):
    settings = delivery_settings(NOWHERE, [endpoint.port], delivery_private_networks=[])
    words = await refused(Connector(settings), f"http://{host}:{endpoint.port}/")
    assert "not public" in words or "looked up" in words
    assert endpoint.connections == 0


async def test_the_connection_is_made_to_the_address_that_was_checked_whatever_the_name_says_next(endpoint):
    """The name is asked once: a name that changes between check and dial cannot lead elsewhere."""
    answers = [["127.0.0.1"], ["169.254.169.254"]]
    asked = []

    async def changing(host, _port):
        asked.append(host)
        return answers[min(len(asked), 2) - 1]

    made = connector(endpoint, changing)
    assert (await made.post(endpoint.url, b"x", {})).status == 200
    assert asked == ["endpoint.example"]
    assert endpoint.got[0].headers["host"] == f"endpoint.example:{endpoint.port}"
    await made.close()


async def test_a_new_connection_checks_the_name_again(endpoint):
    answers = [["127.0.0.1"], ["169.254.169.254"]]

    async def changing(_host, _port):
        return answers.pop(0)

    made = connector(endpoint, changing)
    endpoint.answer = lambda _: says(200, connection="close")
    assert (await made.post(endpoint.url, b"x", {})).status == 200
    assert "link-local" in await refused(made, endpoint.url)
    assert endpoint.connections == 1


async def test_a_redirect_is_not_followed(endpoint, other_endpoint):
    made = connector(endpoint)
    endpoint.answer = lambda _: says(302, location=other_endpoint.url)
    assert (await made.post(endpoint.url, b"x", {})).status == 302
    assert (len(endpoint.got), other_endpoint.connections) == (1, 0)
    await made.close()


async def test_proxies_of_the_host_are_not_used(endpoint, other_endpoint, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{other_endpoint.port}")
    made = connector(endpoint)
    assert (await made.post(endpoint.url, b"x", {})).status == 200
    assert other_endpoint.connections == 0
    await made.close()


async def test_a_port_that_is_not_allowed_is_not_connected_to(endpoint, other_endpoint):
    made = connector(endpoint)
    assert "port" in await refused(made, other_endpoint.url)
    assert other_endpoint.connections == 0


async def test_plain_http_is_refused_where_it_is_not_allowed(endpoint):
    assert "http://" in await refused(connector(endpoint, delivery_plain_http=False), endpoint.url)
    assert endpoint.connections == 0


async def test_an_endless_answer_is_read_up_to_the_limit(endpoint):
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    endpoint.answer = lambda _: head + b"10000\r\n" + b"x" * 0x10000 + b"\r\n" + b"10000\r\n" + b"y" * 0x10000
    made = connector(endpoint)
    answer = await made.post(endpoint.url, b"x", {})
    assert answer.body == b"x" * MAX_ANSWER_BYTES
    await made.close()


async def test_an_answer_that_is_compressed_unasked_is_kept_as_it_came(endpoint):
    bomb = b"\x1f\x8b" + b"0" * 100
    endpoint.answer = lambda _: says(200, bomb, content_encoding="gzip")
    made = connector(endpoint)
    assert (await made.post(endpoint.url, b"x", {})).body == bomb
    await made.close()


async def test_an_endpoint_that_does_not_answer_is_given_up_in_time(endpoint):
    endpoint.answer = lambda _: None
    assert "did not answer in 0.2 seconds" in await refused(
        connector(endpoint, delivery_timeout_seconds=0.2), endpoint.url
    )


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx"])
async def test_what_is_no_answer_in_http_is_said_so(endpoint, answer):
    async def says_and_hangs_up(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(says_and_hangs_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    made = Connector(delivery_settings(NOWHERE, [port]), resolve=leads_to("127.0.0.1"))
    assert "HTTP" in await refused(made, f"http://endpoint.example:{port}/")
    server.close()


async def test_nobody_listening_and_no_such_name_are_said_so():
    made = Connector(delivery_settings(NOWHERE, [9]), resolve=leads_to("127.0.0.1"))
    assert await refused(made, "http://endpoint.example:9/") == "no connection can be made"
    words = await refused(Connector(delivery_settings(NOWHERE, [9])), "http://no-such-name.invalid:9/")
    assert words == "its name cannot be looked up"


@pytest.mark.parametrize("answer", [None, b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx", b"SSH-2.0\r\n\r\n"])
async def test_what_was_sent_whole_without_an_answer_may_have_arrived(endpoint, answer):
    endpoint.answer = lambda _: answer
    # Long enough that a busy machine has sent it all; what ends the connection needs none of it.
    made = connector(endpoint, delivery_timeout_seconds=4.0 if answer is None else 30.0)
    with pytest.raises(UnreachableError, match="may have arrived") as raised:
        await made.post(endpoint.url, b"x", {})
    assert raised.value.may_have_arrived
    assert endpoint.got[0].body == b"x"
    await made.close()


async def test_what_was_not_sent_has_not_arrived(endpoint):
    async def cuts(reader, writer):
        await reader.read(1)
        writer.transport.abort()

    server = await asyncio.start_server(cuts, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = delivery_settings(NOWHERE, [port, 9], delivery_timeout_seconds=20.0)
    made = Connector(settings, resolve=leads_to("127.0.0.1"))
    for url, body in ((f"http://endpoint.example:{port}/", b"x" * 50_000_000), ("http://endpoint.example:9/", b"x")):
        with pytest.raises(UnreachableError) as raised:
            await made.post(url, body, {})
        assert not raised.value.may_have_arrived
    await made.close()
    server.close()


async def test_an_answer_in_drops_is_given_up_in_time(endpoint):
    ended = asyncio.Event()

    async def drips(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            for letter in b"HTTP/1.1 200 OK\r\nx: " + b"y" * 10_000:
                writer.write(bytes([letter]))
                await writer.drain()
                await asyncio.sleep(0.01)
        writer.close()
        ended.set()

    server = await asyncio.start_server(drips, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    made = Connector(delivery_settings(NOWHERE, [port], delivery_timeout_seconds=4.0), resolve=leads_to("127.0.0.1"))
    assert "did not answer in 4 seconds" in await refused(made, f"http://endpoint.example:{port}/")
    await ended.wait()
    server.close()


async def test_a_head_without_an_end_is_no_answer(endpoint):
    endpoint.answer = lambda _: b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 1_000_000
    assert "HTTP" in await refused(connector(endpoint), endpoint.url)


def certificate(name):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem, private


async def test_the_name_stays_in_tls_and_a_certificate_of_another_name_is_refused(endpoint, tmp_path):
    pem, private = certificate("endpoint.example")
    file = tmp_path / "both.pem"
    file.write_bytes(pem + private)
    named = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    context.sni_callback = lambda _socket, name, _context: named.append(name)
    server = await asyncio.start_server(endpoint.serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    settings = delivery_settings(NOWHERE, [port])
    trusting = ssl.create_default_context(cadata=pem.decode())
    made = Connector(settings, resolve=leads_to("127.0.0.1"), tls=trusting)
    assert (await made.post(f"https://endpoint.example:{port}/", b"x", {})).status == 200
    assert named == ["endpoint.example"]
    words = await refused(made, f"https://other.example:{port}/")
    assert words.startswith("its certificate is not accepted")
    words = await refused(Connector(settings, resolve=leads_to("127.0.0.1")), f"https://endpoint.example:{port}/")
    assert words.startswith("its certificate is not accepted")
    server.close()
