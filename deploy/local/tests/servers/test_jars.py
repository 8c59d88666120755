import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from plaudit_local.servers.jars import Jar, JarsUnavailableError, class_path, read_lock

CONTENT = b"not really a jar"
JAR = Jar("org.example", "thing", "1.0", hashlib.sha256(CONTENT).hexdigest())


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments):
        pass


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A Maven repository over HTTP that jgo's settings name; gives its folder."""
    folder = tmp_path / "repository"
    (folder / JAR.path).parent.mkdir(parents=True)
    (folder / JAR.path).write_bytes(CONTENT)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        settings = tmp_path / "home" / ".config" / "jgo.conf"
        settings.parent.mkdir(parents=True)
        settings.write_text(f"[repositories]\ncentral = http://127.0.0.1:{server.server_port}\n")
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        monkeypatch.delenv("M2_REPO", raising=False)
        yield folder
        server.shutdown()
        thread.join()


def test_a_missing_jar_is_fetched_from_the_repository_of_the_users_settings(repository, tmp_path):
    said = []
    assert class_path([JAR], progress=said.append) == [tmp_path / "home" / ".m2" / "repository" / JAR.path]
    assert class_path([JAR])[0].read_bytes() == CONTENT
    assert said[0] == "Fetching 1 jars of Apache Kafka."


def test_a_jar_at_hand_needs_no_repository(repository, tmp_path):
    class_path([JAR], tmp_path / "cache")
    (repository / JAR.path).unlink()
    assert class_path([JAR], tmp_path / "cache") == [tmp_path / "cache" / JAR.path]


def test_a_corrupted_jar_is_noticed_and_replaced(repository, tmp_path):
    (path,) = class_path([JAR], tmp_path / "cache")
    path.write_bytes(CONTENT[:-1] + b"R")
    assert class_path([JAR], tmp_path / "cache")[0].read_bytes() == CONTENT


def test_another_jar_under_the_same_name_is_refused_and_never_reaches_the_cache(repository, tmp_path):
    (repository / JAR.path).write_bytes(b"something else")
    with pytest.raises(JarsUnavailableError, match=r"org\.example:thing:1\.0 .* not the one that kafka\.lock locks"):
        class_path([JAR], tmp_path / "cache")
    assert not (tmp_path / "cache" / JAR.path).exists()


def test_a_jar_that_cannot_be_had_says_what_to_do_and_names_no_host(repository, tmp_path):
    (repository / JAR.path).unlink()
    with pytest.raises(JarsUnavailableError, match="check the network") as refused:
        class_path([JAR], tmp_path / "cache")
    assert "http" not in str(refused.value)


def test_the_lock_names_every_jar_with_its_hash_and_no_repository():
    jars = read_lock()
    assert {"kafka_2.13", "kafka-clients", "log4j-slf4j-impl"} <= {jar.artifact for jar in jars}
    assert all(len(bytes.fromhex(jar.sha256)) == 32 for jar in jars)
    assert len({jar.path for jar in jars}) == len(jars)
    assert not any("/" in str(jar) for jar in jars)
