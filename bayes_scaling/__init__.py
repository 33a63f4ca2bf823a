"""Bayesian scaling laws with algorithmic progress: posteriors of doubling times, with diagnostics.

The path of a number through the package: a table (:func:`load_evaluations`) and a specification
(:func:`load_specification`) make a PyMC model (:func:`build_model`), NUTS makes a posterior (:func:`fit`), and
functions of a posterior make answers (:func:`doubling_times`). Many specifications are compared by leave-one-out
cross-validation (:func:`compare`).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bayes_scaling.errors import (
    BayesScalingError,
    CompilationWarning,
    EvaluationsError,
    FitFileError,
    RunsError,
    RunsWarning,
    SpecificationError,
)

if TYPE_CHECKING:
    from bayes_scaling import classical
    from bayes_scaling.approaches.bias import quadratic_bias
    from bayes_scaling.approaches.compare import compare_approaches
    from bayes_scaling.approaches.isoflop import isoflop_profiles
    from bayes_scaling.approaches.result import Profiles
    from bayes_scaling.approaches.training import training_curves
    from bayes_scaling.calibration.calibrate import calibrate
    from bayes_scaling.calibration.result import Calibration
    from bayes_scaling.comparison.chain_weights import chain_weights
    from bayes_scaling.comparison.compare import compare, compare_fits
    from bayes_scaling.comparison.loading import load_comparison
    from bayes_scaling.comparison.result import Comparison
    from bayes_scaling.evaluations import (
        best_per_paper,
        check_evaluations,
        comparable_rows,
        load_evaluations,
        on_benchmarks,
        published_between,
        read_evaluations,
        test_time_adaptation_rows,
        with_architecture,
        zero_shot_rows,
    )
    from bayes_scaling.identifiability.identify import identification
    from bayes_scaling.identifiability.profile import profile_likelihood
    from bayes_scaling.inference.fitting import fit
    from bayes_scaling.inference.result import Fit, load_fit
    from bayes_scaling.model.build import build_model
    from bayes_scaling.others_data.ai_models import read_ai_models
    from bayes_scaling.others_data.fetching import FetchingError
    from bayes_scaling.others_data.filling import Filling, fill_from, read_with_gaps
    from bayes_scaling.others_data.ho2024_evaluations import read_ho2024_sheet
    from bayes_scaling.others_data.selection_steps import Selection
    from bayes_scaling.plots.allocation import plot_allocation
    from bayes_scaling.plots.attribution import plot_attribution
    from bayes_scaling.plots.best_split import plot_best_split
    from bayes_scaling.plots.calibration import plot_calibration
    from bayes_scaling.plots.comparison import (
        plot_comparison,
        plot_criteria,
        plot_doubling_times_by_variant,
        plot_pareto_k,
    )
    from bayes_scaling.plots.comparison_averaged import plot_averaged_doubling_times
    from bayes_scaling.plots.comparison_by_model import plot_differences_by_model, plot_doubling_times_by_model
    from bayes_scaling.plots.doubling import plot_doubling_times, plot_ridge
    from bayes_scaling.plots.effective_compute import plot_effective_compute
    from bayes_scaling.plots.identification import plot_identification
    from bayes_scaling.plots.isoflop import plot_isoflop
    from bayes_scaling.plots.laws import plot_laws
    from bayes_scaling.plots.predictive import plot_backtest, plot_predictive
    from bayes_scaling.plots.residuals import plot_residuals
    from bayes_scaling.plots.robustness import plot_robustness
    from bayes_scaling.plots.tokens_per_parameter import plot_tokens_per_parameter
    from bayes_scaling.posterior_report.write import write_report
    from bayes_scaling.predictive.backtest import backtest
    from bayes_scaling.predictive.checks import PredictiveCheck, predictive_check
    from bayes_scaling.predictive.result import Backtest
    from bayes_scaling.quantities.allocation import allocation_exponents, optimal_allocation
    from bayes_scaling.quantities.attribution import shapley_attribution
    from bayes_scaling.quantities.coefficients import coefficients
    from bayes_scaling.quantities.doubling import doubling_times
    from bayes_scaling.quantities.effective_compute import effective_compute, effective_compute_shares, growth_factor
    from bayes_scaling.quantities.gain import compute_equivalent_gain, loss_reduction
    from bayes_scaling.quantities.inference_allocation import allocation_with_inference
    from bayes_scaling.quantities.intervals import credible_intervals
    from bayes_scaling.quantities.numerical_doubling import numerical_doubling_time
    from bayes_scaling.quantities.optimal_split import optimal_split
    from bayes_scaling.quantities.prediction import compute_needed, predicted_loss, reachable_date
    from bayes_scaling.quantities.split_cost import cost_of_split
    from bayes_scaling.replication.run import Replication, replicate
    from bayes_scaling.robustness_cases.loading import load_robustness
    from bayes_scaling.robustness_cases.result import Robustness
    from bayes_scaling.robustness_cases.run import robustness
    from bayes_scaling.runs import check_runs, drop_highest, load_runs, read_runs, simulate_isoflop
    from bayes_scaling.runs.curves import simulate_curves
    from bayes_scaling.specifications.catalogue import list_specifications, load_specification
    from bayes_scaling.specifications.specification import Specification
    from bayes_scaling.static_laws import BESIROGLU, HOFFMANN_ROUNDED, HOFFMANN_TEX, ChinchillaLaw
    from bayes_scaling.systems import HO2024_SYSTEMS, System

# Importing PyMC takes many seconds and pandas one: who reads a table or asks for help should wait for neither.
_HOME = {
    "bayes_scaling.approaches.bias": ("quadratic_bias",),
    "bayes_scaling.approaches.compare": ("compare_approaches",),
    "bayes_scaling.approaches.isoflop": ("isoflop_profiles",),
    "bayes_scaling.approaches.result": ("Profiles",),
    "bayes_scaling.approaches.training": ("training_curves",),
    "bayes_scaling.calibration.calibrate": ("calibrate",),
    "bayes_scaling.calibration.result": ("Calibration",),
    "bayes_scaling.classical": ("classical",),
    "bayes_scaling.comparison.chain_weights": ("chain_weights",),
    "bayes_scaling.comparison.compare": ("compare", "compare_fits"),
    "bayes_scaling.comparison.loading": ("load_comparison",),
    "bayes_scaling.comparison.result": ("Comparison",),
    "bayes_scaling.evaluations": (
        "best_per_paper",
        "check_evaluations",
        "comparable_rows",
        "load_evaluations",
        "on_benchmarks",
        "published_between",
        "read_evaluations",
        "test_time_adaptation_rows",
        "with_architecture",
        "zero_shot_rows",
    ),
    "bayes_scaling.identifiability.identify": ("identification",),
    "bayes_scaling.identifiability.profile": ("profile_likelihood",),
    "bayes_scaling.inference.fitting": ("fit",),
    "bayes_scaling.inference.result": ("Fit", "load_fit"),
    "bayes_scaling.model.build": ("build_model",),
    "bayes_scaling.others_data.ai_models": ("read_ai_models",),
    "bayes_scaling.others_data.fetching": ("FetchingError",),
    "bayes_scaling.others_data.filling": ("Filling", "fill_from", "read_with_gaps"),
    "bayes_scaling.others_data.ho2024_evaluations": ("read_ho2024_sheet",),
    "bayes_scaling.others_data.selection_steps": ("Selection",),
    "bayes_scaling.plots.allocation": ("plot_allocation",),
    "bayes_scaling.plots.attribution": ("plot_attribution",),
    "bayes_scaling.plots.best_split": ("plot_best_split",),
    "bayes_scaling.plots.calibration": ("plot_calibration",),
    "bayes_scaling.plots.comparison": (
        "plot_comparison",
        "plot_criteria",
        "plot_doubling_times_by_variant",
        "plot_pareto_k",
    ),
    "bayes_scaling.plots.comparison_averaged": ("plot_averaged_doubling_times",),
    "bayes_scaling.plots.comparison_by_model": ("plot_differences_by_model", "plot_doubling_times_by_model"),
    "bayes_scaling.plots.doubling": ("plot_doubling_times", "plot_ridge"),
    "bayes_scaling.plots.effective_compute": ("plot_effective_compute",),
    "bayes_scaling.plots.identification": ("plot_identification",),
    "bayes_scaling.plots.isoflop": ("plot_isoflop",),
    "bayes_scaling.plots.laws": ("plot_laws",),
    "bayes_scaling.plots.predictive": ("plot_backtest", "plot_predictive"),
    "bayes_scaling.plots.residuals": ("plot_residuals",),
    "bayes_scaling.plots.robustness": ("plot_robustness",),
    "bayes_scaling.plots.tokens_per_parameter": ("plot_tokens_per_parameter",),
    "bayes_scaling.posterior_report.write": ("write_report",),
    "bayes_scaling.predictive.backtest": ("backtest",),
    "bayes_scaling.predictive.checks": ("PredictiveCheck", "predictive_check"),
    "bayes_scaling.predictive.result": ("Backtest",),
    "bayes_scaling.quantities.allocation": ("allocation_exponents", "optimal_allocation"),
    "bayes_scaling.quantities.attribution": ("shapley_attribution",),
    "bayes_scaling.quantities.coefficients": ("coefficients",),
    "bayes_scaling.quantities.doubling": ("doubling_times",),
    "bayes_scaling.quantities.effective_compute": ("effective_compute", "effective_compute_shares", "growth_factor"),
    "bayes_scaling.quantities.gain": ("compute_equivalent_gain", "loss_reduction"),
    "bayes_scaling.quantities.inference_allocation": ("allocation_with_inference",),
    "bayes_scaling.quantities.intervals": ("credible_intervals",),
    "bayes_scaling.quantities.numerical_doubling": ("numerical_doubling_time",),
    "bayes_scaling.quantities.optimal_split": ("optimal_split",),
    "bayes_scaling.quantities.prediction": ("compute_needed", "predicted_loss", "reachable_date"),
    "bayes_scaling.quantities.split_cost": ("cost_of_split",),
    "bayes_scaling.replication.run": ("Replication", "replicate"),
    "bayes_scaling.robustness_cases.loading": ("load_robustness",),
    "bayes_scaling.robustness_cases.result": ("Robustness",),
    "bayes_scaling.robustness_cases.run": ("robustness",),
    "bayes_scaling.runs": ("check_runs", "drop_highest", "load_runs", "read_runs", "simulate_isoflop"),
    "bayes_scaling.runs.curves": ("simulate_curves",),
    "bayes_scaling.specifications.catalogue": ("list_specifications", "load_specification"),
    "bayes_scaling.specifications.specification": ("Specification",),
    "bayes_scaling.static_laws": ("BESIROGLU", "HOFFMANN_ROUNDED", "HOFFMANN_TEX", "ChinchillaLaw"),
    "bayes_scaling.systems": ("HO2024_SYSTEMS", "System"),
}
_ON_DEMAND = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "BESIROGLU",
    "HO2024_SYSTEMS",
    "HOFFMANN_ROUNDED",
    "HOFFMANN_TEX",
    "Backtest",
    "BayesScalingError",
    "Calibration",
    "ChinchillaLaw",
    "Comparison",
    "CompilationWarning",
    "EvaluationsError",
    "FetchingError",
    "Filling",
    "Fit",
    "FitFileError",
    "PredictiveCheck",
    "Profiles",
    "Replication",
    "Robustness",
    "RunsError",
    "RunsWarning",
    "Selection",
    "Specification",
    "SpecificationError",
    "System",
    "allocation_exponents",
    "allocation_with_inference",
    "backtest",
    "best_per_paper",
    "build_model",
    "calibrate",
    "chain_weights",
    "check_evaluations",
    "check_runs",
    "classical",
    "coefficients",
    "comparable_rows",
    "compare",
    "compare_approaches",
    "compare_fits",
    "compute_equivalent_gain",
    "compute_needed",
    "cost_of_split",
    "credible_intervals",
    "doubling_times",
    "drop_highest",
    "effective_compute",
    "effective_compute_shares",
    "fill_from",
    "fit",
    "growth_factor",
    "identification",
    "isoflop_profiles",
    "list_specifications",
    "load_comparison",
    "load_evaluations",
    "load_fit",
    "load_robustness",
    "load_runs",
    "load_specification",
    "loss_reduction",
    "numerical_doubling_time",
    "on_benchmarks",
    "optimal_allocation",
    "optimal_split",
    "plot_allocation",
    "plot_attribution",
    "plot_averaged_doubling_times",
    "plot_backtest",
    "plot_best_split",
    "plot_calibration",
    "plot_comparison",
    "plot_criteria",
    "plot_differences_by_model",
    "plot_doubling_times",
    "plot_doubling_times_by_model",
    "plot_doubling_times_by_variant",
    "plot_effective_compute",
    "plot_identification",
    "plot_isoflop",
    "plot_laws",
    "plot_pareto_k",
    "plot_predictive",
    "plot_residuals",
    "plot_ridge",
    "plot_robustness",
    "plot_tokens_per_parameter",
    "predicted_loss",
    "predictive_check",
    "profile_likelihood",
    "published_between",
    "quadratic_bias",
    "reachable_date",
    "read_ai_models",
    "read_evaluations",
    "read_ho2024_sheet",
    "read_runs",
    "read_with_gaps",
    "replicate",
    "robustness",
    "shapley_attribution",
    "simulate_curves",
    "simulate_isoflop",
    "test_time_adaptation_rows",
    "training_curves",
    "with_architecture",
    "write_report",
    "zero_shot_rows",
]


def __getattr__(name: str) -> Any:
    module = _ON_DEMAND.get(name)
    if module is None:
        raise AttributeError(f"module 'bayes_scaling' has no attribute {name!r}")
    loaded = import_module(module)
    value = loaded if module == f"{__name__}.{name}" else getattr(loaded, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
