import base64

from plaudit_local.servers import kafka


def test_a_new_cluster_id_is_never_taken_for_an_option(monkeypatch):
    class Awkward:
        bytes = b"\xfb\xef\xbe" * 5 + b"\xfb"

    monkeypatch.setattr(kafka.uuid, "uuid4", Awkward)
    cluster_id = kafka._new_cluster_id()
    assert not cluster_id.startswith("-")
    assert len(base64.urlsafe_b64decode(cluster_id + "==")) == 16
