"""Settings from environment, state directory and `configure`."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.auth.tokens import SECRET, envelope, secrets_in, token
from tts_notebook.auth import settings
from tts_notebook.errors import ConfigError, InputError

CONFIGURED = {"app_key": "6kcdemo", "app_secret": SECRET, "service_id": "74", "market": "us"}


def test_the_state_directory_is_tts_home_or_the_platforms_own(monkeypatch, tmp_path):
    assert settings.home() == tmp_path / "tts-home"
    monkeypatch.setenv("TTS_HOME", "~/elsewhere")
    assert settings.home() == Path.home() / "elsewhere"
    monkeypatch.setenv("TTS_HOME", "")
    assert settings.home().name == "tts_notebook"


@pytest.mark.parametrize("given", ["~nobody-of-that-name/tokens", 7])
def test_what_is_no_path_is_refused_in_a_sentence(monkeypatch, given):
    with pytest.raises(ConfigError, match=f"token_file={given!r} is not a path on this computer"):
        settings.file_store_for("default", given)
    monkeypatch.setenv("TTS_HOME", "~nobody-of-that-name/tokens")
    with pytest.raises(ConfigError, match="TTS_HOME='~nobody-of-that-name/tokens' is not a path on this computer"):
        settings.home()


def test_the_profile_is_the_argument_then_the_variable_then_default(monkeypatch):
    assert settings.choose_profile(None) == "default"
    monkeypatch.setenv("TTS_PROFILE", "second")
    assert settings.choose_profile(None) == "second"
    assert settings.choose_profile("first") == "first"


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "a b", "ä", "x" * 65, "a\n", "..", "-x"])
def test_a_profiles_name_that_is_no_folders_name_is_refused(name):
    with pytest.raises(InputError, match=r"cannot be a profile's name. Use up to 64 letters"):
        settings.choose_profile(name)


def test_configured_settings_are_kept_for_the_owner_only_and_give_an_app():
    path = settings.save_configured("de", CONFIGURED | {"other": "x", "redirect_uri": ""})

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert settings.load_configured("de") == CONFIGURED
    app = settings.app_for("de")
    assert (app.app_key, app.app_secret, app.service_id) == ("6kcdemo", SECRET, "74")
    assert app.authorize_url == "https://services.us.tiktokshop.com/open/authorize"
    assert settings.list_profiles() == ["de"]


def test_the_environment_wins_over_what_was_configured(monkeypatch):
    settings.save_configured("default", CONFIGURED)
    monkeypatch.setenv("TTS_APP_KEY", "6kcother")

    assert settings.app_for("default").app_key == "6kcother"


@pytest.mark.parametrize("content", ["{", "[]", '{"app_key": 7}', f'{{"app_secret": ["{SECRET}"]}}', "[" * 100_000])
def test_damaged_settings_are_called_settings_and_not_repeated(content):
    path = settings.save_configured("default", CONFIGURED)
    path.write_text(content)

    with pytest.raises(ConfigError, match=r"The settings of profile default are damaged.*configure") as refused:
        settings.app_for("default")
    assert "token" not in str(refused.value)
    assert secrets_in(str(refused.value)) == []


def test_a_profile_keeps_its_settings_and_token_under_another_name():
    settings.save_configured("de", CONFIGURED)
    settings.store_for("de", None).save(token())

    settings.rename_profile("de", "germany")

    assert settings.list_profiles() == ["germany"]
    assert settings.load_configured("germany") == CONFIGURED
    assert settings.store_for("germany", None).load() == token()


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("fr", "x", r"There is no profile 'fr' here \(known: de, uk\)"),
        ("../profiles/de", "x", "There is no profile"),
        ("de", "uk", "There is a profile 'uk' already"),
        ("de", "../x", "cannot be a profile's name"),
    ],
)
def test_a_profile_is_renamed_only_from_what_exists_to_what_does_not(old, new, sentence):
    settings.save_configured("de", CONFIGURED)
    settings.save_configured("uk", CONFIGURED)

    with pytest.raises(InputError, match=sentence):
        settings.rename_profile(old, new)
    assert settings.list_profiles() == ["de", "uk"]


def test_a_profile_that_nobody_made_is_refused_with_those_that_exist():
    settings.save_configured("de", CONFIGURED)

    with pytest.raises(ConfigError, match=r"There is no profile 'uk' here \(known: de\).*configure --profile uk"):
        settings.app_for("uk")


def test_without_any_setting_the_first_missing_one_is_named():
    with pytest.raises(ConfigError, match=r"No app_key is set.*TTS_APP_KEY.*configure.*--sandbox"):
        settings.app_for("default")


def test_settings_that_cannot_be_saved_are_a_sentence(tmp_path):
    (tmp_path / "tts-home").write_text("")

    with pytest.raises(ConfigError, match="The settings could not be saved in"):
        settings.save_configured("default", CONFIGURED)


def test_no_profiles_are_known_before_the_first():
    assert settings.list_profiles() == []


def test_a_profiles_token_lies_in_its_folder_and_is_annotated():
    store = settings.store_for("de", None)
    store.save(token())

    assert store.path == settings.home() / "profiles" / "de" / "token.json"
    assert json.loads(store.path.read_bytes())["tts_notebook"]["obtained_at"]
    assert settings.list_profiles() == ["de"]


def test_a_token_file_keeps_to_tiktok_shops_fields_and_its_lock_lies_elsewhere(tmp_path):
    store = settings.store_for("de", tmp_path / "mine.json")
    with store.lock():
        store.save(token())

    assert json.loads((tmp_path / "mine.json").read_bytes()) == envelope()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.json", "tts-home"]


def test_a_link_to_a_token_file_goes_on_pointing_at_it(tmp_path):
    (tmp_path / "real.json").write_text(json.dumps(envelope(1)))
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")

    settings.store_for("de", tmp_path / "link.json").save(token(2))

    assert (tmp_path / "link.json").is_symlink()
    assert json.loads((tmp_path / "real.json").read_bytes()) == envelope(2)


def test_two_names_of_one_token_file_share_one_lock(tmp_path):
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")

    one, other = settings.store_for("de", tmp_path / "real.json"), settings.store_for("uk", tmp_path / "link.json")

    assert one._lock_path == other._lock_path


def test_a_folder_is_no_token_file(tmp_path):
    with pytest.raises(InputError, match=r"is a folder. Give the name of a file, such as .*token\.json"):
        settings.store_for("de", tmp_path)


def test_the_seed_of_a_headless_login_is_read_without_its_line_break(monkeypatch):
    assert settings.seed_refresh_token() == ""
    monkeypatch.setenv("TTS_REFRESH_TOKEN", " GCP_x\n")
    assert settings.seed_refresh_token() == "GCP_x"
