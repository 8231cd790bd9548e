"""Writes the answer of a request for predictions."""

import msgspec

from ml_model.service.live.predictions import Answer

_encoder = msgspec.json.Encoder()


def encode(answer: Answer) -> bytes:
    """As JSON."""
    return _encoder.encode(
        {
            "predictions": answer.predictions,
            "probabilities": answer.probabilities,
            "deployment_id": answer.served.deployment_id,
            "model_name": answer.served.model_name,
            "sample_index": None if answer.numbers is None else list(answer.numbers),
        }
    )
