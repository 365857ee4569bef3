import stat

from config import devenv


def test_secrets_are_made_once_and_kept(tmp_path):
    first = devenv.secrets_ensure(data=tmp_path)

    second = devenv.secrets_ensure(data=tmp_path)

    assert second == first
    assert stat.S_IMODE((tmp_path / "dev.env").stat().st_mode) == 0o600


def test_a_name_that_a_newer_version_needs_is_added_and_the_others_stay(tmp_path):
    whole = devenv.secrets_ensure(data=tmp_path)
    devenv.write(tmp_path / "dev.env", {name: value for name, value in whole.items() if name != "GPSANDBOX_SECRET"})

    again = devenv.secrets_ensure(data=tmp_path)

    assert again.keys() == whole.keys()
    assert {name for name in whole if again[name] != whole[name]} == {"GPSANDBOX_SECRET"}


def test_commands_beside_the_stack_see_no_private_key(tmp_path):
    devenv.secrets_ensure(data=tmp_path)
    devenv.write(tmp_path / "servers.env", {"DATABASE_URL": "postgres://here"})

    seen = devenv.for_commands(data=tmp_path)

    assert seen.keys() == {*devenv.SHARED, "DATABASE_URL", "REDIS_URL"}
    assert seen["DATABASE_URL"] == "postgres://here"


def test_commands_run_where_no_stack_ever_ran(tmp_path):
    assert devenv.for_commands(data=tmp_path / "nothing").keys() == {"SECRET_KEY", "DATABASE_URL", "REDIS_URL"}
