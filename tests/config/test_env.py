from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import Env

KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (lambda env: env.text("X"), None),
        (lambda env: env.text("X"), ""),
        (lambda env: env.secret("X", at_least=32), "short"),
        (lambda env: env.flag("X"), "maybe"),
        (lambda env: env.number("X", default=1, most=9), "10"),
        (lambda env: env.number("X", default=1), "-1"),
        (lambda env: env.port("X", default=1), "65536"),
        (lambda env: env.names("X", default=None), ""),
        (lambda env: env.seconds("X", default="1"), "soon"),
        (lambda env: env.seconds("X", default="1"), "-1"),
        (lambda env: env.seconds("X", default="1"), "nan"),
        (lambda env: env.steps("X", default="1"), "5,2"),
        (lambda env: env.address("X"), "example.com"),
        (lambda env: env.redis("X"), "http://localhost"),
        (lambda env: env.database("X"), "mysql://localhost/shop"),
        (lambda env: env.database("X"), "postgres://localhost"),
        (lambda env: env.mail("X"), "localhost:25"),
        (lambda env: env.key("X"), "AAAA"),
        (lambda env: env.key_ring("X"), KEY),
        (lambda env: env.key_ring("X"), f"a:{KEY},a:{KEY}"),
        (lambda env: env.key_ring("X"), "a:!!!"),
    ],
)
def test_a_wrong_value_names_its_variable_and_nothing_else(read, value):
    env = Env({} if value is None else {"X": value})

    with pytest.raises(ImproperlyConfigured, match=r"^X\b") as refused:
        read(env)

    assert KEY not in str(refused.value)


def test_an_empty_value_counts_as_not_set():
    assert Env({"X": ""}).text("X", default="ours") == "ours"


def test_times_are_exact_to_the_millisecond():
    assert Env({"X": "0.25"}).seconds("X", default="1") == timedelta(milliseconds=250)
    assert Env({}).steps("X", default="2,5.5") == [timedelta(seconds=2), timedelta(seconds=5, milliseconds=500)]


def test_a_database_address_keeps_its_odd_password_and_its_options():
    found = Env({"X": "postgres://shop:p%40ss@db:6000/shop?sslmode=verify-full"}).database("X")

    assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"]) == ("shop", "p@ss", "db", 6000)
    assert (found["NAME"], found["OPTIONS"]) == ("shop", {"sslmode": "verify-full"})


def test_a_mail_address_says_how_the_line_is_encrypted():
    plain = Env({"X": "smtp://localhost"}).mail("X")
    starttls = Env({"X": "smtp+tls://me:secret@mail:2587"}).mail("X")

    assert (plain["EMAIL_PORT"], plain["EMAIL_USE_TLS"], plain["EMAIL_USE_SSL"]) == (25, False, False)
    assert (starttls["EMAIL_PORT"], starttls["EMAIL_USE_TLS"], starttls["EMAIL_HOST_PASSWORD"]) == (
        2587,
        True,
        "secret",
    )


def test_a_ring_of_good_keys_is_returned_as_it_is():
    assert Env({"X": f"new:{KEY},old:{KEY}"}).key_ring("X") == f"new:{KEY},old:{KEY}"
