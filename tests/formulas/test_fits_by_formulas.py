"""What formulas are for, by TOML files alone: other benchmarks, groups of runs, clusters by series, flags, walks."""

import numpy as np
import pandas as pd
import pytest

import bayes_scaling as bs
from bayes_scaling.errors import RunsWarning
from bayes_scaling.model.coordinates import from_level_and_share
from bayes_scaling.model.rows import make_rows
from bayes_scaling.model.structure import expected_loss
from bayes_scaling.quantities.laws import laws_of

pytestmark = pytest.mark.slow

RATES = '[progress]\nparameters = "constant_rate"\ndata = "constant_rate"\n'
RUNS = """
law = "chinchilla"
[noise]
scale = "log_loss"
{noise}
[centre]
parameters = 3e8
tokens = 3e11
[priors.level]
distribution = "lognormal"
mu = 1.1
sigma = 0.3
[priors.alpha]
distribution = "lognormal"
mu = -1.204
sigma = 0.7
[priors.beta]
distribution = "lognormal"
mu = -1.204
sigma = 0.7
[priors.sigma]
distribution = "half_normal"
sigma = 0.05
[coefficients]
level = "0 + {group}"
share = "0 + {group}"
irreducible_share = "0 + {group}"
alpha = "{exponent}"
beta = "{exponent}"
"""


@pytest.fixture
def specification(tmp_path):
    """A specification from the text of its file."""

    def read(text: str, name: str = "mine") -> bs.Specification:
        path = tmp_path / f"{name}.toml"
        path.write_text(text)
        return bs.load_specification(path)

    return read


def test_a_fourth_benchmark(specification, ho2024) -> None:
    other = ho2024[ho2024["benchmark"] == "wt103"].iloc[::2].copy()
    other["benchmark"], other["perplexity"] = "mine", 1.3 * other["perplexity"]
    table = pd.concat([ho2024, other.set_index(other.index + "-mine")])
    text = 'law = "chinchilla"\n[varies_by]\nA = "benchmark"\nB = "benchmark"\n' + RATES
    fit = bs.fit(specification(text + "[benchmarks.mine]\ntokens = 1e8\n"), table)
    assert fit.diagnostics.converged
    level = fit.posterior["level"].mean(("chain", "draw"))
    assert level.sel(benchmark="mine") - level.sel(benchmark="wt103") == pytest.approx(np.log(1.3), abs=0.06)
    assert float(bs.predicted_loss(fit, "GPT-3", benchmark="mine").mean()) > float(
        bs.predicted_loss(fit, "GPT-3").mean()
    )


@pytest.mark.parametrize("exponent", ["0 + dataset", "1 + (1 | dataset)"])
def test_exponents_by_dataset(exponent, specification, shared) -> None:
    with pytest.warns(RunsWarning, match="several-losses.* by dataset"):  # which the formulas tell apart
        runs = bs.read_runs(shared / "data/public/marin_three_datasets.csv", columns={"parameters": "params"})
    fit = bs.fit(specification(RUNS.format(noise="", group="dataset", exponent=exponent)), runs)
    assert fit.diagnostics.converged
    law = bs.at(fit, dataset="comma")
    assert bs.optimal_allocation(law, 1e22)["parameters"].median() > 0


def test_clusters_by_series(specification) -> None:
    curves = bs.simulate_curves(bs.BESIROGLU, noise=0.03, wander=0.005, correlation=0.0, seed=1)
    noise = 'cluster = "series"\n[priors.tau]\ndistribution = "half_normal"\nsigma = 0.05'
    text = RUNS.replace("0 + {group}", "1").format(noise=noise, exponent="1")
    fit = bs.fit(specification(text), curves)
    assert fit.diagnostics.converged
    low, high = fit.posterior["tau"].quantile([0.025, 0.975])
    assert low < 0.03 < high


ADAPTED = """
law = "chinchilla"
[coefficients]
level = "0 + benchmark"
share = "0 + benchmark"
irreducible_share = "0 + benchmark"
alpha = "1 + architecture"
reducible = "0 + test_time_adaptation"
sigma = "0 + benchmark"
[progress]
parameters = "{progress}"
data = "{progress}"
acts_on = "{acts_on}"
[noise]
cluster = "paper"
[priors.beta]
distribution = "lognormal"
mu = -2.5
sigma = 0.7
"""


def test_flags_architectures_noise_and_a_walk(specification, collected) -> None:
    text = ADAPTED.format(progress="walk", acts_on="effective_size")
    fit = bs.fit(specification(text), collected)
    assert fit.diagnostics.converged
    adapted = fit.posterior["reducible_test_time_adaptation"]
    assert float((adapted < 0).mean()) > 0.99
    # The rate that is reported is the mean between the first and the last date.
    year = fit.data["constant_data"]["year"]
    first, last = float(year.min()), float(year.max())
    growth = np.log(bs.effective_compute(fit, first, last)) / (last - first)
    np.testing.assert_allclose(growth, fit.posterior["g_C"], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("seed", [0, 1])
def test_exponents_by_architecture_predict_papers_best_where_terms_decline_alike(
    seed, specification, collected
) -> None:
    text = ADAPTED.format(progress="constant_rate", acts_on="loss_term")
    [found] = bs.compare([specification(text)], collected, unit="paper", seed=seed).table.to_dict("records")
    assert found["converged"] and found["elpd"] >= 183


GROUPS, ROWS, SIMULATIONS = 8, 6, 20
POOLED = RUNS.replace('level = "0 + {group}"\nshare = "0 + {group}"\nirreducible_share = "0 + {group}"\n', "")


def test_pooled_exponents_come_back_and_predict_a_new_group_better(specification) -> None:
    def fitting(exponent: str, name: str) -> bs.Specification:
        text = POOLED.format(noise="", exponent=exponent) + 'irreducible_share = "1"\n'
        return specification(text.replace(f'beta = "{exponent}"', 'beta = "1"'), name)

    pooled, separate = fitting("1 + (1 | lab)", "pooled"), fitting("0 + lab", "separate")
    covered, scores = [], []
    for simulation in range(SIMULATIONS):
        rng = np.random.default_rng(simulation)
        sizes = np.exp(rng.uniform(np.log(2e7), np.log(5e9), (GROUPS + 1) * ROWS))
        runs = pd.DataFrame({"parameters": sizes, "tokens": 20 * sizes, "loss": 3.0})
        runs["tokens"] *= np.exp(rng.normal(0, 1, len(runs)))
        runs["lab"] = [f"lab {code}" for code in np.repeat(np.arange(GROUPS + 1), ROWS)]
        truth = {"level": 3.0, "share": 0.5, "irreducible_share": 0.55, "alpha": 0.35, "beta": 0.3, "sigma": 0.01}
        values = {name: np.array([value]) for name, value in truth.items()}
        values |= {"alpha_lab_sd": np.array([0.3]), "alpha_lab_standardised": rng.standard_normal(GROUPS + 1)}
        rows = make_rows(pooled, runs)
        mean = expected_loss(from_level_and_share(pooled, values, rows.levels), rows.covariates, rows.index)
        runs["loss"] = mean * np.exp(0.01 * rng.standard_normal(len(runs)))
        runs.attrs["allowed"] = ["loss-above-chance"]  # exponents of some groups are large, and models small
        fitted, new = runs.iloc[: GROUPS * ROWS], runs.iloc[GROUPS * ROWS :]
        one, other = bs.fit(pooled, fitted, seed=simulation), bs.fit(separate, fitted, seed=simulation)
        for name in ("alpha", "beta", "alpha_lab_sd"):
            low, high = one.posterior[name].quantile([0.05, 0.95])
            covered.append(bool(low < values[name][0] < high))
        alphas = 0.35 * np.exp(0.3 * values["alpha_lab_standardised"][:GROUPS])
        found = one.posterior["alpha"] * np.exp(one.posterior["alpha_lab"])
        low, high = found.quantile([0.05, 0.95], ("chain", "draw"))
        covered += ((low < alphas) & (alphas < high)).to_numpy().tolist()
        log_density = []
        # Separate fits know of a new group no more than that it may be like any one of those fitted.
        for laws in ([bs.at(one, lab="lab 8")], [bs.at(other, lab=name) for name in fitted["lab"].unique()]):
            drawn = np.concatenate([laws_of(each).loss(new["parameters"], new["tokens"], 2018.0) for each in laws])
            residual = np.log(new["loss"].to_numpy()) - np.log(drawn)
            density = -0.5 * (residual / 0.01) ** 2
            log_density.append(np.logaddexp.reduce(density.sum(1)) - np.log(len(density)))
        scores.append(log_density[0] - log_density[1])
    share = np.mean(covered)
    assert 0.85 <= share <= 0.95, share
    assert np.mean(scores) > 0, scores
