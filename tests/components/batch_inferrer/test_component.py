import inspect
import re
import subprocess
import sys

from tfx.types import channel

from components import artifacts
from components.batch_inferrer import driver, executor
from components.batch_inferrer.component import BatchInferrer, BatchInferrerSpec
from components.batch_inferrer.settings import InferenceSettings

DRIVEN = {"span", "model_uri", "model_digest", "unsettled"}


def node(**changes) -> BatchInferrer:
    arguments = {
        "examples": channel.Channel(type=artifacts.SiloExamples),
        "settings": InferenceSettings(),
        "use_case": "people",
        "key": ["id", "dag-日"],
    }
    return BatchInferrer(**{**arguments, **changes})


def test_parameters_are_those_that_executor_and_driver_read():
    text = inspect.getsource(executor) + inspect.getsource(driver)
    read = set(re.findall(r'(?:exec_)?properties(?:\[|\.get\()"(\w+)"', text))
    read |= {"use_case", "span"}  # read in a loop
    assert set(BatchInferrerSpec.PARAMETERS) == read | DRIVEN


def test_model_and_blessing_may_be_left_out():
    assert sorted(node().inputs) == ["examples"]
    optional = {k for k, v in BatchInferrerSpec.PARAMETERS.items() if v.optional}
    assert optional == DRIVEN


def test_the_component_needs_no_engine_to_be_compiled():
    code = (
        "import sys\n"
        "sys.modules['tensorflow_federated'] = None\n"
        "sys.modules['tensorflow_model_analysis'] = None\n"
        "import components.batch_inferrer.component\n"
        "ours = [name for name in sys.modules if name.startswith('components.')]\n"
        "assert 'components.batch_inferrer.beam_steps' not in ours, ours\n"
        "assert 'components.batch_inferrer.scoring' not in ours, ours\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
