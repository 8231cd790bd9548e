"""A signature fits what it was made for, and nothing else."""

from fleet.signing import SIGNATURE_BYTES, is_signed, signature

KEY = b"a key for the tests"


def test_a_signature_fits_its_data_and_key_only() -> None:
    made = signature(b"data", KEY)
    assert len(made) == SIGNATURE_BYTES
    assert is_signed(b"data", made, KEY)
    assert not is_signed(b"Data", made, KEY)
    assert not is_signed(b"data", made, b"another key")
    assert not is_signed(b"data", b"", KEY)
