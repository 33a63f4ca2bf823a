"""Which variants a comparison has, and which it refuses."""

import pytest

import bayes_scaling as bs
from bayes_scaling.classical import HO2024_DELTAS
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.specifications.catalogue import catalogue_directory
from bayes_scaling.studies.comparison.variants import STATED, expand


def test_the_family_times_the_papers_grid_is_120() -> None:
    variants = expand(["ho2024"], HO2024_DELTAS)
    assert len(variants) == 120 and len({variant.name for variant in variants}) == 120
    assert variants[0].model == "ho2024/01" and variants[0].label == STATED
    assert variants[1].label == "delta=0.001" and variants[1].specification.delta == 0.001
    assert variants[-1].name == "ho2024/20 | delta=0.02"


def test_rate_scales_widen_the_priors_of_rates_alone() -> None:
    stated, wide = expand(["ho2024/07"], rate_scales=(1, 2))
    assert wide.label == "rates x2"
    for name in ("g_N", "g_D"):
        prior = dict(wide.specification.prior_of(name).arguments)
        assert prior["sigma"] == 2 * dict(stated.specification.prior_of(name).arguments)["sigma"]
    assert wide.specification.prior_of("alpha") == stated.specification.prior_of("alpha")


def test_own_specifications_are_taken_as_they_are() -> None:
    mine = bs.Specification(name="mine")
    assert expand([mine])[0].specification is mine


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        (["ho2024/7"], {}, "no specification 'ho2024/7'"),
        (["ho2024/07", "ho2024/07"], {}, "compared twice: ho2024/07"),
        (["ho2024/07", "ho2024"], {}, "compared twice: ho2024/07"),
        (["reference"], {"deltas": [0.001]}, "'reference' has no variant with delta = 0.001"),
        (["ho2024/07"], {"deltas": [-1]}, "delta -1 must be a number of at least 0"),
        (["ho2024/07"], {"deltas": [float("nan")]}, "delta nan must be"),
        (["ho2024/07"], {"rate_scales": [0]}, "rate scale 0 must be a number above 0"),
        (["ho2024/16"], {"rate_scales": [2]}, "'ho2024/16' has no prior on a rate"),
        ([], {}, "nothing to compare"),
    ],
)
def test_bad_requests_are_refused_with_the_next_step(names, options, message) -> None:
    with pytest.raises(BayesScalingError, match=message.replace("(", r"\(")):
        expand(names, **options)


def test_a_file_of_ones_own_may_be_a_path(tmp_path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text((catalogue_directory() / "ho2024" / "07.toml").read_text(encoding="utf-8"), encoding="utf-8")
    assert [variant.model for variant in expand([mine])] == ["mine"]
