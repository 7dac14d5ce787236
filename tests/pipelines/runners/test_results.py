"""What nodes gave is read from ML Metadata; the chain itself is seen end to end."""

from tfx.orchestration import metadata

from pipelines.runners import results


def test_unknown_run_has_no_results(tmp_path):
    config = metadata.sqlite_metadata_connection_config(str(tmp_path / "m.sqlite"))
    with metadata.Metadata(config):
        assert results.read(config, "never") == {}
