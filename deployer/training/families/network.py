"""A small neural network."""

from typing import Any

from deployer.training.families.model import MAX_ITERATIONS, Family, Uniform

__all__ = ["MLP"]

# Fewer rows leave too few to tell by when to stop.
_ROWS_TO_STOP_EARLY = 1000
_EPOCHS = 200


def _mlp(seed: int, rows: int, classes: int) -> Any:
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415 - seconds to import

    stops_early = rows >= max(_ROWS_TO_STOP_EARLY, 20 * classes)
    return MLPClassifier(
        hidden_layer_sizes=64,
        early_stopping=stops_early,
        # A small table needs more of its short epochs.
        max_iter=_EPOCHS if stops_early else MAX_ITERATIONS,
        random_state=seed,
    )


MLP = Family(
    name="mlp",
    title="Neural network",
    make=_mlp,
    needs_scaling=True,
    grid={"classify__alpha": (0.0001, 0.01, 1.0), "classify__hidden_layer_sizes": (32, 64)},
    distributions={
        "classify__alpha": Uniform(0.00001, 10.0),
        "classify__hidden_layer_sizes": [16, 32, 64, 128],
        "classify__learning_rate_init": [0.0003, 0.001, 0.003],
    },
)
