"""Where a run of a workflow writes, and how JSONata says what only the run knows."""

from dataclasses import dataclass

from mlplatform.settings import Environment, ModelProduct
from mlplatform.workflows.source import Source

RUN = "$run.RunId"
"""The id of the run, in JSONata: the state Admit assigns ``$run``."""


def jsonata(expression: str) -> str:
    """A value of a definition that Step Functions evaluates when the state runs."""
    return f"{{% {expression} %}}"


@dataclass(frozen=True)
class Places:
    """S3 addresses of one model's runs in one environment.

    What lies below ``models/`` may be read wherever the model is used; what holds data lies elsewhere.
    """

    bucket: str
    model: str

    def source_key(self, source: Source) -> str:
        """Key of the packed source that jobs and packages refer to."""
        return f"models/{self.model}/source/{source.sha256}.tar.gz"

    def source_uri(self, source: Source) -> str:
        """Address of the packed source that jobs and packages refer to."""
        return f"s3://{self.bucket}/{self.source_key(source)}"

    def record(self, rest: str) -> str:
        """JSONata: an address of the run without data, e.g. ``training/``; Admit assigns ``$records``."""
        return jsonata(f"$records & '/{rest}'")

    def workspace(self, rest: str) -> str:
        """JSONata: an address of the run that may hold data, e.g. ``prepared/train/``."""
        return jsonata(f"'s3://{self.bucket}/runs/{self.model}/' & {RUN} & '/{rest}'")

    def checkpoints(self) -> str:
        """JSONata: where the run's training keeps its checkpoints."""
        return jsonata(f"'s3://{self.bucket}/runs/{self.model}/checkpoints/' & {RUN} & '/'")

    def predictions(self) -> str:
        """JSONata: where the run's predictions go."""
        return jsonata(f"'s3://{self.bucket}/predictions/{self.model}/' & {RUN} & '/'")


def places(product: ModelProduct, settings: Environment) -> Places:
    """The addresses of a model's runs."""
    return Places(settings.names.bucket("artifacts"), product.name)


def data_of(channel: str, product: ModelProduct, settings: Environment) -> str:
    """JSONata: where a channel's data lies once it is prepared, if the model has a preparation job."""
    if product.prepare is not None and channel in product.prepare.outputs:
        return places(product, settings).workspace(f"prepared/{channel}/")
    return jsonata(f"$run.Data.{channel}")


def channels(product: ModelProduct) -> tuple[str, ...]:
    """Channels that training and evaluation can read: those of ``data`` and those that are prepared."""
    named = set(product.data.channels) if product.data else set()
    if product.prepare is not None:
        named |= set(product.prepare.outputs)
    return tuple(name for name in ("train", "validation", "test") if name in named)
