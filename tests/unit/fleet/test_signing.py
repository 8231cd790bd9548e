"""A signature fits what it was made for, and nothing else."""

from fleet.signing import SIGNATURE_BYTES, is_signed, seal, signature, unseal

KEY = b"a key for the tests"


def test_a_signature_fits_its_data_and_key_only() -> None:
    made = signature(b"data", KEY)
    assert len(made) == SIGNATURE_BYTES
    assert is_signed(b"data", made, KEY)
    assert not is_signed(b"Data", made, KEY)
    assert not is_signed(b"data", made, b"another key")
    assert not is_signed(b"data", b"", KEY)


def test_what_is_sealed_opens_as_that_part_with_that_key_only() -> None:
    sealed = seal(b"content", b"model", KEY)
    assert unseal(sealed, b"model", KEY) == b"content"
    assert unseal(sealed, b"encoder", KEY) is None
    assert unseal(sealed, b"model", b"another key") is None
    assert unseal(sealed[:-1] + b"T", b"model", KEY) is None
    assert unseal(b"content", b"model", KEY) is None
