"""The page of the benchmark of samplers: made of its JSON alone, and silent about nothing that went wrong."""

import copy
import json
import math

import pytest
from benchmarks.samplers_page import (
    COLD,
    DIFFERENCE_MAX,
    OTHERS,
    WARM,
    converged,
    differences,
    grouped,
    page,
    problems,
    ratios,
)

LIMIT = 60.0


def quantity(mean: float = 0.5, draws: float = 1000.0, rhat: float = 1.001) -> dict:
    error = 0.1 / math.sqrt(draws)
    statistics = {"mean": [mean, error], "5%": [mean - 0.2, 2 * error], "95%": [mean + 0.2, 2 * error]}
    return {"ess_bulk": draws, "ess_tail": 2 * draws, "rhat": rhat, "sd": 0.1, "statistics": statistics}


def case(sampler: str, found: dict | None, *, specification: str = "ho2024/07", rows: int = 231, **other) -> dict:
    where = {"specification": specification, "rows": rows, "sampler": sampler}
    spent = {"wall": 12.0, "processor": 11.0, "peak_mib": 400.0}
    return where | spent | ({"found": found} if found else {}) | other


def draws(quantities: dict, *, sample: float, call: float, warmup: float | None = None) -> dict:
    return {
        "seconds": {"startup": 2.0, "compile": call - sample, "sample": sample, "call": call},
        "chains": 4,
        "draws": 4000,
        "quantities": quantities,
        "gradients": 30_000.0,
        "warmup_gradients": warmup,
    }


def rate(**given) -> dict:
    return {"g_N + g_D": quantity(**given)}


@pytest.fixture
def document() -> dict:
    """Made results: two of ours, one slower, one that did not end, one unconverged, one missing; a static law."""
    constants = {"E": quantity(1.8, 500), "alpha": quantity(0.35, 2000), "beta": quantity(0.36, 2000)}
    static = {"specification": "chinchilla"}
    stopped = {"stage": "sampling", "draws": 1200}
    results = [
        case(COLD, draws(rate(), sample=2.0, call=10.0)),
        case(WARM, draws(rate(), sample=2.0, call=4.0)),
        case("pymc", None, reached=stopped),
        case("nutpie", draws(rate(draws=400.0), sample=8.0, call=20.0, warmup=10_000.0)),
        case("numpyro", draws(rate(mean=9.0, rhat=1.2), sample=1.0, call=2.0)),
        {"specification": "ho2024/07", "rows": 231, "sampler": "blackjax", "skipped": "blackjax is not installed"},
        case(WARM, draws(constants, sample=1.0, call=2.0), **static),
        case("chinchilla", {"seconds": {"call": 9.0}, "values": {"E": 2.0, "alpha": 0.35, "beta": 0.36}}, **static),
        case("simple-scaling-laws", None, reached={"stage": "searching"}, **static),
    ]
    settings = {"quick": False, "limit": LIMIT, "cores": 2, "machine": "a made one"}
    made = {"settings": settings, "versions": {"pymc": "6.4.0", "blackjax": None}, "results": results}
    return json.loads(json.dumps(made))  # as it is read back


def row(text: str, *starts: str) -> list[str]:
    """Cells of the one row of all tables that starts so."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    (found,) = [line for line in lines if line[: len(starts)] == list(starts)]
    return found


class TestPage:
    def test_rates_and_gradients_are_those_of_the_results(self, document) -> None:
        cells = row(page(document), "231", "PyMC with nutpie")
        assert cells[2:5] == ["400", "4,000 in 4 chains", "1.001"]
        assert cells[10:13] == ["50.00", "20.00", "75 (100 with warm-up)"]
        assert cells[-1] == "yes (0.0)"

    def test_of_a_static_law_the_slowest_constant_is_named(self, document) -> None:
        text = page(document)
        assert row(text.partition("## chinchilla")[2], "231", "`bs.fit`, warm", "500 (E)")

    def test_what_did_not_end_says_how_far_it_came(self, document) -> None:
        text = page(document)
        said = row(text, "231", "PyMC's defaults")[2]
        assert said == "**not in 60 s**: it was sampling, 1,200 draws made, warm-up included"
        assert row(text, "`ho2024/07`", "231", "PyMC's defaults")[3:] == ["it did not end"] * 3
        assert row(text, "231", "`simple-scaling-laws`")[2] == "**not in 60 s**: it was searching"

    def test_what_is_not_installed_is_skipped_in_words(self, document) -> None:
        assert row(page(document), "231", "BlackJAX")[2] == "skipped: blackjax is not installed"

    def test_what_did_not_converge_is_compared_in_nothing(self, document) -> None:
        text = page(document)
        assert row(text, "231", "NumPyro")[-1] == "**not converged**, not compared"
        assert row(text, "`ho2024/07`", "231", "NumPyro")[3:] == ["it did not converge"] * 3
        assert problems(grouped(document["results"])) == []

    def test_a_point_is_measured_in_the_posteriors_deviations(self, document) -> None:
        assert row(page(document), "231", "`chinchilla`")[2:6] == ["2.000", "0.3500", "0.3600", "2 (E)"]

    def test_a_smoke_run_is_called_one(self, document) -> None:
        assert "smoke run" not in page(document)
        document["settings"]["quick"] = True
        assert "smoke run" in page(document)


class TestComparison:
    def test_ratios_are_of_sampling_and_of_whole_calls(self, document) -> None:
        cases = grouped(document["results"])["ho2024/07", 231]
        assert ratios(cases) == {
            "nutpie": (500 / 50, 250 / 20, 100 / 20),
            **{name: (None, None, None) for name in OTHERS if name != "nutpie"},
        }

    def test_another_posterior_is_a_problem_and_marked(self, document) -> None:
        far = copy.deepcopy(document)
        nutpie = next(each for each in far["results"] if each["sampler"] == "nutpie")
        nutpie["found"]["quantities"] = rate(mean=0.53, draws=400.0)
        cases = grouped(far["results"])["ho2024/07", 231]
        expected = 0.03 / math.hypot(0.1 / math.sqrt(400), 0.1 / math.sqrt(1000))
        assert expected > DIFFERENCE_MAX
        assert differences(cases)["nutpie"] == pytest.approx(expected)
        assert len(problems(grouped(far["results"]))) == 1
        assert row(page(far), "231", "PyMC with nutpie")[-1] == f"**NO** ({expected:.1f})"

    def test_ours_is_no_yardstick_if_it_did_not_converge(self, document) -> None:
        for each in document["results"]:
            if each["sampler"] in (COLD, WARM):
                for one in each["found"]["quantities"].values():
                    one["rhat"] = 1.5
        cases = grouped(document["results"])["ho2024/07", 231]
        assert differences(cases) == {}
        assert set(ratios(cases)["nutpie"]) == {None}
        text = page(document)
        assert row(text, "231", "PyMC with nutpie")[-1] == "nothing to compare with"
        assert row(text, "231", "`chinchilla`")[5] == ""

    @pytest.mark.parametrize("broken", [{"rhat": None}, {"rhat": 1.011}, {"ess_tail": 99.0}, {"ess_bulk": None}])
    def test_a_number_that_is_missing_is_not_converged(self, document, broken) -> None:
        one = next(each for each in document["results"] if each["sampler"] == WARM)
        assert converged(one)
        one["found"]["quantities"]["g_N + g_D"] |= broken
        assert not converged(one)
        assert "**not converged**" in page(document)

    def test_a_failure_is_a_problem(self, document) -> None:
        document["results"].append(case("pymc", None, rows=2310, failed="ValueError: a | b"))
        assert len(problems(grouped(document["results"]))) == 1
        text = page(document)
        assert row(text, "2,310", "PyMC's defaults")[2] == "**failed**: ValueError: a   b"
        assert text.index("Not as it should be") < text.index("## ho2024/07")
