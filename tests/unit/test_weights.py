import hashlib

from livesegment import weights


def test_the_shipped_person_model_is_the_file_whose_hash_is_noted() -> None:
    digest = hashlib.sha256(weights.selfie_segmentation()).hexdigest()
    assert digest == weights.SELFIE_SEGMENTATION_SHA256
