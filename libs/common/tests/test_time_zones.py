"""Time zones by their names."""

import pytest

from plaudit.common.time_zones import UnknownTimeZoneError, zone_of


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "EST5EDT"])
def test_a_zone_of_the_database_is_found(name: str) -> None:
    assert zone_of(name).key == name


@pytest.mark.parametrize("name", ["Europe/Atlantis", "Europe", "", "\0", "../etc/passwd", "/etc/localtime", "+02:00"])
def test_a_zone_that_there_is_not_is_refused(name: str) -> None:
    with pytest.raises(UnknownTimeZoneError, match="one is for example"):
        zone_of(name)


@pytest.mark.parametrize("name", ["localtime", "posixrules", "Factory", "right/Europe/Berlin", "posix/Europe/Berlin"])
def test_a_name_that_means_something_else_on_each_machine_is_refused(name: str) -> None:
    with pytest.raises(UnknownTimeZoneError, match="there is no zone"):
        zone_of(name)
