"""Where a model's data lies: ``data://`` locations, and the buckets they stand for."""

from mlplatform.settings.environment import DataSource, Environment
from mlplatform.settings.products import ModelProduct

SCHEME = "data://"


def locations(product: ModelProduct) -> tuple[str, ...]:
    """Every location a product reads, each once, sorted."""
    named = set(product.data.channels.values()) if product.data else set()
    if product.batch:
        named.add(product.batch.data)
    if product.customization:
        named |= set(product.customization.locations)
    return tuple(sorted(named))


def source_of(location: str, settings: Environment) -> DataSource | None:
    """The declared source whose name is the location's first segment; None: the environment's data bucket."""
    first = location.removeprefix(SCHEME).partition("/")[0]
    return next((source for source in settings.data_sources if source.name == first), None)


def resolve(location: str, settings: Environment) -> str:
    """Return the ``s3://`` address of a ``data://`` location. Raises ValueError for another scheme."""
    if not location.startswith(SCHEME):
        raise ValueError(f"not a data location, given {location!r}, allowed: {SCHEME}<path>")
    path = location.removeprefix(SCHEME)
    source = source_of(location, settings)
    if source is None:
        return f"s3://{settings.names.bucket('data')}/{path}"
    return f"s3://{source.bucket}/{source.prefix}{path.partition('/')[2]}"


def areas(product: ModelProduct, settings: Environment) -> tuple[str, ...]:
    """First parts of a product's locations in the data bucket; an execution may name others below them."""
    own = [location for location in locations(product) if source_of(location, settings) is None]
    return tuple(sorted({location.removeprefix(SCHEME).partition("/")[0] for location in own}))


def sources(product: ModelProduct, settings: Environment) -> tuple[DataSource, ...]:
    """The declared sources that a product's locations lie in, each once, in the order of the settings."""
    used = [source_of(location, settings) for location in locations(product)]
    return tuple(source for source in settings.data_sources if source in used)
